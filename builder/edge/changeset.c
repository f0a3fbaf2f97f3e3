#include "edge/changeset.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "edge/intake.h"

static const char WHITEOUT[] = ".wh.", OPAQUE[] = ".wh..wh..opq", RESERVED[] = ".wh..wh.";

/* A member, and where it goes. */
struct change {
	struct archive_entry *entry;
	const char *path;     /* relative to the tree, for messages */
	const char *name;     /* its last part */
	int root_fd, folder;  /* open on the tree, and on the folder it goes to */
};

static int refuse(const char *path, const char *why, struct err *err)
{
	return err_set(err, -EBADMSG, "cannot unpack '%s': %s", path, why);
}

/* Opens the folder of `path` in the tree; it is made when it is missing. */
static int open_folder(struct arena *arena, int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	return root_folder(root_fd, slash ? arena_printf(arena, "/%.*s", (int)(slash - path), path) : "/");
}

/* Removes what `name` is in that folder, with all in it. */
static int remove_at(struct arena *arena, int folder, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r = fd_path(folder, path);

	return r < 0 ? err_sys(err, r, "cannot remove '%s'", name)
		     : path_remove(arena_printf(arena, "%s/%s", path, name), err);
}

/* --- whiteouts ------------------------------------------------------------------------------------------------------- */

/* The folder itself stays: it may be the tree's root. */
static int remove_all(struct arena *arena, int folder, struct err *err)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries)
		return err_sys(err, -errno, "cannot list a folder");
	while (r == 0 && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = remove_at(arena, folder, entry->d_name, err);
	closedir(entries);
	return r;
}

/* What the whiteouts of a layer hide is in the layers below, wherever in the layer they stand. So they come first. */
static int apply_whiteout(struct arena *arena, int root_fd, const char *path, struct err *err)
{
	const char *name;
	_cleanup_fd_ int folder = open_folder(arena, root_fd, path, &name);

	if (folder < 0)
		return refuse(path, strerror(-folder), err);
	if (strcmp(name, OPAQUE) == 0)
		return remove_all(arena, folder, err);
	name += strlen(WHITEOUT);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(path, "it is no name of a whiteout", err);
	return remove_at(arena, folder, name, err);
}

/* --- what comes ------------------------------------------------------------------------------------------------------ */

/* File capabilities, and what belongs to users. The rest of the attributes is the business of the system it was made on. */
static int give_attributes(struct archive_entry *entry, int fd)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		bool capability = strcmp(name, "security.capability") == 0;

		if (!capability && !text_has_prefix(name, "user."))
			continue;
		if (fsetxattr(fd, name, value, size, 0) < 0 && (capability || errno != ENOTSUP))
			return -errno;
	}
	return 0;
}

static int give(struct archive_entry *entry, int fd)
{
	uid_t uid = (uid_t)archive_entry_uid(entry);
	gid_t gid = (gid_t)archive_entry_gid(entry);

	if (fchown(fd, uid, gid) < 0 ||
	    fchmod(fd, archive_entry_perm(entry) & 07777) < 0) /* the owner first: it costs set-id bits */
		return -errno;
	return give_attributes(entry, fd);
}

