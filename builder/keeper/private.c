#include "keeper/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

/* The descriptor is looked at, not the path: what was judged is what is read. */
static int private_check(const char *path, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot read '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "'%s' is a folder, expected a file", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 077))
		return 0;
	err_set(err, -EACCES, "others may read the private key in '%s' (mode %04o)", path, (unsigned)st.st_mode & 07777);
	return err_hint(err, "run 'chmod 600 %s'; if others may have read it, make another key and encrypt to that", path);
}

int private_read(struct pool *pool, const char *path, struct bytes *ret_bytes, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	uint8_t *data;
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open '%s'", path);
	r = private_check(path, fd, err);
	if (r < 0)
		return r;
	data = pool_alloc(pool, PRIVATE_BYTES_MAX + 1);
	for (;;) {
		ssize_t n = read(fd, data + size, PRIVATE_BYTES_MAX + 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot read '%s'", path);
		size += (size_t)n;
		if (size > PRIVATE_BYTES_MAX)
			return err_set(err, -EFBIG, "'%s' is larger than 1 MiB: that is no private key", path);
		if (n == 0)
			break;
	}
	*ret_bytes = (struct bytes){data, size};
	return 0;
}

/* A whole file beside the place where it is to appear. */
static int private_write(int fd, const void *data, size_t size)
{
	int r = fd_write_all(fd, data, size);

	return r == 0 && (fchmod(fd, 0600) < 0 || fsync(fd) < 0) ? -errno : r;
}

/* Its folder is ours alone: a file that is made there cannot be exchanged by others before it is renamed. */
static int private_folder(const char *folder, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct stat st;
	int r = folder_make(path_folder(arena, folder), 0755, err);

	if (r < 0)
		return r;
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make the folder '%s'", folder);
	if (stat(folder, &st) == 0 && (st.st_mode & 077)) {
		err_set(err, -EACCES, "others may look into the folder of private keys '%s' (mode %04o)", folder,
			(unsigned)st.st_mode & 07777);
		return err_hint(err, "run 'chmod 700 %s'", folder);
	}
	return 0;
}

/* Some file systems of the network cannot refuse in one step, and need two names for a moment. */
static int private_rename(const char *from, const char *to, bool replace)
{
	if (replace)
		return rename(from, to) < 0 ? -errno : 0;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	return link(from, to) < 0 || unlink(from) < 0 ? -errno : 0;
}

/* Whole and durable there, or as if nobody had tried. The file beside it is mkostemp(3)'s: 0600 from the first moment. */
static int private_put(int folder, char *temporary, const char *path, const void *data, size_t size, bool replace)
{
	int fd = mkostemp(temporary, O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = private_write(fd, data, size);
	close(fd);
	if (r == 0)
		r = private_rename(temporary, path, replace);
	if (r < 0)
		unlink(temporary);
	if (r == 0 && fsync(folder) < 0) {
		r = -errno;
		if (!replace)
			unlink(path);
	}
	return r;
}

static int private_publish(const char *path, const void *data, size_t size, bool replace, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *name = path_folder(arena, path);
	_cleanup_fd_ int folder = -1;
	int r = private_folder(name, err);

	if (r < 0)
		return r;
	folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = folder < 0 ? -errno : private_put(folder, arena_printf(arena, "%s.XXXXXX", path), path, data, size, replace);
	if (r == -EEXIST)
		return err_set(err, r, "'%s' is there already, and is not overwritten", path);
	return r < 0 ? err_sys(err, r, "cannot write '%s'", path) : 0;
}

int private_create(const char *path, const void *data, size_t size, struct err *err)
{
	return private_publish(path, data, size, false, err);
}

int private_replace(const char *path, const void *data, size_t size, struct err *err)
{
	return private_publish(path, data, size, true, err);
}
