/* inspect IMAGE PATH: a folder is listed, a file is printed or copied out. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "edge/jval.h"
#include "inspect/scripts.h"
#include "inspect/told.h"

/* What the path leads to. */
struct look {
	struct inspect_view *view;
	const struct inspect_request *request;
	const char *place;           /* in the appliance */
	const char *found;           /* the same as the image calls it: "/etc" */
	char type;
	uint64_t size;
};

static int inspect_look_find(struct look *look, struct err *err)
{
	const char *path = look->request->path ? look->request->path : "/", *root, *at, *end, *type;
	struct arena *arena = look->view->arena;
	size_t size;
	int r = look->request->partition ? view_partition(look->view, look->request->partition, &root, err)
					 : view_join(look->view, &root, err);

	if (r == 0)
		r = view_ask(look->view, SCRIPT_FIND, (const char *[]){root, path, NULL}, &at, &size, err);
	if (r < 0)
		return r;
	end = at + size;
	type = view_field(&at, end);
	if (strlen(type) != 1) {
		err_set(err, -ENOENT, "there is no '%s' in '%s'", text_plain(arena, path), look->request->image);
		return err_hint(err, "list the folder that it should be in: aether-build inspect IMAGE %s",
				text_plain(arena, path_folder(arena, path)));
	}
	look->type = *type;
	look->size = strtoull(view_field(&at, end), NULL, 10);
	look->found = view_field(&at, end);
	if (!*look->found)
		look->found = "/";
	look->place = arena_printf(arena, "%s%s", root, strcmp(look->found, "/") == 0 ? "" : look->found);
	return 0;
}

/* --- a folder -------------------------------------------------------------------------------------------------------- */

static const char *inspect_look_mode(struct arena *arena, const struct inspect_entry *entry)
{
	char *text = arena_printf(arena, "%c---------", entry->type == 'f' ? '-' : entry->type);
	static const struct {
		unsigned bit, also, at;
		const char *letters;
	} special[] = {{04000, 0100, 3, "sS"}, {02000, 0010, 6, "sS"}, {01000, 0001, 9, "tT"}};

	for (unsigned i = 0; i < 9; i++)
		if (entry->mode & (0400U >> i))
			text[i + 1] = "rwx"[i % 3];
	for (size_t i = 0; i < 3; i++)
		if (entry->mode & special[i].bit)
			text[special[i].at] = special[i].letters[entry->mode & special[i].also ? 0 : 1];
	return text;
}

static const char *inspect_look_time(struct arena *arena, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[64] = "?";
	struct tm tm;

	if (gmtime_r(&when, &tm) && tm.tm_year < 9000)
		strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm);
	return arena_strdup(arena, text);
}

static void inspect_look_print_text(struct arena *arena, const struct inspect_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		const struct inspect_entry *entry = &entries->items[i];

		printf("%s %5" PRIu32 " %5" PRIu32 " %12" PRIu64 "  %s  %s%s%s\n", inspect_look_mode(arena, entry), entry->uid,
		       entry->gid, entry->size,
		       inspect_look_time(arena, entry->time), escape_shown(arena, entry->path), entry->target ? " -> " : "",
		       entry->target ? escape_shown(arena, entry->target) : "");
	}
}

static void inspect_look_print_json(const struct look *look, const struct inspect_entries *entries)
{
	struct arena *arena = look->view->arena;
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < entries->n; i++) {
		const struct inspect_entry *entry = &entries->items[i];
		struct jval *item = jval_new_object();

		jval_set(item, "name", jval_text(escape_shown(arena, entry->path)));
		jval_set(item, "type", jval_text((const char[]){entry->type, 0}));
		jval_set(item, "mode", jval_text(arena_printf(arena, "%04o", entry->mode)));
		jval_set(item, "uid", jval_number(entry->uid));
		jval_set(item, "gid", jval_number(entry->gid));
		jval_set(item, "size", jval_number((int64_t)entry->size));
		jval_set(item, "time", jval_number(entry->time));
		if (entry->target)
			jval_set(item, "target", jval_text(escape_shown(arena, entry->target)));
		jval_add(array, item);
	}
	jval_set(object, "path", jval_text(escape_shown(arena, look->found)));
	jval_set(object, "entries", array);
	puts(jval_print(arena, object, true));
}

static int inspect_look_list(const struct look *look, struct err *err)
{
	struct inspect_entries entries = {0};
	const char *said;
	size_t size;
	int r = view_ask(look->view, SCRIPT_LIST, (const char *[]){look->place, "1", NULL}, &said, &size, err);

	if (r == 0)
		r = entries_read(look->view->arena, said, size, &entries, err);
	if (r < 0)
		return r;
	if (look->request->json)
		inspect_look_print_json(look, &entries);
	else
		inspect_look_print_text(look->view->arena, &entries);
	return 0;
}

/* --- a file ---------------------------------------------------------------------------------------------------------- */

/* On a terminal, what it would obey is left out; everywhere else a file is what it is, byte for byte. */
struct look_sink {
	bool terminal;
	unsigned char last;
};

static int inspect_look_write(void *data, const void *bytes, size_t size, struct err *err)
{
	struct look_sink *sink = data;
	_cleanup_buf_ struct buf calm = {0};
	int r;

	if (sink->terminal) {
		buf_add(&calm, bytes, size);
		for (size_t i = 0; i < size; i++) {
			unsigned char c = (unsigned char)calm.data[i];
			bool obeyed = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f ||
				(sink->last == 0xc2 && c >= 0x80 && c < 0xa0);

			sink->last = c;
			calm.data[i] = (char)(obeyed ? '?' : c);
		}
		bytes = calm.data;
	}
	r = fd_write_all(STDOUT_FILENO, bytes, size);
	return r < 0 ? err_sys(err, r, "cannot write the file to stdout") : 0;
}

static int inspect_look_print(const struct look *look, struct err *err)
{
	struct look_sink sink = {.terminal = isatty(STDOUT_FILENO)};

	if (look->type != 'f')
		return err_set(err, -EINVAL,
			       "'%s' is neither a file nor a folder (find(1) calls it '%c'): there is nothing to print",
			       text_plain(look->view->arena, look->found), look->type);
	return appliance_fetch(look->view->appliance, look->place + strlen(APPLIANCE_LOOK_ROOT), UINT64_MAX, inspect_look_write,
			       &sink, err);
}

int look_tell(struct inspect_view *view, const struct inspect_request *request, struct err *err)
{
	struct look look = {.view = view, .request = request};
	int r = inspect_look_find(&look, err);

	if (r < 0)
		return r;
	if (request->extract)
		return takeout_copy(view, look.place, look.type, look.size, request->extract, err);
	return look.type == 'd' ? inspect_look_list(&look, err) : inspect_look_print(&look, err);
}
