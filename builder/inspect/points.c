#include "inspect/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "inspect/entries.h"

enum { POINTS_MAX = 256, FIELDS = 4 };

/* "subvol=/@home" among the options: "@home". */
static const char *points_subvolume(struct arena *arena, const char *options)
{
	const char *at = strstr(options, "subvol=");
	const char *path;

	if (!at || (at > options && at[-1] != ','))
		return "";
	at += strlen("subvol=");
	at += strspn(at, "/");
	path = arena_strndup(arena, at, strcspn(at, ","));
	return entries_path_stays(path) ? path : "";
}

static int points_compare(const void *a, const void *b)
{
	return strcmp(((const struct inspect_point *)a)->folder, ((const struct inspect_point *)b)->folder);
}

/* Cuts the line into its first fields; false when it has fewer, or is a remark. */
static bool points_cut(char *line, char *fields[FIELDS])
{
	char *rest = NULL;

	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strtok_r(i ? NULL : line, " \t\r", &rest);
		if (!fields[i])
			return false;
		entries_unescape(fields[i]);
	}
	return *fields[0] != '#';
}

struct inspect_point *points_read(struct arena *arena, const char *text, size_t *ret_n)
{
	struct inspect_point *points = NULL;
	char *copy = arena_strdup(arena, text), *rest = NULL;
	size_t n = 0;

	for (char *line = strtok_r(copy, "\n", &rest); line && n < POINTS_MAX; line = strtok_r(NULL, "\n", &rest)) {
		char *fields[FIELDS];
		size_t length;

		if (!points_cut(line, fields) || (!strchr(fields[0], '=') && !text_has_prefix(fields[0], "/dev/")))
			continue;
		length = strlen(fields[1]);
		while (length > 1 && fields[1][length - 1] == '/')
			fields[1][--length] = 0;
		if (fields[1][0] != '/' || !entries_path_stays(fields[1] + 1))
			continue;
		*arena_push(arena, points, n) = (struct inspect_point){
			.source = fields[0], .folder = fields[1], .subvolume = points_subvolume(arena, fields[3]),
		};
	}
	if (n)
		qsort(points, n, sizeof *points, points_compare);
	*ret_n = n;
	return points;
}