static int put_folder(const struct change *change)
{
	_cleanup_fd_ int fd = -1;

	if (mkdirat(change->folder, change->name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(change->folder, change->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : give(change->entry, fd);
}

static int put_file(struct intake *source, const struct change *change, struct err *err)
{
	_cleanup_fd_ int fd =
		openat(change->folder, change->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = intake_copy(source, change->entry, fd, err);
	if (r < 0)
		return r;
	return give(change->entry, fd);
}

static int put_symlink(const struct change *change)
{
	const char *to = archive_entry_symlink(change->entry);

	if (!to)
		to = archive_entry_symlink_utf8(change->entry);
	if (!to)
		return -EINVAL;
	if (symlinkat(to, change->folder, change->name) < 0 ||
	    fchownat(change->folder, change->name, (uid_t)archive_entry_uid(change->entry),
		     (gid_t)archive_entry_gid(change->entry), AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int put_hardlink(const struct change *change, struct arena *arena, const char *to)
{
	const char *clean = intake_clean_name(arena, *to == '/' ? to + 1 : to), *name;
	_cleanup_fd_ int folder = -1;

	if (!clean || !*clean)
		return -EINVAL;
	folder = open_folder(arena, change->root_fd, clean, &name);
	if (folder < 0)
		return folder;
	return linkat(folder, name, change->folder, change->name, 0) < 0 ? -errno : 0;
}

static int put_pipe(const struct change *change)
{
	_cleanup_fd_ int fd = -1;

	if (mkfifoat(change->folder, change->name, 0600) < 0)
		return -errno;
	fd = openat(change->folder, change->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : give(change->entry, fd);
}

/* A folder that is there stays, and takes the owner and mode of the layer's; everything else gives way. */
static int make_room(const struct change *change, struct arena *arena, bool for_folder, struct err *err)
{
	struct stat st;

	if (fstatat(change->folder, change->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot look at '%s'", change->path);
	return for_folder && S_ISDIR(st.st_mode) ? 0 : remove_at(arena, change->folder, change->name, err);
}

static int put(struct intake *source, struct change *change, struct arena *arena, struct err *err)
{
	const char *hardlink = archive_entry_hardlink(change->entry);
	mode_t type;
	int r;

	if (!hardlink)
		hardlink = archive_entry_hardlink_utf8(change->entry);
	type = hardlink ? 0 : archive_entry_filetype(change->entry);
	r = make_room(change, arena, type == AE_IFDIR, err);
	if (r < 0)
		return r;
	if (hardlink)
		return put_hardlink(change, arena, hardlink);
	switch (type) {
	case AE_IFREG:
		return put_file(source, change, err);
	case AE_IFDIR:
		return put_folder(change);
	case AE_IFLNK:
		return put_symlink(change);
	case AE_IFIFO:
		return put_pipe(change);
	default:
		return 0;
	}
}

static int apply_member(struct intake *source, struct arena *arena, struct archive_entry *entry, int root_fd,
			const char *path, struct err *err)
{
	struct change change = {.entry = entry, .path = path, .root_fd = root_fd};
	_cleanup_fd_ int folder = *path ? open_folder(arena, root_fd, path, &change.name) : -1;
	int r;

	if (!*path) { /* the root itself */
		r = give(entry, root_fd);
	} else {
		change.folder = folder;
		r = folder < 0 ? folder : put(source, &change, arena, err);
	}
	if (r == -EINVAL && err->count == 0)
		return refuse(
			path, "it belongs to a user or group that this build cannot make, or is a link to nothing", err);
	return r < 0 && err->count == 0 ? refuse(path, strerror(-r), err) : r;
}

/* --- a layer --------------------------------------------------------------------------------------------------------- */

/* Goes through the layer, for its whiteouts or for all the rest. */
static int pass(const char *archive, int root_fd, bool whiteouts, uint64_t *left_bytes, struct err *err)
{
	_cleanup_intake_ struct intake source;
	struct archive_entry *entry;
	const char *raw;
	int r = intake_open(archive, *left_bytes, &source, err);

	while (r == 0 && (r = intake_next(&source, &entry, &raw, err)) > 0) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const char *path = intake_clean_name(arena, *raw == '/' ? raw + 1 : raw), *slash, *name;

		if (!path)
			return refuse(raw, "its path leads upward", err);
		slash = strrchr(path, '/');
		name = slash ? slash + 1 : path;
		r = intake_announce(&source, entry, err);
		if (r < 0)
			return r;
		if (!text_has_prefix(name, WHITEOUT))
			r = whiteouts ? 0 : apply_member(&source, arena, entry, root_fd, path, err);
		else if (whiteouts && (!text_has_prefix(name, RESERVED) || strcmp(name, OPAQUE) == 0))
			r = apply_whiteout(arena, root_fd, path, err);
	}
	if (r == 0 && !whiteouts)
		*left_bytes = source.left;
	return r;
}

int changeset_apply(const char *archive, int root_fd, uint64_t *left_bytes, struct err *err)
{
	int r = pass(archive, root_fd, true, left_bytes, err);

	return r == 0 ? pass(archive, root_fd, false, left_bytes, err) : r;
}
