#include "edge/appliance_sockets.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

static const char OWN[] = "/libguestfs", NAMES[] = "/proc/net/unix";

enum { NAMES_MAX = 16 << 20 };

/* Whether the process has the socket with this number open. */
static bool appliance_sockets_has(struct arena *arena, pid_t pid, unsigned long long number)
{
	const char *path = arena_printf(arena, "/proc/%d/fd", (int)pid), *wanted = arena_printf(arena, "socket:[%llu]", number);
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		char target[64];
		ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

		target[n < 0 ? 0 : n] = 0;
		found = strcmp(target, wanted) == 0;
	}
	if (folder)
		closedir(folder);
	return found;
}

const char *appliance_sockets_of(struct arena *arena, pid_t pid)
{
	_cleanup_buf_ struct buf names = {0};
	struct err ignored = {0};
	char *rest, *line;

	if (file_read(NAMES, NAMES_MAX, &names, &ignored) < 0)
		err_free(&ignored);
	rest = names.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		unsigned long long number;
		char path[PATH_MAX];
		const char *folder;

		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %llu %4095s", &number, path) != 2 || *path != '/')
			continue;
		folder = path_folder(arena, path);
		if (text_has_prefix(strrchr(folder, '/') ? strrchr(folder, '/') : "", OWN) &&
		    appliance_sockets_has(arena, pid, number))
			return folder;
	}
	return NULL;
}
