#include "edge/debfile.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/intake.h"

/* A package is an ar(5) archive of debian-binary, control.tar.* and data.tar.*. */

static inline void reader_freep(struct archive **reader)
{
	archive_read_free(*reader);
}
#define _cleanup_reader_ __attribute__((cleanup(reader_freep)))

static int deb_failed(const char *deb, struct archive *archive, struct err *err)
{
	const char *said = archive ? archive_error_string(archive) : NULL;

	return err_set(err, -EBADMSG, "'%s' is not a Debian package: %s", deb, said ? said : "damaged");
}

static struct archive *open_ar(const char *deb, struct err *err)
{
	struct archive *ar = archive_read_new();

	if (ar && archive_read_support_format_ar(ar) == ARCHIVE_OK &&
	    archive_read_open_filename(ar, deb, 1 << 18) == ARCHIVE_OK)
		return ar;
	deb_failed(deb, ar, err);
	archive_read_free(ar);
	return NULL;
}

/* Feeds a member of the outer archive to the reader of an inner one. */
static la_ssize_t read_member(struct archive *inner, void *outer, const void **block)
{
	size_t size;
	la_int64_t offset;
	int r = archive_read_data_block(outer, block, &size, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN) {
		archive_set_error(inner, EIO, "%s", archive_error_string(outer));
		return -1;
	}
	return (la_ssize_t)size;
}

/* A reader of the archive's current member, decompressed: as one stream of bytes, or as the files of a tar. */
static struct archive *open_member(const char *deb, struct archive *ar, bool as_tar, struct err *err)
{
	struct archive *member = archive_read_new();
	struct archive_entry *entry;
	int r = member ? intake_compressions(member) : ARCHIVE_FATAL;

	if (r >= ARCHIVE_WARN)
		r = as_tar ? archive_read_support_format_tar(member) : archive_read_support_format_raw(member);
	if (r >= ARCHIVE_WARN)
		r = archive_read_open(member, ar, NULL, read_member, NULL);
	if (r >= ARCHIVE_WARN && !as_tar)
		r = archive_read_next_header(member, &entry);
	if (r >= ARCHIVE_WARN)
		return member;
	deb_failed(deb, member, err);
	archive_read_free(member);
	return NULL;
}

/* Moves to the next member. Returns 1 and its name without the suffix of its compression, 0 at the end. */
static int next_member(const char *deb, struct archive *ar, char name[32], struct err *err)
{
	struct archive_entry *entry;
	int r = archive_read_next_header(ar, &entry);
	const char *tar;

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN || !archive_entry_pathname(entry))
		return deb_failed(deb, ar, err);
	tar = strstr(archive_entry_pathname(entry), ".tar.");
	snprintf(name, 32, "%.*s", tar ? (int)(tar - archive_entry_pathname(entry)) + 4 : 31, archive_entry_pathname(entry));
	return 1;
}

/* Sixty bytes of ar(5), as deb(5) wants them. */
static void ar_header(char header[128], const char *name, uint64_t size)
{
	snprintf(header, 128, "%-16.16s%-12s%-6s%-6s%-8s%-10llu`\n", name, "0", "0", "0", "100644", (unsigned long long)size);
}

/* Copies the current member, decompressed, to `*end` of `out`; the header comes last, when the size is known. */
static int flatten_member(const char *deb, struct archive *ar, const char *name, int out, uint64_t *end, uint64_t max_bytes,
			  struct err *err)
{
	_cleanup_reader_ struct archive *member = open_member(deb, ar, false, err);
	uint64_t start = *end + 60, at = start;
	char header[128];
	const void *block;
	la_int64_t offset;
	size_t size;
	int r;

	if (!member)
		return -EBADMSG;
	while ((r = archive_read_data_block(member, &block, &size, &offset)) == ARCHIVE_OK) {
		if (at + size > max_bytes)
			return err_set(err, -EFBIG, "'%s' decompresses to more than %llu bytes", deb,
				       (unsigned long long)max_bytes);
		r = fd_pwrite_all(out, block, size, at);
		if (r < 0)
			return err_sys(err, r, "cannot unpack '%s'", deb);
		at += size;
	}
	if (r != ARCHIVE_EOF)
		return deb_failed(deb, member, err);
	ar_header(header, name, at - start);
	r = fd_pwrite_all(out, header, 60, *end);
	if (r == 0 && at % 2)
		r = fd_pwrite_all(out, "\n", 1, at);
	*end = at + at % 2;
	return r < 0 ? err_sys(err, r, "cannot unpack '%s'", deb) : 0;
}

