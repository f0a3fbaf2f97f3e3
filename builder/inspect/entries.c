#include "inspect/entries.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/valid.h"

/* The fields of a record, each with its NUL; the first one is "e". */
enum entries_field { RECORD, TYPE, MODE, UID, GID, SIZE, TIME, PATH, TARGET, FIELDS };

bool entries_path_stays(const char *path)
{
	for (const char *part = path;; part += strcspn(part, "/") + 1) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0))
			return false;
		if (!part[length])
			return true;
	}
}

void entries_unescape(char *word)
{
	char *to = word;

	for (const char *at = word; *at; at++)
		if (*at == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' &&
		    at[3] <= '7') {
			*to++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + at[3] - '0');
			at += 3;
		} else {
			*to++ = *at;
		}
	*to = 0;
}

static int entries_bad(const char *what, struct err *err)
{
	return err_set(err, -EBADMSG, "the appliance's list of files cannot be read: %s", what);
}

static bool entries_number(const char *text, int base, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	if (!isdigit((unsigned char)*text))
		return false;
	*ret = strtoull(text, &end, base);
	return errno == 0 && *ret <= max && (!*end || *end == '.');
}

static int entries_take(struct arena *arena, const char *const fields[FIELDS], struct inspect_entry *entry, struct err *err)
{
	uint64_t mode, uid, gid, size, seconds = 0;
	const char *time = fields[TIME] + (*fields[TIME] == '-');

	if (strlen(fields[TYPE]) != 1 || !strchr("fdlbcps", *fields[TYPE]))
		return entries_bad("a type that there is not", err);
	if (!entries_number(fields[MODE], 8, 07777, &mode) || !entries_number(fields[UID], 10, UINT32_MAX, &uid) ||
	    !entries_number(fields[GID], 10, UINT32_MAX, &gid) || !entries_number(fields[SIZE], 10, INT64_MAX, &size) ||
	    !entries_number(time, 10, INT64_MAX, &seconds))
		return entries_bad("a number that is none", err);
	if (*fields[PATH] && !entries_path_stays(fields[PATH]))
		return entries_bad("a path that leads elsewhere", err);
	*entry = (struct inspect_entry){
		.path = arena_strdup(arena, fields[PATH]), .type = *fields[TYPE], .mode = (unsigned)mode, .uid = (uint32_t)uid,
		.gid = (uint32_t)gid, .size = size, .time = *fields[TIME] == '-' ? -(int64_t)seconds : (int64_t)seconds,
		.target = *fields[TYPE] == 'l' ? arena_strdup(arena, fields[TARGET]) : NULL, .attributes = "",
	};
	return 0;
}

static int entries_compare(const void *a, const void *b)
{
	return strcmp(((const struct inspect_entry *)a)->path, ((const struct inspect_entry *)b)->path);
}

struct inspect_entry *entries_find(const struct inspect_entries *entries, const char *path)
{
	const struct inspect_entry wanted = {.path = path};

	return entries->n ? bsearch(&wanted, entries->items, entries->n, sizeof wanted, entries_compare) : NULL;
}

/* "hDIGEST  ./PATH": sha256sum(1) with -z writes names as they are. */
static void entries_take_digest(struct arena *arena, const struct inspect_entries *entries, const char *field)
{
	const char *between = strstr(field, "  ./");
	struct inspect_entry *entry = between ? entries_find(entries, between + 4) : NULL;
	const char *digest = between ? arena_strndup(arena, field + 1, (size_t)(between - field - 1)) : "";

	if (entry && valid_sha256(digest))
		entry->sha256 = digest;
}

/* "x# file: PATH", then a line for each attribute. */
static void entries_take_attributes(struct arena *arena, const struct inspect_entries *entries, const char *field)
{
	static const char head[] = "x# file: ";
	const char *end = strchr(field, '\n');
	struct strv lines = {0};
	struct inspect_entry *entry;
	char *name, *rest = NULL, *text;

	if (!text_has_prefix(field, head) || !end)
		return;
	name = arena_strndup(arena, field + strlen(head), (size_t)(end - field) - strlen(head));
	entries_unescape(name);
	entry = entries_find(entries, strcmp(name, ".") == 0 ? "" : text_has_prefix(name, "./") ? name + 2 : name);
	text = arena_strdup(arena, end + 1);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		strv_push(arena, &lines, line);
	strv_sort(&lines);
	if (entry)
		entry->attributes = strv_join(arena, &lines, "\n");
}

/* What is known of files that have been listed before. */
static void entries_take_more(struct arena *arena, const struct inspect_entries *entries, const char *at, const char *end)
{
	for (; at < end; at += strlen(at) + 1)
		if (*at == 'h')
			entries_take_digest(arena, entries, at);
		else if (*at == 'x')
			entries_take_attributes(arena, entries, at);
}

int entries_read(struct arena *arena, const char *records, size_t size, struct inspect_entries *ret_entries, struct err *err)
{
	const char *at = records, *end = size ? records + size : records;
	struct inspect_entries entries = {0};

	if (size && end[-1])
		return entries_bad("it is cut off", err);
	while (at < end && strcmp(at, "e") == 0) {
		const char *fields[FIELDS];
		int r;

		for (size_t i = 0; i < FIELDS; i++, at += strlen(at) + 1) {
			if (at >= end)
				return entries_bad("it is cut off", err);
			fields[i] = at;
		}
		if (entries.n == ENTRIES_MAX)
			return err_set(err, -EFBIG, "more than %d files in one list", ENTRIES_MAX);
		r = entries_take(arena, fields, arena_push(arena, entries.items, entries.n), err);
		if (r < 0)
			return r;
	}
	if (entries.n)
		qsort(entries.items, entries.n, sizeof *entries.items, entries_compare);
	entries_take_more(arena, &entries, at, end);
	*ret_entries = entries;
	return 0;
}
