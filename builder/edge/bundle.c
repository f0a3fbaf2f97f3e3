#include "edge/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/intake.h"

enum { NAMES_MAX = 10000 };

/* --- one member ------------------------------------------------------------------------------------------------------ */

static int not_there(const char *member, const struct strv *names, struct err *err)
{
	const char *near = text_nearest(member, names->items, names->count);

	err_set(err, -ENOENT, "the archive has no '%s'", member);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else if (names->count)
		err_hint(err, "its first member is '%s'", names->items[0]);
	return -ENOENT;
}

/* Moves to the member called `wanted`. Returns 1, or 0 with the names of other files when there is none. */
static int find(struct intake *source, struct arena *arena, const char *wanted, struct archive_entry **ret_entry,
		struct strv *names, struct err *err)
{
	const char *raw, *name;
	int r;

	while ((r = intake_next(source, ret_entry, &raw, err)) > 0) {
		r = intake_announce(source, *ret_entry, err);
		if (r < 0)
			return r;
		name = intake_clean_name(arena, raw);
		if (name && strcmp(name, wanted) == 0)
			return 1;
		if (name && *name && archive_entry_filetype(*ret_entry) != AE_IFDIR && names->count < NAMES_MAX)
			strv_push(arena, names, name);
	}
	return r;
}

/* What a hard link leads to came before it: *ret_link is its name then, to be read from the start. */
static int take(const char *archive, struct arena *arena, const char *wanted, int out, uint64_t max_bytes,
		const char **ret_link, struct err *err)
{
	_cleanup_intake_ struct intake source;
	struct archive_entry *entry;
	struct strv names = {0};
	int r = intake_open(archive, max_bytes, &source, err);

	if (r == 0)
		r = find(&source, arena, wanted, &entry, &names, err);
	if (r <= 0)
		return r < 0 ? r : not_there(wanted, &names, err);
	*ret_link = archive_entry_hardlink(entry) ? intake_clean_name(arena, archive_entry_hardlink(entry)) : NULL;
	if (*ret_link)
		return 0;
	if (archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry))
		return intake_copy(&source, entry, out, err);
	if (archive_entry_filetype(entry) == AE_IFLNK && archive_entry_symlink(entry))
		return err_set(err, -EBADMSG, "'%s' is a symbolic link in the archive, to '%s'", wanted,
			       archive_entry_symlink(entry));
	return err_set(err, -EBADMSG, "'%s' is no file in the archive", wanted);
}

