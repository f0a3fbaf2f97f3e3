#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int file_read(const char *path, size_t max_bytes, struct buf *buf, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = buf->size;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open '%s'", path);
	for (;;) {
		ssize_t n = read(fd, buf_reserve(buf, 65536), 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot read '%s'", path);
		buf->size += (size_t)n;
		buf->data[buf->size] = 0;
		if (buf->size - start > max_bytes)
			return err_set(err, -EFBIG, "'%s' is larger than the %zu bytes allowed here", path, max_bytes);
		if (n == 0)
			return 0;
	}
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

int fd_pwrite_all(int fd, const void *data, size_t size, uint64_t offset)
{
	const char *from = data;

	while (size) {
		ssize_t n = pwrite(fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

bool bytes_are_zero(const void *data, size_t size)
{
	const char *bytes = data;

	return size == 0 || (*bytes == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

int fd_pread_all(int fd, void *data, size_t size, uint64_t offset)
{
	char *to = data;

	while (size) {
		ssize_t n = pread(fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		to += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Makes the directory entry of `path` durable. */
static int base_file_sync_parent(const char *path)
{
	char *copy = strdup(path);
	_cleanup_fd_ int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(copy);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int path_publish(const char *from, const char *to, struct err *err)
{
	int r;

	if (rename(from, to) < 0)
		return err_sys(err, -errno, "cannot publish '%s'", to);
	r = base_file_sync_parent(to);
	return r < 0 ? err_sys(err, r, "cannot sync the folder of '%s'", to) : 0;
}

int file_publish(const char *path, const void *data, size_t size, mode_t mode, struct err *err)
{
	char *temporary = NULL;
	int fd, r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return err_no_memory(err);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		r = err_sys(err, -errno, "cannot make a file beside '%s'", path);
		free(temporary);
		return r;
	}
	r = fd_write_all(fd, data, size);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	close(fd);
	if (r < 0)
		err_sys(err, r, "cannot write '%s'", path);
	else
		r = path_publish(temporary, path, err);
	if (r < 0)
		unlink(temporary);
	free(temporary);
	return r;
}

int file_write(const char *path, const void *data, size_t size, mode_t mode, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, size);

	return r < 0 ? err_sys(err, r, "cannot write '%s'", path) : 0;
}

void fd_write_back(int fd)
{
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* sendfile(2) for file systems that do not know the other. */
static ssize_t base_file_copy_some(int from, int to, size_t size)
{
	ssize_t n = copy_file_range(from, NULL, to, NULL, size, 0);

	return n < 0 && errno != EINTR && errno != ENOSPC && errno != EIO ? sendfile(to, from, NULL, size) : n;
}

int file_copy(const char *from, const char *to, struct err *err)
{
	_cleanup_fd_ int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	ssize_t n = 1;
	int r;

	if (in < 0)
		return err_sys(err, -errno, "cannot open '%s'", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	while (out >= 0 && n > 0) {
		n = base_file_copy_some(in, out, 1 << 30);
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (out >= 0 && n >= 0)
		return 0;
	r = err_sys(err, -errno, "cannot copy '%s' to '%s'", from, to);
	if (out >= 0)
		unlink(to); /* half a copy is none */
	return r;
}

int folder_make(const char *path, mode_t mode, struct err *err)
{
	char *copy = strdup(path);
	int r = !copy ? -ENOMEM : !*path ? -ENOENT : 0;
	struct stat st;

	for (char *slash = copy; slash && r == 0;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			r = -errno;
		if (slash)
			*slash = '/';
	}
	free(copy);
	if (r == 0 && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	return r < 0 ? err_sys(err, r, "cannot make the folder '%s'", path) : 0;
}

static int base_file_remove_entries(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = fd_remove(dirfd(dir), entry->d_name);
	closedir(dir);
	return r;
}

/* Opens a folder that goes. What is mounted below the first is not ours to empty: -EXDEV. */
static int base_file_open_to_remove(int folder, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = folder == AT_FDCWD ? 0 : RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);

	return fd < 0 ? -errno : fd;
}

int fd_remove(int folder, const char *name)
{
	int fd, r;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = base_file_open_to_remove(folder, name);
	if (fd == -EACCES && fchmodat(folder, name, 0700, 0) == 0) /* overlay work folders are 0000 */
		fd = base_file_open_to_remove(folder, name);
	if (fd < 0)
		return fd;
	r = base_file_remove_entries(fd);
	if (r == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int path_remove(const char *path, struct err *err)
{
	int r = fd_remove(AT_FDCWD, path);

	return r < 0 ? err_sys(err, r, "cannot remove '%s'", path) : 0;
}

int fd_path(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	out[n] = 0;
	return n == PATH_MAX - 1 ? -ENAMETOOLONG : 0;
}

bool path_exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int root_open(int root_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);
	while (fd < 0 && errno == EAGAIN); /* a rename raced with the resolution */
	return fd < 0 ? -errno : (int)fd;
}

int root_folder(int root_fd, const char *path)
{
	int fd = root_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0), made;
	_cleanup_fd_ int parent = -1;
	const char *slash;
	char *above;

	if (fd != -ENOENT)
		return fd;
	slash = strrchr(path, '/');
	if (!slash || !slash[1])
		return -EINVAL;
	above = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	parent = above ? root_folder(root_fd, above) : -ENOMEM;
	free(above);
	if (parent < 0)
		return parent;
	made = mkdirat(parent, slash + 1, 0755) < 0 ? -errno : 0;
	if (made < 0 && made != -EEXIST)
		return made;
	return root_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
}
