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
#include "edge/extract.h"
#include "edge/intake.h"

enum { DEBFILE_TEXT_MAX = 1 << 20 };

/* A package is an ar(5) archive of debian-binary, control.tar.* and data.tar.*, each of them with a size of ten digits. */
#define AR_BYTES_MAX 9999999999ULL

static inline void debfile_reader_freep(struct archive **reader)
{
	archive_read_free(*reader);
}
#define _cleanup_debfile_ __attribute__((cleanup(debfile_reader_freep)))

static int debfile_damaged(const char *deb, struct archive *archive, struct err *err)
{
	const char *said = archive ? archive_error_string(archive) : NULL;

	return err_set(err, -EBADMSG, "'%s' is not a Debian package: %s", deb, said ? said : "damaged");
}

static struct archive *debfile_open(const char *deb, struct err *err)
{
	struct archive *ar = archive_read_new();

	if (ar && archive_read_support_format_ar(ar) == ARCHIVE_OK &&
	    archive_read_open_filename(ar, deb, 1 << 18) == ARCHIVE_OK)
		return ar;
	debfile_damaged(deb, ar, err);
	archive_read_free(ar);
	return NULL;
}

/* Feeds a member of the outer archive to the reader of an inner one. */
static la_ssize_t debfile_read_member(struct archive *inner, void *outer, const void **block)
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
static struct archive *debfile_open_member(const char *deb, struct archive *ar, bool as_tar, struct err *err)
{
	struct archive *member = archive_read_new();
	struct archive_entry *entry;
	int r = member ? intake_compressions(member) : ARCHIVE_FATAL;

	if (r >= ARCHIVE_WARN)
		r = as_tar ? archive_read_support_format_tar(member) : archive_read_support_format_raw(member);
	if (r >= ARCHIVE_WARN)
		r = archive_read_open(member, ar, NULL, debfile_read_member, NULL);
	if (r >= ARCHIVE_WARN && !as_tar)
		r = archive_read_next_header(member, &entry);
	if (r >= ARCHIVE_WARN)
		return member;
	debfile_damaged(deb, member, err);
	archive_read_free(member);
	return NULL;
}

/* A member of the outer archive. */
struct debfile_member {
	char name[32]; /* without the suffix of its compression, … */
	char full[32]; /* … and with it */
};

/* Moves to the next member. Returns 1, or 0 at the end. */
static int debfile_next(const char *deb, struct archive *ar, struct debfile_member *member, struct err *err)
{
	struct archive_entry *entry;
	int r = archive_read_next_header(ar, &entry);
	const char *tar;

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN || !archive_entry_pathname(entry))
		return debfile_damaged(deb, ar, err);
	snprintf(member->full, sizeof member->full, "%s", archive_entry_pathname(entry));
	tar = strstr(member->full, ".tar.");
	snprintf(member->name, sizeof member->name, "%.*s", tar ? (int)(tar - member->full) + 4 : 31, member->full);
	return 1;
}

/* Sixty bytes of ar(5), as deb(5) wants them. */
static void debfile_ar_header(char header[128], const char *name, uint64_t size)
{
	snprintf(header, 128, "%-16.16s%-12s%-6s%-6s%-8s%-10llu`\n", name, "0", "0", "0", "100644", (unsigned long long)size);
}

/* Appends what `member` has to `out`, which ends at `*end`, below a header that comes last, when the size is known. Zeros
 * become holes. -EOVERFLOW, with nothing said, when ar(5) has too few digits for the size. */
static int debfile_append(const char *deb, struct archive *member, const char *name, int out, uint64_t *end,
			  uint64_t max_bytes, struct err *err)
{
	uint64_t start = *end + 60, at = start;
	char header[128];
	const void *block;
	la_int64_t offset;
	size_t size;
	int r;

	while ((r = archive_read_data_block(member, &block, &size, &offset)) == ARCHIVE_OK) {
		if (at + size > max_bytes) {
			err_set(err, -EFBIG, "'%s' unpacks to more than %llu GiB", deb,
				(unsigned long long)(max_bytes >> 30));
			return err_hint(err, "no package may have more in it: it may be a decompression bomb");
		}
		if (at + size - start > AR_BYTES_MAX)
			return -EOVERFLOW;
		r = bytes_are_zero(block, size) ? 0 : fd_pwrite_all(out, block, size, at);
		if (r < 0)
			return err_sys(err, r, "cannot unpack '%s'", deb);
		at += size;
	}
	if (r != ARCHIVE_EOF)
		return debfile_damaged(deb, member, err);
	debfile_ar_header(header, name, at - start);
	r = fd_pwrite_all(out, header, 60, *end);
	if (r == 0 && at % 2)
		r = fd_pwrite_all(out, "\n", 1, at);
	*end = at + at % 2;
	return r < 0 ? err_sys(err, r, "cannot unpack '%s'", deb) : 0;
}