int debfile_flatten(const char *deb, const char *flat, uint64_t max_bytes, struct err *err)
{
	static const char magic[] = "!<arch>\n";
	_cleanup_reader_ struct archive *ar = open_ar(deb, err);
	_cleanup_fd_ int out = -1;
	uint64_t end = sizeof magic - 1;
	unsigned found = 0;
	char name[32];
	int r;

	if (!ar)
		return -EBADMSG;
	out = open(flat, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(err, -errno, "cannot make '%s'", flat);
	if ((r = fd_pwrite_all(out, magic, sizeof magic - 1, 0)) < 0)
		return err_sys(err, r, "cannot write '%s'", flat);
	while ((r = next_member(deb, ar, name, err)) > 0) {
		r = flatten_member(deb, ar, name, out, &end, max_bytes, err);
		if (r < 0)
			return r;
		found |= (strcmp(name, "control.tar") == 0) | (strcmp(name, "data.tar") == 0) << 1;
	}
	if (r == 0 && found != 3)
		return err_set(err, -EBADMSG, "'%s' is not a Debian package: it has no control.tar and data.tar", deb);
	return r;
}

/* Moves on to the member `wanted` ("control.tar", "data.tar") and opens it as a tar. */
static struct archive *open_tar(const char *deb, struct archive *ar, const char *wanted, struct err *err)
{
	char name[32];
	int r;

	while ((r = next_member(deb, ar, name, err)) > 0)
		if (strcmp(name, wanted) == 0)
			return open_member(deb, ar, true, err);
	if (r == 0)
		err_set(err, -EBADMSG, "'%s' is not a Debian package: it has no %s", deb, wanted);
	return NULL;
}

int debfile_control(const char *deb, struct buf *control, struct err *err)
{
	_cleanup_reader_ struct archive *ar = open_ar(deb, err);
	_cleanup_reader_ struct archive *tar = ar ? open_tar(deb, ar, "control.tar", err) : NULL;
	struct archive_entry *entry;
	int r;

	if (!tar)
		return -EBADMSG;
	while ((r = archive_read_next_header(tar, &entry)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		const char *path = archive_entry_pathname(entry);
		la_int64_t size = archive_entry_size(entry);
		void *room;

		if (!path || strcmp(path + (text_has_prefix(path, "./") ? 2 : 0), "control") != 0)
			continue;
		if (size < 0 || size > 1 << 20)
			return deb_failed(deb, NULL, err);
		room = buf_reserve(control, (size_t)size);
		if (archive_read_data(tar, room, (size_t)size) != size)
			return deb_failed(deb, tar, err);
		control->size += (size_t)size;
		control->data[control->size] = 0;
		return 0;
	}
	if (r == ARCHIVE_EOF)
		return err_set(err, -EBADMSG, "'%s' is not a Debian package: it has no control file", deb);
	return deb_failed(deb, tar, err);
}

/* --- the files of a package ------------------------------------------------------------------------------------------- */

/* What a package is unpacked into, and how much may still come. */
struct target {
	const char *deb;
	struct archive *tar, *disk;
	int root_fd;
	uint64_t left;
};

/* The path of an entry as dpkg names it: absolute, without the dot in front and the slash at the end. NULL for the root. */
static const char *entry_path(struct arena *arena, const char *name)
{
	size_t length;

	while (text_has_prefix(name, "./"))
		name += 2;
	length = strlen(name);
	while (length && name[length - 1] == '/')
		length--;
	return length && strcmp(name, ".") != 0 ? arena_printf(arena, "/%.*s", (int)length, name) : NULL;
}

/* Packages name their files from the root on, and never upward. */
static bool is_clean(const char *path)
{
	for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
		size_t length = strcspn(slash + 1, "/");

		if (length == 0 || (length <= 2 && strncmp(slash + 1, "..", length) == 0))
			return false;
	}
	return true;
}

/* Where `path` of the tree is on the host, in a path without any symbolic link but the last part: dpkg follows those of
 * the tree
 * (/lib leads to /usr/lib), and they must not lead out of it. Folders that are missing are made. A folder may be such a
 * link. */
static const char *host_path(struct arena *arena, int root_fd, const char *path, bool is_folder, int *ret_error)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	_cleanup_fd_ int whole = is_folder ? root_open(root_fd, path, O_PATH | O_DIRECTORY, 0) : -1, parent = -1;

	if (whole >= 0) {
		*ret_error = fd_path(whole, folder);
		return *ret_error < 0 ? NULL : arena_strdup(arena, folder);
	}
	parent = root_folder(root_fd, slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path)));
	*ret_error = parent < 0 ? parent : fd_path(parent, folder);
	return *ret_error < 0 ? NULL : arena_printf(arena, "%s%s", folder, slash);
}