int bundle_take(const char *archive, const char *member, int out, uint64_t max_bytes, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *wanted = intake_clean_name(arena, member), *link = NULL;
	int r = wanted ? take(archive, arena, wanted, out, max_bytes, &link, err)
		       : err_set(err, -EINVAL, "'%s' leads out of the archive", member);

	if (r == 0 && link)
		r = take(archive, arena, link, out, max_bytes, &link, err);
	if (r == 0 && link)
		r = err_set(err, -EBADMSG, "'%s' is a link to a link in the archive", member);
	return r;
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

struct unpacking {
	struct intake source;
	const struct bundle_target *target;
	char base[PATH_MAX]; /* the host's path of the folder */
	size_t done;
};

static int refuse(const char *name, const char *why, struct err *err)
{
	return err_set(err, -EBADMSG, "cannot unpack '%s': %s", name, why);
}

/* What is left of a clean name; NULL when nothing is. */
static const char *strip(const char *name, unsigned n)
{
	while (n-- && name) {
		name = strchr(name, '/');
		name = name ? name + 1 : NULL;
	}
	return name && *name ? name : NULL;
}

static int give(const struct unpacking *u, int fd, mode_t mode)
{
	return fchown(fd, u->target->uid, u->target->gid) < 0 || fchmod(fd, mode & 0755) < 0 ? -errno : 0;
}

/* Opens `path`, a folder below the target's ("": that one), and makes it and its parents. However the tree's links lead, what
 * is opened lies below the target's, or it is -EXDEV. *ret_made (may be NULL): it was not there. */
static int open_folder(const struct unpacking *u, struct arena *arena, const char *path, bool *ret_made)
{
	const char *whole = *path ? arena_printf(arena, "%s/%s", u->target->folder, path) : u->target->folder;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_fd_ int parent = -1;
	int fd = root_open(u->target->root_fd, whole, O_RDONLY | O_DIRECTORY, 0), r;
	char at[PATH_MAX];

	if (fd == -ENOENT && *path) {
		parent = open_folder(u, arena, slash ? arena_strndup(arena, path, (size_t)(slash - path)) : "", NULL);
		if (parent < 0)
			return parent;
		if (mkdirat(parent, name, 0700) < 0)
			return -errno;
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		r = give(u, fd, 0755);
		if (ret_made)
			*ret_made = true;
	} else {
		if (fd < 0)
			return fd;
		r = fd_path(fd, at);
		if (r == 0 && !path_is_below(at, u->base))
			r = -EXDEV;
	}
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* Opens the folder that `path` is in; *ret_name is the last part. */
static int open_parent(const struct unpacking *u, struct arena *arena, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	return open_folder(u, arena, slash ? arena_strndup(arena, path, (size_t)(slash - path)) : "", NULL);
}

static int put_folder(const struct unpacking *u, struct arena *arena, struct archive_entry *entry, const char *path)
{
	bool made = false;
	_cleanup_fd_ int fd = open_folder(u, arena, path, &made);

	return fd < 0 ? fd : made ? give(u, fd, archive_entry_perm(entry)) : 0;
}

static int put_file(struct unpacking *u, struct archive_entry *entry, int parent, const char *name, struct err *err)
{
	_cleanup_fd_ int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = intake_copy(&u->source, entry, fd, err);
	if (r < 0)
		return r;
	return give(u, fd, archive_entry_perm(entry));
}

/* Whether what `target` says, read in the folder `parent`, stays below ours. It may go up only in front: from the real
 * folder it is known how far, behind a name, which may be a link, it is not. */
static bool stays(const struct unpacking *u, int parent, const char *target)
{
	bool named = false;
	char at[PATH_MAX];
	int depth = 0;

	if (*target == '/' || !*target || fd_path(parent, at) < 0)
		return false;
	for (const char *inside = at + strlen(u->base); *inside; inside++)
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

static int put_symlink(const struct unpacking *u, struct archive_entry *entry, const char *path, int parent, const char *name,
		       struct err *err)
{
	const char *to = archive_entry_symlink(entry);

	if (!to)
		to = archive_entry_symlink_utf8(entry);
	if (!to || !stays(u, parent, to))
		return refuse(path, "it is a symbolic link that leads out of the folder, or up behind a name", err);
	if (symlinkat(to, parent, name) < 0 || fchownat(parent, name, u->target->uid, u->target->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* Only to a file as archives bring them: not to one of a package with more power than that. */
static int put_hardlink(const struct unpacking *u, struct arena *arena, const char *to, const char *path, int parent,
			const char *name, struct err *err)
{
	const char *clean = intake_clean_name(arena, to), *kept = clean ? strip(clean, u->target->strip) : NULL, *from;
	_cleanup_fd_ int folder = -1;
	struct stat st;

	if (!kept)
		return refuse(path, "it is a hard link to what lies outside of the folder", err);
	folder = open_parent(u, arena, kept, &from);
	if (folder < 0)
		return folder;
	if (fstatat(folder, from, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 07000))
		return refuse(path, "it is a hard link to what is no file of the archive", err);
	return linkat(folder, from, parent, name, 0) < 0 ? -errno : 0;
}

static int put(struct unpacking *u, struct arena *arena, struct archive_entry *entry, const char *path, struct err *err)
{
	const char *hardlink = archive_entry_hardlink(entry), *name;
	mode_t type = hardlink ? 0 : archive_entry_filetype(entry);
	_cleanup_fd_ int parent = -1;

	if (type == AE_IFDIR)
		return put_folder(u, arena, entry, path);
	if (!hardlink && type != AE_IFREG && type != AE_IFLNK)
		return refuse(path, "it is a device, a pipe or a socket", err);
	parent = open_parent(u, arena, path, &name);
	if (parent < 0)
		return parent;
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (hardlink)
		return put_hardlink(u, arena, hardlink, path, parent, name, err);
	return type == AE_IFLNK ? put_symlink(u, entry, path, parent, name, err) : put_file(u, entry, parent, name, err);
}

static int unpack(struct unpacking *u, struct err *err)
{
	struct archive_entry *entry;
	const char *raw, *name;
	int r;

	while ((r = intake_next(&u->source, &entry, &raw, err)) > 0) {
		_cleanup_arena_ struct arena *arena = arena_new();

		name = intake_clean_name(arena, raw);
		if (!name)
			return refuse(raw, "its path is absolute or leads upward", err);
		r = intake_announce(&u->source, entry, err);
		if (r < 0)
			return r;
		name = strip(name, u->target->strip);
		if (!name)
			continue;
		r = put(u, arena, entry, name, err);
		if (r < 0 && err->count == 0)
			r = refuse(name, r == -EXDEV ? "a symbolic link on its way leads out of the folder" : strerror(-r),
				   err);
		if (r < 0)
			return r;
		u->done++;
	}
	return r;
}

int bundle_unpack(const char *archive, const struct bundle_target *target, uint64_t max_bytes, struct err *err)
{
	struct unpacking u = {.target = target};
	_cleanup_fd_ int existing = root_open(target->root_fd, target->folder, O_PATH | O_DIRECTORY, 0);
	_cleanup_fd_ int base = root_folder(target->root_fd, target->folder);
	int r = base < 0 ? base : fd_path(base, u.base);

	if (r == 0 && existing < 0)
		r = give(&u, base, 0755);
	if (r < 0)
		return err_sys(err, r, "cannot make the folder '%s'", target->folder);
	r = intake_open(archive, max_bytes, &u.source, err);
	if (r == 0)
		r = unpack(&u, err);
	intake_close(&u.source);
	if (r == 0 && u.done == 0)
		return err_set(err, -EBADMSG, "nothing of the archive is left to unpack after dropping %u leading parts",
			       target->strip);
	return r;
}
