#include "edge/extract.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* A folder gets its time when all is in it. By then it may be another one. */
struct extract_time {
	const char *path;
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
};

/* A member, and where it goes. */
struct extract_member {
	struct intake *intake;
	struct archive_entry *entry;
	const char *path, *name; /* below the folder, and its last part */
	const char *hardlink;    /* what the archive says; NULL for none */
	unsigned type;           /* EXTRACT_FILE and so on, 0 for what is left out */
	int parent;              /* open on the folder it goes to; borrowed */
};

static const char *extract_reason(int r)
{
	switch (r) {
	case -EXDEV:
		return "a symbolic link on its way leads out of the folder";
	case -EEXIST:
		return "a symbolic link on its way leads to nothing";
	case -ENOTDIR:
		return "what is in its place, or on its way, is no folder";
	case -EISDIR:
		return "a folder is in its place";
	case -ENOTEMPTY:
		return "a folder with something in it is in its place";
	case -EINVAL:
		return "it belongs to a user or group that this build cannot make";
	default:
		return strerror(-r);
	}
}

int extract_refuse(const struct extract *extract, const char *path, const char *why, struct err *err)
{
	if (extract->archive)
		return err_set(err, -EBADMSG, "cannot unpack '%s' of '%s': %s", path, extract->archive, why);
	return err_set(err, -EBADMSG, "cannot unpack '%s': %s", path, why);
}

int extract_fail(const struct extract *extract, const char *path, int r, struct err *err)
{
	return extract_refuse(extract, path, extract_reason(r), err);
}