static int refuse(const struct target *target, const char *path, const char *why, struct err *err)
{
	return err_set(err, -EBADMSG, "cannot unpack '%s' of '%s': %s", path, target->deb, why);
}

/* Makes the entry's path, and its target's when it is a hard link, paths of the host. */
static int place(const struct target *target, struct arena *arena, struct archive_entry *entry, const char *path,
		 struct err *err)
{
	const char *link = archive_entry_hardlink(entry), *at;
	mode_t type = archive_entry_filetype(entry);
	int r = 0;

	if (!link && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
		return refuse(target, path, "it is a device, a pipe or a socket, which packages may not bring", err);
	at = host_path(arena, target->root_fd, path, !link && type == AE_IFDIR, &r);
	if (!at)
		return refuse(target, path, strerror(-r), err);
	archive_entry_set_pathname(entry, at);
	if (!link)
		return 0;
	link = entry_path(arena, link);
	if (!link || !is_clean(link))
		return refuse(target, path, "it is a hard link to what no package has", err);
	at = host_path(arena, target->root_fd, link, false, &r);
	if (!at)
		return refuse(target, path, strerror(-r), err);
	archive_entry_set_hardlink(entry, at);
	return 0;
}

/* Writes the current entry of the tar to where place() said. */
static int write_entry(struct target *target, struct archive_entry *entry, const char *path, struct err *err)
{
	struct archive *culprit = target->disk;
	int r = archive_write_header(target->disk, entry);
	const void *block;
	la_int64_t offset;
	size_t size;

	while (r >= ARCHIVE_WARN && archive_entry_size(entry) > 0) {
		culprit = target->tar;
		r = archive_read_data_block(target->tar, &block, &size, &offset);
		if (r != ARCHIVE_OK)
			break;
		culprit = target->disk;
		r = archive_write_data_block(target->disk, block, size, offset) < ARCHIVE_WARN ? ARCHIVE_FATAL : ARCHIVE_OK;
	}
	if (r >= ARCHIVE_WARN) {
		culprit = target->disk;
		r = archive_write_finish_entry(target->disk);
	}
	if (r < ARCHIVE_OK)
		return refuse(target, path, archive_error_string(culprit) ? archive_error_string(culprit) : "damaged", err);
	return 0;
}

static int unpack(struct target *target, debfile_filter *wanted, void *data, struct err *err)
{
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(target->tar, &entry)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const char *name = archive_entry_pathname(entry), *path = name ? entry_path(arena, name) : NULL;
		la_int64_t size = archive_entry_size(entry);

		if (name && !path)
			continue;
		if (!name || *name == '/' || !is_clean(path))
			return refuse(target, name ? name : "?", "packages name their files from ./ on, and never upward", err);
		if (size < 0 || (uint64_t)size > target->left)
			return refuse(target, path, "it is larger than any package may be", err);
		target->left -= (uint64_t)size;
		if (!wanted(data, path))
			continue;
		if ((r = place(target, arena, entry, path, err)) < 0 || (r = write_entry(target, entry, path, err)) < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : deb_failed(target->deb, target->tar, err);
}

int debfile_unpack(const char *deb, const char *root, uint64_t max_bytes, debfile_filter *wanted, void *data,
		   struct err *err)
{
	_cleanup_fd_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_reader_ struct archive *ar = open_ar(deb, err);
	_cleanup_reader_ struct archive *tar = ar ? open_tar(deb, ar, "data.tar", err) : NULL;
	struct target target = {.deb = deb, .tar = tar, .root_fd = root_fd, .left = max_bytes};
	int r;

	if (!tar)
		return -EBADMSG;
	if (root_fd < 0)
		return err_sys(err, -ENOTDIR, "cannot open the folder '%s'", root);
	target.disk = archive_write_disk_new();
	if (!target.disk)
		return err_set(err, -ENOMEM, "out of memory");
	archive_write_disk_set_options(target.disk, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
							    ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT);
	r = unpack(&target, wanted, data, err);
	if (archive_write_close(target.disk) < ARCHIVE_WARN && r == 0)
		r = err_set(err, -EIO, "cannot unpack '%s': %s", deb, archive_error_string(target.disk));
	archive_write_free(target.disk);
	return r;
}
