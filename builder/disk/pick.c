#include "disk/pick.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "edge/stream.h"

/* Opens the file and names it by its descriptor, for those who want a path. */
static int pick_open_file(const char *root, const char *path, int flags, char ret_path[64], struct err *err)
{
	_cleanup_fd_ int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root_fd < 0)
		return err_sys(err, -errno, "cannot open the tree '%s'", root);
	fd = root_open(root_fd, path, flags | O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, fd, "cannot open '%s' of the tree '%s'", path, root);
	if (ret_path)
		snprintf(ret_path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

int pick_file(const char *root, const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	char by_fd[64];
	_cleanup_fd_ int fd = pick_open_file(root, path, 0, by_fd, err);
	int r;

	if (fd < 0)
		return fd;
	r = file_read(by_fd, max_bytes, out, err);
	return r < 0 ? err_wrap(err, "while reading '%s' of the tree '%s'", path, root) : 0;
}

int pick_unpacked(const char *root, const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	static const size_t CHUNK = 1 << 16;
	_cleanup_stream_ struct stream *stream = NULL;
	char by_fd[64];
	_cleanup_fd_ int fd = pick_open_file(root, path, 0, by_fd, err);
	ptrdiff_t n;

	if (fd < 0)
		return fd;
	n = stream_open(by_fd, max_bytes, &stream, err);
	while (n >= 0 && (n = stream_read(stream, buf_reserve(out, CHUNK), CHUNK, err)) > 0) {
		out->size += (size_t)n;
		out->data[out->size] = 0;
	}
	return n < 0 ? err_wrap(err, "while reading '%s' of the tree '%s'", path, root) : 0;
}

int pick_names(struct arena *arena, const char *root, const char *path, struct strv *ret_names, struct err *err)
{
	int fd = pick_open_file(root, path, O_DIRECTORY, NULL, err);
	struct dirent *entry;
	struct strv names = {0};
	DIR *folder;

	if (fd < 0)
		return fd;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return err_no_memory(err);
	}
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			strv_push(arena, &names, entry->d_name);
	closedir(folder);
	strv_sort(&names);
	*ret_names = names;
	return 0;
}

int pick_put(const char *work, const char *name, const void *data, size_t size, int64_t epoch, struct err *err)
{
	const struct timespec times[2] = {{.tv_sec = epoch}, {.tv_sec = epoch}};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = arena_printf(arena, "%s/%s", work, name);
	_cleanup_fd_ int fd = -1;
	int r = folder_make(arena_strndup(arena, path, (size_t)(strrchr(path, '/') - path)), 0755, err);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : fd_write_all(fd, data, size);
	if (r == 0 && futimens(fd, times) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot write '%s'", path) : 0;
}