/* Removes what is in the way of a member, if it has to give way to it. */
static int extract_clear(struct extract *extract, const struct extract_member *member)
{
	unsigned over = extract->policy->over;

	if (member->type == EXTRACT_FOLDER && !(over & EXTRACT_OVER_BY_FOLDER))
		return -ENOTDIR;
	fence_changed(&extract->fence);
	if (over & EXTRACT_OVER_FULL)
		return fd_remove(member->parent, member->name);
	if (unlinkat(member->parent, member->name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR || !(over & EXTRACT_OVER_EMPTY))
		return -errno;
	return unlinkat(member->parent, member->name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* --- what a thing gets besides its content ------------------------------------------------------------------------ */

static uid_t extract_uid(const struct extract *extract, struct archive_entry *entry)
{
	return extract->policy->owners ? (uid_t)archive_entry_uid(entry) : extract->fence.uid;
}

static gid_t extract_gid(const struct extract *extract, struct archive_entry *entry)
{
	return extract->policy->owners ? (gid_t)archive_entry_gid(entry) : extract->fence.gid;
}

static bool extract_is_of_users(const char *attribute)
{
	return text_has_prefix(attribute, "user.") && !text_has_prefix(attribute, "user.overlay.");
}

/* A folder that was there has none but the archive's. */
static int extract_take_attributes(int fd)
{
	char names[XATTR_LIST_MAX];
	ssize_t n = flistxattr(fd, names, sizeof names);

	if (n < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if (text_has_prefix(name, "user.") && fremovexattr(fd, name) < 0)
			return -errno;
	return 0;
}

/* File capabilities, and what belongs to users. All other attributes belong to the system it was made on, or would tell the
 * kernel that a folder of an overlay means something else. */
static int extract_give_attributes(struct archive_entry *entry, int fd)
{
	const char *name;
	const void *value;
	size_t size;
	int r = archive_entry_filetype(entry) == AE_IFDIR ? extract_take_attributes(fd) : 0;

	archive_entry_xattr_reset(entry);
	while (r == 0 && archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		bool capability = strcmp(name, "security.capability") == 0;

		if (!capability && !extract_is_of_users(name))
			continue;
		if (fsetxattr(fd, name, value, size, 0) < 0 && (capability || errno != ENOTSUP))
			return -errno;
	}
	return r;
}

/* When it was read last nobody has to know. */
static void extract_times_of(struct archive_entry *entry, struct timespec times[2])
{
	times[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
	times[1] = (struct timespec){archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
}

static bool extract_has_time(const struct extract *extract, struct archive_entry *entry)
{
	return extract->policy->times && archive_entry_mtime_is_set(entry);
}

static int extract_give(const struct extract *extract, struct archive_entry *entry, int fd)
{
	mode_t mode = archive_entry_perm(entry) & extract->policy->modes;
	struct timespec times[2];

	if (fchown(fd, extract_uid(extract, entry), extract_gid(extract, entry)) < 0 ||
	    fchmod(fd, mode) < 0) /* the owner first: it costs set-id bits */
		return -errno;
	if (extract_has_time(extract, entry) && archive_entry_filetype(entry) != AE_IFDIR) {
		extract_times_of(entry, times);
		if (futimens(fd, times) < 0)
			return -errno;
	}
	return extract->policy->attributes ? extract_give_attributes(entry, fd) : 0;
}

static int extract_note_time(struct extract *extract, const struct extract_member *member, int fd)
{
	struct extract_time *noted;
	struct timespec times[2];
	char path[PATH_MAX];
	struct stat st;
	int r;

	if (!extract_has_time(extract, member->entry))
		return 0;
	r = fstat(fd, &st) < 0 ? -errno : fence_path(&extract->fence, fd, path);
	if (r < 0)
		return r;
	extract_times_of(member->entry, times);
	noted = arena_push(extract->arena, extract->folder_times, extract->n_folder_times);
	*noted = (struct extract_time){arena_strdup(extract->arena, path), st.st_dev, st.st_ino, times[1]};
	return 0;
}

static int extract_set_folder_times(const struct extract *extract, struct err *err)
{
	for (size_t i = 0; i < extract->n_folder_times; i++) {
		const struct extract_time *noted = &extract->folder_times[i];
		_cleanup_fd_ int fd = fence_find(&extract->fence, noted->path);
		struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, noted->mtime};
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != noted->dev || st.st_ino != noted->ino)
			continue;
		if (futimens(fd, times) < 0)
			return extract_fail(extract, noted->path, -errno, err);
	}
	return 0;
}

/* --- one member; -EEXIST when something is in its way ------------------------------------------------------------- */

static int extract_put_file(const struct extract *extract, const struct extract_member *member, struct err *err)
{
	_cleanup_fd_ int fd =
		openat(member->parent, member->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = intake_copy(member->intake, member->entry, fd, err);
	if (r < 0)
		return err_wrap(err, "while unpacking '%s'", member->path);
	return extract_give(extract, member->entry, fd);
}

/* Opens the folder that is in the place of one; -EEXIST when it is none. */
static int extract_open_folder(const struct extract *extract, const struct extract_member *member)
{
	int fd = openat(member->parent, member->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != ENOTDIR && errno != ELOOP)
		return -errno;
	fd = extract->policy->folder_links ? fence_find(&extract->fence, member->path) : -ENOTDIR;
	return fd == -ENOTDIR || fd == -ENOENT || fd == -ELOOP ? -EEXIST : fd;
}

/* The next members are likely to go into it. */
static int extract_put_folder(struct extract *extract, const struct extract_member *member)
{
	bool made = mkdirat(member->parent, member->name, 0700) == 0;
	int fd = made || errno == EEXIST ? extract_open_folder(extract, member) : -errno, r = 0;

	if (fd < 0)
		return fd;
	if (made || extract->policy->folders_change) {
		r = extract_give(extract, member->entry, fd);
		r = r < 0 ? r : extract_note_time(extract, member, fd);
	}
	fence_keep(&extract->fence, fd, member->path);
	return r;
}

static int extract_put_symlink(const struct extract *extract, const struct extract_member *member, struct err *err)
{
	const char *to = intake_symlink(member->entry);
	uid_t uid = extract_uid(extract, member->entry);
	gid_t gid = extract_gid(extract, member->entry);
	struct timespec times[2];

	if (!to)
		return extract_refuse(extract, member->path, "it is a symbolic link to nothing", err);
	if (extract->policy->links_stay && !fence_link_stays(&extract->fence, member->parent, to))
		return extract_refuse(extract, member->path,
				      "it is a symbolic link that leads out of the folder, or has '..' after a name",
				      err);
	if (symlinkat(to, member->parent, member->name) < 0 ||
	    fchownat(member->parent, member->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!extract_has_time(extract, member->entry))
		return 0;
	extract_times_of(member->entry, times);
	return utimensat(member->parent, member->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* What a hard link is to be the same as, in `folder`. Where links have to stay it is a file as archives bring them, not one of
 * a package with more power than that. */
static int extract_find_target(const struct extract *extract, const struct extract_member *member, int folder,
			       const char *name, struct stat *st, struct err *err)
{
	int r = folder < 0 ? folder : fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	if (r == -ENOENT)
		return extract_refuse(extract, member->path, "it is a hard link to what is not there", err);
	if (r == 0 && extract->policy->links_stay && (!S_ISREG(st->st_mode) || (st->st_mode & 07000)))
		return extract_refuse(extract, member->path,
				      "it is a hard link to something that is not a file of the archive", err);
	return r;
}

/* Opens the folder that `path` is in, and cuts the path there. */
static int extract_open_above(const struct extract *extract, char *path, const char **ret_name)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = 0;
	*ret_name = slash ? slash + 1 : path;
	return fence_find(&extract->fence, slash ? path : "");
}

static int extract_put_hardlink(const struct extract *extract, const struct extract_member *member, struct err *err)
{
	struct stat target, there;
	char to[PATH_MAX];
	_cleanup_fd_ int folder = -1;
	const char *name, *moved;
	int r;

	if (extract->policy->name(extract, member->hardlink, to) < 0 || !*to)
		return extract_refuse(extract, member->path, extract->policy->bad_link, err);
	moved = extract->moved ? extract->moved(extract->data, to) : NULL;
	if (moved)
		snprintf(to, sizeof to, "%s", moved);
	folder = extract_open_above(extract, to, &name);
	r = extract_find_target(extract, member, folder, name, &target, err);
	if (r < 0 || linkat(folder, name, member->parent, member->name, 0) == 0)
		return r;
	r = -errno;
	if (r == -EEXIST && fstatat(member->parent, member->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    there.st_dev == target.st_dev && there.st_ino == target.st_ino)
		return 0; /* it is the same already; what is removed could be all there is of it */
	return r;
}

static int extract_put_pipe(const struct extract *extract, const struct extract_member *member)
{
	_cleanup_fd_ int fd = -1;

	if (mkfifoat(member->parent, member->name, 0600) < 0)
		return -errno;
	fd = openat(member->parent, member->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : extract_give(extract, member->entry, fd);
}

static int extract_put(struct extract *extract, const struct extract_member *member, struct err *err)
{
	switch (member->type) {
	case EXTRACT_FILE:
		return extract_put_file(extract, member, err);
	case EXTRACT_FOLDER:
		return extract_put_folder(extract, member);
	case EXTRACT_SYMLINK:
		return extract_put_symlink(extract, member, err);
	case EXTRACT_HARDLINK:
		return extract_put_hardlink(extract, member, err);
	case EXTRACT_PIPE:
		return extract_put_pipe(extract, member);
	default:
		return extract_clear(extract, member);
	}
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static unsigned extract_type(struct archive_entry *entry, const char *hardlink)
{
	static const struct {
		mode_t mode;
		unsigned type;
	} types[] = {
		{AE_IFREG, EXTRACT_FILE}, {AE_IFDIR, EXTRACT_FOLDER}, {AE_IFLNK, EXTRACT_SYMLINK}, {AE_IFIFO, EXTRACT_PIPE},
	};

	for (size_t i = 0; !hardlink && i < sizeof types / sizeof *types; i++)
		if (types[i].mode == archive_entry_filetype(entry))
			return types[i].type;
	return hardlink ? EXTRACT_HARDLINK : 0;
}

static int extract_place(struct extract *extract, struct extract_member *member, struct err *err)
{
	const struct extract_policy *policy = extract->policy;
	int r;

	member->hardlink = intake_hardlink(member->entry);
	member->type = extract_type(member->entry, member->hardlink) & policy->types;
	if (!member->type && policy->bad_type)
		return extract_refuse(extract, member->path, policy->bad_type, err);
	r = member->parent = fence_parent(&extract->fence, member->path, &member->name);
	if (r >= 0) {
		r = extract_put(extract, member, err);
		if (r == -EEXIST) {
			r = extract_clear(extract, member);
			r = r < 0 ? r : extract_put(extract, member, err);
		}
	}
	return r < 0 && err->count == 0 ? extract_fail(extract, member->path, r, err) : r;
}

static int extract_one(struct extract *extract, struct intake *intake, struct archive_entry *entry, const char *raw,
		       struct err *err)
{
	char path[PATH_MAX];
	struct extract_member member = {.intake = intake, .entry = entry, .path = path};
	int r = extract->policy->name(extract, raw, path);

	if (r < 0)
		return extract_refuse(extract, raw, r == -EINVAL ? extract->policy->bad_name : strerror(-r), err);
	r = intake_announce(intake, entry, err);
	if (r < 0)
		return err_wrap(err, "while unpacking '%s'", path);
	if (!*path) {
		if (extract->policy->root && archive_entry_filetype(entry) == AE_IFDIR)
			r = extract_give(extract, entry, extract->fence.root_fd);
		return r < 0 ? extract_fail(extract, "/", r, err) : 0;
	}
	if (extract->wanted && !extract->wanted(extract->data, path))
		return 0;
	extract->done++;
	return extract_place(extract, &member, err);
}

int extract_all(struct extract *extract, struct intake *intake, struct err *err)
{
	struct archive_entry *entry;
	const char *raw;
	int r;

	while ((r = intake_next(intake, &entry, &raw, err)) > 0) {
		r = extract_one(extract, intake, entry, raw, err);
		if (r < 0)
			return r;
	}
	return r == 0 ? extract_set_folder_times(extract, err) : r;
}

int extract_open(struct extract *extract, struct err *err)
{
	int r = fence_open(&extract->fence);

	extract->arena = arena_new();
	return r < 0 ? err_sys(err, r, "cannot make the folder '%s'", extract->fence.folder) : 0;
}

void extract_close(struct extract *extract)
{
	fence_close(&extract->fence);
	arena_free(extract->arena);
}
