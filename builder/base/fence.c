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

enum { FENCE_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC, LINKS_MAX = 40 };

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

static int fence_make_target(const struct fence *fence, int folder, const char *name, unsigned links);

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

/* One part of the target of a link: up, but not out of the tree; a folder that is there; or a new one. */
static int fence_step(const struct fence *fence, int folder, const char *name, unsigned links)
{
	char at[PATH_MAX];
	int fd, r;

	if (strcmp(name, "..") == 0) {
		r = fd_path(folder, at);
		if (r < 0)
			return r;
		name = strcmp(at, fence->base) == 0 ? "." : name;
	}
	fd = openat(folder, name, FENCE_FLAGS | O_NOFOLLOW);
	if (fd >= 0)
		return fd;
	if (errno == ELOOP || errno == ENOTDIR)
		return fence_make_target(fence, folder, name, links);
	return errno == ENOENT ? fence_make(fence, folder, name) : -errno;
}

/* Makes the folder that the symbolic link `name` leads to, part by part, as if the tree were the file system's root. */
static int fence_make_target(const struct fence *fence, int folder, const char *name, unsigned links)
{
	char target[PATH_MAX], *rest = target, *part;
	ssize_t n = readlinkat(folder, name, target, sizeof target - 1);
	int fd;

	if (n < 0)
		return errno == EINVAL ? -ENOTDIR : -errno;
	if (links >= LINKS_MAX)
		return -ELOOP;
	target[n] = 0;
	fd = openat(*target == '/' ? fence->root_fd : folder, ".", FENCE_FLAGS);
	if (fd < 0)
		return -errno;
	while (fd >= 0 && (part = strsep(&rest, "/"))) {
		_cleanup_fd_ int above = fd;

		fd = fence_step(fence, above, *part ? part : ".", links + 1);
	}
	return fd;
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
		if (fd == -EEXIST && fence->make_targets)
			fd = fence_make_target(fence, parent, part + start, 0);
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

/* Opens the folder that something goes from; -ENOENT when there is none, whatever is in its place. */
static int fence_find_old(const struct fence *fence, const char *path, size_t length)
{
	char folder[PATH_MAX];
	int fd;

	if (length >= sizeof folder)
		return -ENAMETOOLONG;
	memcpy(folder, path, length);
	folder[length] = 0;
	fd = fence_find(fence, folder);
	return fd == -ENOTDIR ? -ENOENT : fd;
}

int fence_remove(struct fence *fence, const char *path, bool folders)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_fd_ int parent = fence_find_old(fence, path, slash ? (size_t)(slash - path) : 0);

	fence_changed(fence);
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	if (folders)
		return fd_remove(parent, name);
	return unlinkat(parent, name, 0) == 0 || errno == ENOENT || errno == EISDIR ? 0 : -errno;
}

int fence_empty(struct fence *fence, const char *path, const char *except)
{
	int fd = fence_find_old(fence, path, strlen(path)), r = 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries) {
		r = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return r == -ENOENT ? 0 : r;
	}
	fence_changed(fence);
	while (r == 0 && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, except) != 0)
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
