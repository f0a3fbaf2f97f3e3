#include "machine/remark_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/say.h"

enum { FILE_MAX = 1 << 14 };

int remarks_set(const char *at, const char *program, const char *text)
{
	char folder[256], path[512];
	int r;

	snprintf(folder, sizeof folder, "%s" REMARKS, at);
	snprintf(path, sizeof path, "%s/%s", folder, program);
	if (!*text)
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	r = make_folder(folder, 0755);
	return r == 0 ? write_whole(folder, program, text) : r;
}

static int remark_is_program(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "new") != 0; /* write_whole()'s draft */
}

static void remark_read(const char *path, void (*visit)(const char *line, void *data), void *data)
{
	static char text[FILE_MAX];
	char *rest = text, *line;

	if (read_line(path, text, sizeof text) <= 0)
		return;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			visit(line, data);
}

void remarks_each(const char *at, void (*visit)(const char *line, void *data), void *data)
{
	char folder[256], path[512];
	struct dirent **entries;
	int n;

	snprintf(folder, sizeof folder, "%s" REMARKS, at);
	n = scandir(folder, &entries, remark_is_program, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		remark_read(path, visit, data);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}
