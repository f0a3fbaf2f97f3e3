/* A place for what unpacks: the input as a file, an empty folder, and a canary beside it. */
#ifndef FUZZ_PLACE_H
#define FUZZ_PLACE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fuzz.h"

/* The place's own path, made at the first call; the next run of the system's clean-up of /tmp takes it. */
static inline const char *place(void)
{
	static char folder[] = "/tmp/aether-fuzz-XXXXXX";
	static bool made;

	if (!made)
		ensure(mkdtemp(folder));
	made = true;
	return folder;
}

static inline const char *place_path(const char *name)
{
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", place(), name);
	return path;
}

static inline void place_write(const char *name, const void *data, size_t size)
{
	int fd = open(place_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ensure(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

/* The bytes as a file with a name. */
static inline const char *place_input(const uint8_t *data, size_t size)
{
	place_write("input", data, size);
	return place_path("input");
}

/* An empty folder, with a link in it that leads to the canary's folder, and a canary outside. */
static inline const char *place_root(void)
{
	struct err err = {0};

	ensure(path_remove(place_path("root"), &err) == 0);
	place_write("canary", "mine", 4);
	ensure(mkdir(place_path("root"), 0755) == 0 && symlink("../..", place_path("root/up")) == 0);
	return place_path("root");
}

/* Nothing is there that we did not make, and the canary is as it was. */
static inline void place_check(void)
{
	DIR *folder = opendir(place());
	struct dirent *entry;
	char text[8] = "";
	int fd = open(place_path("canary"), O_RDONLY | O_CLOEXEC);
	unsigned n = 0;

	while ((entry = readdir(folder)))
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "flat") != 0;
	closedir(folder);
	ensure(n == 3 && fd >= 0 && read(fd, text, sizeof text) == 4 && memcmp(text, "mine", 4) == 0);
	close(fd);
}

#endif
