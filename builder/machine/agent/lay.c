#include "machine/agent/lay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/attributes.h"
#include "machine/audit.h"
#include "machine/say.h"

#define NEW_FILE "new-file"

static void lay_path(const struct lay *lay, const struct roster_member *member, char out[PATH_MAX])
{
	if (!audit_path(lay->tree, member, out, PATH_MAX))
		die("the path of %s is too long", member->path);
}

static void lay_new_path(const struct lay *lay, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/" NEW_FILE, lay->room);
}

/* --- what is there --------------------------------------------------------------------------------------------------- */

/* What is at `path` (relative) may stay: it is a folder of the list, or a file of it that is whole. Links and pipes are cheap
 * enough to be made again. */
static bool lay_may_stay(const struct lay *lay, const char *path, mode_t mode)
{
	const struct roster_member *member = roster_find(lay->list, path);

	if (!member)
		return false;
	return S_ISDIR(mode) ? member->type == LIST_FOLDER
			     : S_ISREG(mode) && member->type == LIST_REGULAR && lay->kept[member - lay->list->members];
}

/* Goes through what is at FOLDER/PATH and in it. The bytes of what may not stay are counted; with `remove` it goes. */
static uint64_t lay_walk(const struct lay *lay, const char *path, bool stays, bool remove)
{
	char full[PATH_MAX], below[PATH_MAX];
	struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;
	DIR *dir;

	if ((size_t)snprintf(full, sizeof full, "%s%s%s", lay->tree, *path ? "/" : "", path) >= sizeof full)
		die("a path in %s is too long", lay->tree);
	dir = opendir(full);
	if (!dir && errno != ENOENT)
		die("cannot read %s: %s", full, strerror(errno));
	while (dir && (entry = readdir(dir))) {
		bool keep;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(below, sizeof below, "%s%s%s", path, *path ? "/" : "", entry->d_name) >= sizeof below ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			die("cannot look at %s/%s: %s", full, entry->d_name, strerror(errno));
		keep = stays && lay_may_stay(lay, below, st.st_mode);
		bytes += keep || st.st_nlink > 1 + S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_blocks * 512;
		if (S_ISDIR(st.st_mode))
			bytes += lay_walk(lay, below, keep, remove);
		if (remove && !keep && unlinkat(dirfd(dir), entry->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
			die("cannot remove %s/%s: %s", full, entry->d_name, strerror(errno));
	}
	if (dir)
		closedir(dir);
	return bytes;
}

uint64_t lay_waste(const struct lay *lay)
{
	return lay_walk(lay, "", true, false);
}

void lay_prune(const struct lay *lay)
{
	lay_walk(lay, "", true, true);
}

void lay_folders(const struct lay *lay)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < lay->list->n; i++) {
		if (lay->list->members[i].type != LIST_FOLDER)
			continue;
		lay_path(lay, &lay->list->members[i], path);
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			die("cannot make %s: %s", path, strerror(errno));
	}
}

/* --- contents -------------------------------------------------------------------------------------------------------- */

int lay_begin(const struct lay *lay)
{
	char path[PATH_MAX];
	int fd;

	lay_new_path(lay, path);
	if (unlink(path) < 0 && errno != ENOENT)
		die("cannot remove %s: %s", path, strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		die("cannot make %s: %s", path, strerror(errno));
	return fd;
}

void lay_end(const struct lay *lay, const struct roster_member *member, int fd)
{
	char from[PATH_MAX], to[PATH_MAX];

	lay_new_path(lay, from);
	lay_path(lay, member, to);
	if (close(fd) < 0 || rename(from, to) < 0)
		die("cannot write %s: %s", to, strerror(errno));
}

/* A copy that shares its blocks, where the file system can; a real one else. */
static int lay_clone(int in, int out, uint8_t hash[HASH_BYTES])
{
	return ioctl(out, FICLONE, in) == 0 ? hash_copy(out, -1, hash) : hash_copy(in, out, hash);
}

int lay_copy(const struct lay *lay, const struct roster_member *member, const char *source)
{
	int in = open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out, r;
	uint8_t hash[HASH_BYTES];
	struct stat st;

	if (in < 0)
		return -errno;
	if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != member->size) {
		close(in);
		return -ESTALE;
	}
	out = lay_begin(lay);
	r = lay_clone(in, out, hash);
	close(in);
	if (r == -ENOSPC)
		die("cannot write a copy of %s: %s", source, strerror(-r));
	if (r == 0 && memcmp(hash, member->hash, HASH_BYTES) == 0) {
		lay_end(lay, member, out);
		return 0;
	}
	close(out);
	return r < 0 ? r : -ESTALE;
}

/* --- all but contents ------------------------------------------------------------------------------------------------ */

static int lay_make(const struct lay *lay, const struct roster_member *member, const char *path)
{
	char other[PATH_MAX];

	switch (member->type) {
	case LIST_SYMLINK:
		return symlink(member->target, path) < 0 ? -errno : 0;
	case LIST_PIPE:
		return mkfifo(path, 0600) < 0 ? -errno : 0;
	case LIST_HARDLINK:
		lay_path(lay, &lay->list->members[member->same], other);
		return link(other, path) < 0 ? -errno : 0;
	default:
		return 0;
	}
}

/* The owner first: giving a file away takes set-id bits and capabilities from it. */
static int lay_dress(const struct roster_member *member, const char *path)
{
	if (member->type == LIST_HARDLINK)
		return 0;
	if (lchown(path, member->uid, member->gid) < 0)
		return -errno;
	if (member->type == LIST_SYMLINK)
		return 0;
	return chmod(path, member->mode) < 0 ? -errno : attributes_set(path, member);
}

/* From the last one to the first: a folder's time would change with what is made in it. */
static void lay_set_times(const struct lay *lay)
{
	const struct timespec times[2] = {{.tv_sec = lay->list->time}, {.tv_sec = lay->list->time}};
	char path[PATH_MAX];

	for (size_t i = lay->list->n; i-- > 0;) {
		lay_path(lay, &lay->list->members[i], path);
		if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0)
			die("cannot set the time of %s: %s", path, strerror(errno));
	}
}

void lay_finish(const struct lay *lay)
{
	char path[PATH_MAX];
	int r, fd;

	for (size_t i = 0; i < lay->list->n; i++) {
		const struct roster_member *member = &lay->list->members[i];

		lay_path(lay, member, path);
		r = lay_make(lay, member, path);
		if (r == 0)
			r = lay_dress(member, path);
		if (r < 0)
			die("cannot make %s: %s", path, strerror(-r));
	}
	lay_set_times(lay);
	fd = open(lay->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		die("cannot write to %s: %s", lay->tree, strerror(errno));
	close(fd);
}