/* Takes a member as it is, compressed: it decompresses to more than a member of an ar(5) archive can have. */
static int debfile_keep_member(const char *deb, const char *name, int out, uint64_t *end, uint64_t max_bytes,
			       struct err *err)
{
	_cleanup_debfile_ struct archive *ar = debfile_open(deb, err);
	struct debfile_member member;
	int r;

	if (!ar)
		return -EBADMSG;
	while ((r = debfile_next(deb, ar, &member, err)) > 0)
		if (strcmp(member.name, name) == 0)
			break;
	if (r <= 0)
		return r < 0 ? r : debfile_damaged(deb, NULL, err);
	if (ftruncate(out, (off_t)*end) < 0)
		return err_sys(err, -errno, "cannot unpack '%s'", deb);
	r = debfile_append(deb, ar, member.full, out, end, max_bytes, err);
	return r == -EOVERFLOW && err->count == 0 ? debfile_damaged(deb, NULL, err) : r;
}

/* Copies the current member, decompressed, to `*end` of `out`. */
static int debfile_flatten_member(const char *deb, struct archive *ar, const char *name, int out, uint64_t *end,
				  uint64_t max_bytes, struct err *err)
{
	_cleanup_debfile_ struct archive *member = debfile_open_member(deb, ar, false, err);
	int r = member ? debfile_append(deb, member, name, out, end, max_bytes, err) : -EBADMSG;

	return r == -EOVERFLOW && err->count == 0 ? debfile_keep_member(deb, name, out, end, max_bytes, err) : r;
}

int debfile_flatten(const char *deb, const char *flat, uint64_t max_bytes, struct err *err)
{
	static const char magic[] = "!<arch>\n";
	_cleanup_debfile_ struct archive *ar = debfile_open(deb, err);
	_cleanup_fd_ int out = -1;
	uint64_t end = sizeof magic - 1;
	unsigned found = 0;
	struct debfile_member member;
	int r;

	if (!ar)
		return -EBADMSG;
	out = open(flat, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(err, -errno, "cannot make '%s'", flat);
	if ((r = fd_pwrite_all(out, magic, sizeof magic - 1, 0)) < 0)
		return err_sys(err, r, "cannot write '%s'", flat);
	while ((r = debfile_next(deb, ar, &member, err)) > 0) {
		r = debfile_flatten_member(deb, ar, member.name, out, &end, max_bytes, err);
		if (r < 0)
			return r;
		found |= (strcmp(member.name, "control.tar") == 0) | (strcmp(member.name, "data.tar") == 0) << 1;
	}
	if (r == 0 && found != 3)
		return err_set(err, -EBADMSG, "'%s' is not a Debian package: it has no control.tar and data.tar", deb);
	if (r == 0 && ftruncate(out, (off_t)end) < 0)
		return err_sys(err, -errno, "cannot write '%s'", flat);
	return r;
}

/* Moves on to the member `wanted` ("control.tar", "data.tar") and opens it as a tar. */
static struct archive *debfile_open_tar(const char *deb, struct archive *ar, const char *wanted, struct err *err)
{
	struct debfile_member member;
	int r;

	while ((r = debfile_next(deb, ar, &member, err)) > 0)
		if (strcmp(member.name, wanted) == 0)
			return debfile_open_member(deb, ar, true, err);
	if (r == 0)
		err_set(err, -EBADMSG, "'%s' is not a Debian package: it has no %s", deb, wanted);
	return NULL;
}

int debfile_control(const char *deb, struct buf *control, struct err *err)
{
	_cleanup_debfile_ struct archive *ar = debfile_open(deb, err);
	_cleanup_debfile_ struct archive *tar = ar ? debfile_open_tar(deb, ar, "control.tar", err) : NULL;
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
			return debfile_damaged(deb, NULL, err);
		room = buf_reserve(control, (size_t)size);
		if (archive_read_data(tar, room, (size_t)size) != size)
			return debfile_damaged(deb, tar, err);
		control->size += (size_t)size;
		control->data[control->size] = 0;
		return 0;
	}
	if (r == ARCHIVE_EOF)
		return err_set(err, -EBADMSG, "'%s' is not a Debian package: it has no control file", deb);
	return debfile_damaged(deb, tar, err);
}

/* --- texts ----------------------------------------------------------------------------------------------------------- */

