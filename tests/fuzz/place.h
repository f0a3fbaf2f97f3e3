/* A place for what unpacks: the input as a file, an empty folder, and a canary beside it. */
#ifndef FUZZ_PLACE_H
#define FUZZ_PLACE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fuzz.h"

/* Each path has memory of its own: a target holds several of them at once. */
struct workdir {
	char folder[32], input[48], flat[48], canary[48], root[48], up[48];
};

static inline void place_remove(const char *path)
{
	struct err err = {0};

	ensure(path_remove(path, &err) == 0);
}

static inline void place_write(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ensure(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static inline const struct workdir *place(void);

static inline void place_leave(void)
{
	place_remove(place()->folder);
}

/* Made at the first call, with the canary in it, in memory: a target makes it anew thousands of times. Gone when it ends. */
static inline const struct workdir *place(void)
{
	static struct workdir made = {.folder = "/dev/shm/aether-fuzz-XXXXXX"};

	if (*made.root)
		return &made;
	ensure(mkdtemp(made.folder));
	snprintf(made.input, sizeof made.input, "%s/input", made.folder);
	snprintf(made.flat, sizeof made.flat, "%s/flat", made.folder);
	snprintf(made.canary, sizeof made.canary, "%s/canary", made.folder);
	snprintf(made.root, sizeof made.root, "%s/root", made.folder);
	snprintf(made.up, sizeof made.up, "%s/root/up", made.folder);
	place_write(made.canary, "mine", 4);
	atexit(place_leave);
	return &made;
}

/* The bytes as a file with a name. */
static inline const char *place_input(const uint8_t *data, size_t size)
{
	place_write(place()->input, data, size);
	return place()->input;
}

/* An empty folder, but for a link in it that leads to the canary's. */
static inline const char *place_root(void)
{
	place_remove(place()->root);
	ensure(mkdir(place()->root, 0755) == 0 && symlink("..", place()->up) == 0);
	return place()->root;
}

/* Nothing is there that we did not make, and the canary and the input are as they were. */
static inline void place_check(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf input = {0}, canary = {0};
	DIR *folder = opendir(place()->folder);
	struct dirent *entry;
	struct err err = {0};
	unsigned n = 0;

	ensure(folder);
	while ((entry = readdir(folder)))
		n += strcmp(entry->d_name, "flat") != 0;
	closedir(folder);
	ensure(n == 5); /* three, and the two dots */
	ensure(file_read(place()->canary, 16, &canary, &err) == 0 && canary.size == 4 && memcmp(canary.data, "mine", 4) == 0);
	ensure(file_read(place()->input, size + 1, &input, &err) == 0 && input.size == size);
	ensure(size == 0 || memcmp(input.data, data, size) == 0);
}

#endif
