#include "keeper/roll.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "keeper/keyring.h"

enum { ROLL_BYTES_MAX = 64 << 10 };

static const char ROLL_ENDING[] = ".age";
static const char ROLL_RETIRED[] = "# retired ";
static const char ROLL_BLANKS[] = " \t\r";

const char *roll_bare(struct arena *arena, const char *recipient)
{
	const char *end;

	recipient += strspn(recipient, ROLL_BLANKS);
	end = recipient + strcspn(recipient, ROLL_BLANKS);
	if (text_has_prefix(recipient, "ssh-") && *end) {
		end += strspn(end, ROLL_BLANKS);
		end += strcspn(end, ROLL_BLANKS);
		return arena_printf(arena, "%.*s", (int)(end - recipient), recipient);
	}
	return arena_strndup(arena, recipient, (size_t)(end - recipient));
}

static void roll_drop(struct strv *list, const char *recipient)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], recipient) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int roll_read_recipient(struct arena *arena, struct roll *roll, const char *line, unsigned number, struct err *err)
{
	const struct pos pos = {roll->path, number, 1};
	const char *recipient = roll_bare(arena, line);
	struct age_recipient parsed;
	struct fault fault = {0};

	if (age_recipient_read(recipient, &parsed, &fault) < 0) {
		err_at(err, -EBADMSG, &pos, NULL, "%s", fault.text);
		return err_hint(err,
				"expected 'age1…' or 'ssh-ed25519 AAAA…': public recipients of a machine, the newest first");
	}
	if (!strv_has(&roll->recipients, recipient))
		strv_push(arena, &roll->recipients, recipient);
	return 0;
}

static int roll_read_line(struct arena *arena, struct roll *roll, const char *line, unsigned number, struct err *err)
{
	line += strspn(line, ROLL_BLANKS);
	if (!*line)
		return 0;
	if (*line != '#')
		return roll_read_recipient(arena, roll, line, number, err);
	if (text_has_prefix(line, ROLL_RETIRED))
		strv_push(arena, &roll->retired, roll_bare(arena, line + strlen(ROLL_RETIRED)));
	else
		strv_push(arena, &roll->notes, line);
	return 0;
}

int roll_read(struct arena *arena, const char *root, const char *name, struct roll *ret_roll, struct err *err)
{
	struct roll roll = {.path = arena_printf(arena, "%s/%s/%s.age", strcmp(root, "/") == 0 ? "" : root, ROLL_FOLDER, name)};
	_cleanup_buf_ struct buf text = {0};
	unsigned number = 0;
	char *line, *next;
	int r = 0;

	if (path_exists(roll.path))
		r = file_read(roll.path, ROLL_BYTES_MAX, &text, err);
	for (line = text.data; r == 0 && line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		r = roll_read_line(arena, &roll, line, ++number, err);
	}
	if (r == 0)
		*ret_roll = roll;
	return r;
}

struct strv roll_names(struct arena *arena, const char *root)
{
	struct strv names = keyring_names(arena);
	DIR *dir = opendir(arena_printf(arena, "%s/%s", root, ROLL_FOLDER));
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (*name == '.' || !text_has_suffix(name, ROLL_ENDING))
			continue;
		name = arena_strndup(arena, name, strlen(name) - strlen(ROLL_ENDING));
		if (!strv_has(&names, name))
			strv_push(arena, &names, name);
	}
	if (dir)
		closedir(dir);
	strv_sort(&names);
	return names;
}

void roll_add(struct arena *arena, struct roll *roll, const char *recipient)
{
	struct strv later = roll->recipients;

	roll_drop(&roll->retired, recipient);
	roll->recipients = (struct strv){0};
	strv_push(arena, &roll->recipients, recipient);
	for (size_t i = 0; i < later.count; i++)
		if (strcmp(later.items[i], recipient) != 0)
			strv_push(arena, &roll->recipients, later.items[i]);
}

struct strv roll_older(struct arena *arena, const struct roll *roll)
{
	struct strv older = {0};
	bool newest = true;

	for (size_t i = 0; i < roll->recipients.count; i++) {
		if (!text_has_prefix(roll->recipients.items[i], "age1"))
			continue;
		if (!newest)
			strv_push(arena, &older, roll->recipients.items[i]);
		newest = false;
	}
	return older;
}

void roll_retire(struct arena *arena, struct roll *roll, const char *recipient)
{
	roll_drop(&roll->recipients, recipient);
	if (!strv_has(&roll->retired, recipient))
		strv_push(arena, &roll->retired, recipient);
}

int roll_write(const struct roll *roll, const char *name, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0};
	int r = folder_make(path_folder(arena, roll->path), 0755, err);

	if (!roll->notes.count)
		buf_printf(&text, "# Public recipients of %s, the newest first: its secrets are encrypted to all of them.\n",
			   name);
	for (size_t i = 0; i < roll->notes.count; i++)
		buf_printf(&text, "%s\n", roll->notes.items[i]);
	for (size_t i = 0; i < roll->recipients.count; i++)
		buf_printf(&text, "%s\n", roll->recipients.items[i]);
	for (size_t i = 0; i < roll->retired.count; i++)
		buf_printf(&text, "%s%s\n", ROLL_RETIRED, roll->retired.items[i]);
	return r == 0 ? file_publish(roll->path, text.data, text.size, 0644, err) : r;
}
