#include "machine/put.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/say.h"

#define NEW ".new-by-aether"

bool put_is_path(const char *path)
{
	size_t n = strlen(path);

	if (path[0] != '/' || n < 2 || n >= PATH_MAX || path[n - 1] == '/')
		return false;
	for (const char *at = path; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f || strncmp(at, "//", 2) == 0 || strncmp(at, "/./", 3) == 0 ||
		    strncmp(at, "/../", 4) == 0)
			return false;
	return (n < 2 || strcmp(path + n - 2, "/.") != 0) && (n < 3 || strcmp(path + n - 3, "/..") != 0);
}

/* The folder `name` in `folder`, which is closed; made when it is missing. */
static int put_enter(int folder, const char *name)
{
	enum { HOW = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	int fd = openat(folder, name, HOW), r = fd < 0 ? -errno : 0;
	struct stat stat;

	if (r == -ENOENT) {
		r = mkdirat(folder, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
		fd = r < 0 ? -1 : openat(folder, name, HOW);
		r = r == 0 && fd < 0 ? -errno : r;
	} else if (r == -ENOTDIR && fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(stat.st_mode)) {
		r = -ELOOP;
	}
	close(folder);
	return r < 0 ? r : fd;
}

/* The folder that `path` is in, and its last part. */
static int put_open_parent(const char *root, const char *path, char ret_name[NAME_MAX + 1])
{
	int fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (const char *at = path + 1;; at++) {
		size_t n = strcspn(at, "/");

		if (n > NAME_MAX) {
			close(fd);
			return -ENAMETOOLONG;
		}
		memcpy(ret_name, at, n);
		ret_name[n] = 0;
		at += n;
		if (!*at)
			return fd;
		fd = put_enter(fd, ret_name);
		if (fd < 0)
			return fd;
	}
}

/* What is there, in memory of the caller's; an empty text when nothing is. */
static int put_read_old(int folder, const char *name, char **ret_bytes, size_t *ret_size)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat stat;
	ssize_t n;

	*ret_bytes = NULL;
	*ret_size = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = fstat(fd, &stat) < 0 ? -errno : !S_ISREG(stat.st_mode) ? -EINVAL : stat.st_size > PUT_BYTES_MAX ? -EFBIG : 0;
	if (n == 0) {
		*ret_bytes = malloc((size_t)stat.st_size + 1);
		n = *ret_bytes ? read_all(fd, *ret_bytes, (size_t)stat.st_size, 0) : -ENOMEM;
	}
	close(fd);
	*ret_size = n < 0 ? 0 : (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int put_write(int folder, const struct put *put, const char *old, size_t old_size)
{
	int fd = openat(folder, NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, old, old_size, 0);
	if (r == 0)
		r = write_all(fd, put->bytes, put->size, (int64_t)old_size);
	if (r == 0 && geteuid() == 0 && fchown(fd, put->uid, put->gid) < 0) /* others (in tests) have nothing to give away */
		r = -errno;
	if (r == 0 && (fchmod(fd, put->mode) < 0 || fsync(fd) < 0))
		r = -errno;
	close(fd);
	return r;
}

/* Gives what was written as NEW its name, durably; or takes it away. */
static int put_finish(int folder, const char *name, int r)
{
	int sync;

	if (r == 0 && renameat(folder, NEW, folder, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(folder, NEW, 0);
		return r;
	}
	sync = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = sync < 0 || fsync(sync) < 0 ? -errno : 0;
	if (sync >= 0)
		close(sync);
	return r;
}

int put_file(const char *root, const struct put *put)
{
	char name[NAME_MAX + 1], *old = NULL;
	size_t old_size = 0;
	int folder, r;

	if (!put_is_path(put->path))
		return -EINVAL;
	folder = put_open_parent(root, put->path, name);
	if (folder < 0)
		return folder;
	r = put->append ? put_read_old(folder, name, &old, &old_size) : 0;
	if (r == 0 && old_size && old_size >= put->size &&
	    memcmp(old + old_size - put->size, put->bytes, put->size) == 0) {
		free(old);
		close(folder);
		return 0;
	}
	unlinkat(folder, NEW, 0); /* of a run that was interrupted */
	if (r == 0)
		r = put_finish(folder, name, put_write(folder, put, old, old_size));
	free(old);
	close(folder);
	return r;
}

int put_link(const char *root, const char *path, const char *target)
{
	char name[NAME_MAX + 1];
	int folder = put_open_parent(root, path, name), r;

	if (folder < 0)
		return folder;
	unlinkat(folder, NEW, 0);
	r = put_finish(folder, name, symlinkat(target, folder, NEW) < 0 ? -errno : 0);
	close(folder);
	return r;
}

const char *put_problem(int error)
{
	switch (-error) {
	case ELOOP:
		return "a link is on the way, which is not followed";
	case EROFS:
		return "it is on the image, which cannot be changed";
	case EINVAL:
		return "it is no path of a file";
	default:
		return strerror(-error);
	}
}