/* The texts of one member, whose paths begin with `root` for the caller. */
static int debfile_texts_of(const char *deb, struct archive *tar, const char *root, bool (*wanted)(const char *path),
			    debfile_text *text, void *data, struct err *err)
{
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(tar, &entry)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		const char *raw = archive_entry_pathname(entry);
		la_int64_t size = archive_entry_size(entry);
		_cleanup_buf_ struct buf bytes = {0};
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s%s", root, raw ? raw + (text_has_prefix(raw, "./") ? 2 : 0) : "");
		if (archive_entry_filetype(entry) != AE_IFREG || size <= 0 || size > DEBFILE_TEXT_MAX || !wanted(path))
			continue;
		if (archive_read_data(tar, buf_reserve(&bytes, (size_t)size), (size_t)size) != size)
			return debfile_damaged(deb, tar, err);
		bytes.size = (size_t)size;
		bytes.data[bytes.size] = 0;
		text(data, path, bytes.data);
	}
	return r == ARCHIVE_EOF ? 0 : debfile_damaged(deb, tar, err);
}

int debfile_texts(const char *deb, bool (*wanted)(const char *path), debfile_text *text, void *data, struct err *err)
{
	_cleanup_debfile_ struct archive *ar = debfile_open(deb, err);
	struct debfile_member member;
	int r = ar ? 0 : -EBADMSG;

	while (r == 0 && (r = debfile_next(deb, ar, &member, err)) > 0) {
		bool control = strcmp(member.name, "control.tar") == 0, files = strcmp(member.name, "data.tar") == 0;
		_cleanup_debfile_ struct archive *tar = NULL;

		r = 0;
		if (!control && !files)
			continue;
		tar = debfile_open_member(deb, ar, true, err);
		r = tar ? debfile_texts_of(deb, tar, control ? "" : "/", wanted, text, data, err) : -EBADMSG;
		if (files)
			return r;
	}
	return r;
}

/* --- the files of a package ------------------------------------------------------------------------------------------- */

/* As dpkg names them: absolute, without the dot in front and the slash at the end; "" for the root. Packages name their
 * files from there on, and never upward. */
static int debfile_name(const struct extract *extract, const char *raw, char out[PATH_MAX])
{
	size_t length;

	(void)extract;
	while (text_has_prefix(raw, "./"))
		raw += 2;
	length = strlen(raw);
	while (length && raw[length - 1] == '/')
		length--;
	*out = 0;
	if (length == 0 || (length == 1 && *raw == '.'))
		return 0;
	if (length + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(out, PATH_MAX, "/%.*s", (int)length, raw);
	for (const char *slash = out; slash; slash = strchr(slash + 1, '/')) {
		size_t part = strcspn(slash + 1, "/");

		if (part == 0 || (part <= 2 && strncmp(slash + 1, "..", part) == 0))
			return -EINVAL;
	}
	return 0;
}

/* dpkg follows a tree's links to folders (/lib leads to /usr/lib), and keeps them. */
static const struct extract_policy debfile_policy = {
	.name = debfile_name,
	.bad_name = "its path must begin with './' and not contain '..'",
	.bad_link = "it is a hard link to a path that is not valid in a package",
	.types = EXTRACT_FILE | EXTRACT_FOLDER | EXTRACT_SYMLINK | EXTRACT_HARDLINK,
	.bad_type = "it is a device, a pipe or a socket, which a package must not contain",
	.over = EXTRACT_OVER_EMPTY | EXTRACT_OVER_BY_FOLDER,
	.modes = 07777,
	.owners = true,
	.times = true,
	.folders_change = true,
	.folder_links = true,
};

static int debfile_extract(const char *deb, struct archive *tar, struct extract *extract, uint64_t max_bytes, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct intake intake = {
		.archive = tar,
		.damaged = arena_printf(arena, "'%s' is not a Debian package", deb),
		.bomb = arena_printf(arena, "'%s' holds more than any package may", deb),
		.left = max_bytes,
	};
	int r = extract_open(extract, err);

	if (r == 0)
		r = extract_all(extract, &intake, err);
	extract_close(extract);
	return r;
}

int debfile_unpack(const char *deb, const char *root, uint64_t max_bytes, debfile_filter *wanted, void *data,
		   struct err *err)
{
	_cleanup_fd_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_debfile_ struct archive *ar = debfile_open(deb, err);
	_cleanup_debfile_ struct archive *tar = ar ? debfile_open_tar(deb, ar, "data.tar", err) : NULL;
	struct extract extract = {
		.policy = &debfile_policy,
		.fence = {.root_fd = root_fd, .folder = "", .uid = (uid_t)-1},
		.archive = deb,
		.wanted = wanted,
		.data = data,
	};

	if (!tar)
		return -EBADMSG;
	if (root_fd < 0)
		return err_sys(err, -ENOTDIR, "cannot open the folder '%s'", root);
	return debfile_extract(deb, tar, &extract, max_bytes, err);
}
