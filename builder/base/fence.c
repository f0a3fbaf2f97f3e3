#include "base/fence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { FENCE_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

int fence_open(struct fence *fence)
{
	const char *folder = *fence->folder ? fence->folder : "/";
	_cleanup_fd_ int existing = root_open(fence->root_fd, folder, O_PATH | O_DIRECTORY, 0), base = -1;
	int r;

	fence->parent = -1;
	base = root_folder(fence->root_fd, folder);
	r = base < 0 ? base : fd_path(base, fence->base);
	if (r == 0 && existing < 0 && fence->uid != (uid_t)-1 &&
	    (fchown(base, fence->uid, fence->gid) < 0 || fchmod(base, 0755) < 0))
		r = -errno;
	return r;
}

void fence_close(struct fence *fence)
{
	if (fence->parent >= 0)
		close(fence->parent);
}

/* --- folders ------------------------------------------------------------------------------------------------------ */

int fence_path(const struct fence *fence, int fd, char out[PATH_MAX])
{
	size_t base = strlen(fence->base);
	int r = fd_path(fd, out);

	if (r < 0)
		return r;
	if (!path_is_below(out, fence->base))
		return -EXDEV;
	memmove(out, out + base, strlen(out + base) + 1);
	return 0;
}

int fence_find(const struct fence *fence, const char *path)
{
	char whole[PATH_MAX], at[PATH_MAX];
	int fd, r;

	if ((size_t)snprintf(whole, sizeof whole, "%s/%s", fence->folder, path) >= sizeof whole)
		return -ENAMETOOLONG;
	fd = root_open(fence->root_fd, whole, FENCE_FLAGS, 0);
	if (fd < 0 || !*fence->folder) /* nothing leaves the tree itself */
		return fd;
	r = fence_path(fence, fd, at);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int fence_make(const struct fence *fence, int parent, const char *name)
{
	int fd, r;

	if (mkdirat(parent, name, 0755) < 0)
		return -errno;
	fd = openat(parent, name, FENCE_FLAGS | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fence->uid == (uid_t)-1)
		return fd;
	if (fchown(fd, fence->uid, fence->gid) == 0 && fchmod(fd, 0755) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* First up, to what is there, then down. A path may have thousands of parts. */
int fence_need(const struct fence *fence, const char *path)
{
	char part[PATH_MAX], *cut = stpcpy(part, path);
	int fd;

	while ((fd = fence_find(fence, part)) == -ENOENT && cut > part) {
		cut = strrchr(part, '/');
		cut = cut ? cut : part;
		*cut = 0;
	}
	while (fd >= 0 && path[cut - part]) {
		_cleanup_fd_ int parent = fd;
		size_t start = (size_t)(cut - part) + (path[cut - part] == '/'),
		       end = start + strcspn(path + start, "/");

		memcpy(part, path, end);
		cut = part + end;
		*cut = 0;
		fd = fence_make(fence, parent, part + start);
	}
	return fd;
}

static void fence_keep_as(struct fence *fence, int fd, const char *path, size_t length)
{
	fence_close(fence);
	fence->parent = fd;
	memcpy(fence->parent_path, path, length);
	fence->parent_path[length] = 0;
	fence->parent_stale = false;
}

void fence_keep(struct fence *fence, int fd, const char *path)
{
	fence_keep_as(fence, fd, path, strlen(path));
}

void fence_changed(struct fence *fence)
{
	fence->parent_stale = true;
}

int fence_parent(struct fence *fence, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	if (fence->parent >= 0 && !fence->parent_stale && strlen(fence->parent_path) == length &&
	    memcmp(fence->parent_path, path, length) == 0)
		return fence->parent;
	fence_keep_as(fence, -1, path, length);
	fence->parent = fence_need(fence, fence->parent_path);
	return fence->parent;
}

/* --- what goes ---------------------------------------------------------------------------------------------------- */

int fence_remove(struct fence *fence, const char *path)
{
	const char *name;
	int parent = fence_parent(fence, path, &name);

	fence_changed(fence);
	return parent < 0 ? parent : fd_remove(parent, name);
}

int fence_empty(struct fence *fence, const char *path)
{
	int fd = fence_need(fence, path), r = 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries) {
		r = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	fence_changed(fence);
	while (r == 0 && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = fd_remove(fd, entry->d_name);
	closedir(entries);
	return r;
}

/* --- links -------------------------------------------------------------------------------------------------------- */

bool fence_link_stays(const struct fence *fence, int parent, const char *target)
{
	bool named = false;
	char at[PATH_MAX];
	int depth = 0;

	if (*target == '/' || !*target || fd_path(parent, at) < 0)
		return false;
	for (const char *inside = at + strlen(fence->base); *inside; inside++)
		depth += *inside == '/';
	while (*target) {
		size_t length = strcspn(target, "/");
		bool up = length == 2 && strncmp(target, "..", 2) == 0;

		if (up && (named || --depth < 0))
			return false;
		named |= !up && length && !(length == 1 && *target == '.');
		target += length + (target[length] == '/');
	}
	return true;
}
