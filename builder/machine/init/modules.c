#include "machine/init/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/say.h"

static int init_modules_is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* ENODEV: a driver for hardware that this machine does not have; EEXIST: the module is built in. */
static void init_modules_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST && errno != ENODEV))
		say("cannot load %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	unlink(path);
}

void modules_load(const char *folder)
{
	struct dirent **entries;
	char path[512];
	int n = scandir(folder, &entries, init_modules_is_module, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		init_modules_load(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}
