#include "edge/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

struct archive_stream {
	struct archive *archive;
	char *path;
	uint64_t left; /* bytes that may still come out */
};

static int failed(const struct archive_stream *stream, struct err *err)
{
	const char *said = archive_error_string(stream->archive);

	return err_set(err, -EBADMSG, "cannot decompress '%s': %s", stream->path, said ? said : "damaged");
}

int archive_stream_open(const char *path, uint64_t max_bytes, struct archive_stream **ret_stream, struct err *err)
{
	struct archive_stream *stream = calloc(1, sizeof *stream);
	struct archive_entry *entry;
	int r = 0;

	if (stream)
		*stream = (struct archive_stream){archive_read_new(), strdup(path), max_bytes};
	if (!stream || !stream->archive || !stream->path) {
		archive_stream_close(stream);
		return err_set(err, -ENOMEM, "out of memory");
	}
	/* "raw" takes any bytes as one nameless member, "empty" takes none at all. */
	if (archive_read_support_filter_all(stream->archive) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(stream->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(stream->archive) != ARCHIVE_OK ||
	    archive_read_open_filename(stream->archive, path, 1 << 18) != ARCHIVE_OK)
		r = failed(stream, err);
	else if (archive_read_next_header(stream->archive, &entry) < ARCHIVE_OK)
		r = failed(stream, err);
	if (r < 0)
		archive_stream_close(stream);
	else
		*ret_stream = stream;
	return r;
}

ptrdiff_t archive_stream_read(struct archive_stream *stream, void *out, size_t size, struct err *err)
{
	la_ssize_t n = archive_read_data(stream->archive, out, size);

	if (n < 0)
		return failed(stream, err);
	if ((uint64_t)n > stream->left)
		return err_set(err, -EFBIG, "'%s' decompresses to more than was announced", stream->path);
	stream->left -= (uint64_t)n;
	return n;
}

void archive_stream_close(struct archive_stream *stream)
{
	if (!stream)
		return;
	archive_read_free(stream->archive);
	free(stream->path);
	free(stream);
}

/* --- Debian packages: an ar(5) archive of debian-binary, control.tar.* and data.tar.* --------------------------------- */

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

	if (ar && archive_read_support_format_ar(ar) == ARCHIVE_OK && archive_read_open_filename(ar, deb, 1 << 18) == ARCHIVE_OK)
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
	int r = member ? archive_read_support_filter_all(member) : ARCHIVE_FATAL;

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
			return err_set(err, -EFBIG, "'%s' decompresses to more than %llu bytes", deb, (unsigned long long)max_bytes);
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

int archive_flatten_deb(const char *deb, const char *flat, uint64_t max_bytes, struct err *err)
{
	static const char magic[] = "!<arch>\n";
	_cleanup_reader_ struct archive *ar = open_ar(deb, err);
	_cleanup_fd_ int out = -1;
	uint64_t end = sizeof magic - 1;
	char name[32];
	int r;

	if (!ar)
		return -EBADMSG;
	out = open(flat, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(err, -errno, "cannot make '%s'", flat);
	r = fd_pwrite_all(out, magic, sizeof magic - 1, 0);
	if (r < 0)
		return err_sys(err, r, "cannot write '%s'", flat);
	while ((r = next_member(deb, ar, name, err)) > 0) {
		r = flatten_member(deb, ar, name, out, &end, max_bytes, err);
		if (r < 0)
			return r;
	}
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

int archive_deb_control(const char *deb, struct buf *control, struct err *err)
{
	_cleanup_reader_ struct archive *ar = open_ar(deb, err);
	_cleanup_reader_ struct archive *tar = ar ? open_tar(deb, ar, "control.tar", err) : NULL;
	struct archive_entry *entry;

	if (!tar)
		return -EBADMSG;
	while (archive_read_next_header(tar, &entry) >= ARCHIVE_WARN) {
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
	return deb_failed(deb, tar, err);
}

/* Puts `root` before the entry's path, and before its link's target when that is a file of the archive too. */
static void move_below(struct archive_entry *entry, const char *root, const char *path)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *link = archive_entry_hardlink(entry);

	if (link)
		archive_entry_set_hardlink(entry, arena_printf(arena, "%s/%s", root, link + (text_has_prefix(link, "./") ? 2 : 0)));
	archive_entry_set_pathname(entry, arena_printf(arena, "%s%s", root, path));
}

/* The path of an entry as dpkg names it: absolute, without the dot in front and the slash at the end; NULL for none. */
static const char *entry_path(struct arena *arena, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	size_t length;

	if (!path)
		return NULL;
	if (text_has_prefix(path, "./"))
		path += 2;
	length = strlen(path);
	while (length && path[length - 1] == '/')
		length--;
	return length && *path != '/' ? arena_printf(arena, "/%.*s", (int)length, path) : NULL;
}

static int unpack(const char *deb, struct archive *tar, struct archive *disk, const char *root, archive_filter *wanted,
		  void *data, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(tar, &entry)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		const char *path = entry_path(arena, entry);
		const void *block;
		la_int64_t offset;
		size_t size;

		if (!path || !wanted(data, path))
			continue;
		move_below(entry, root, path);
		r = archive_write_header(disk, entry);
		while (r >= ARCHIVE_WARN && archive_entry_size(entry) > 0 &&
		       (r = archive_read_data_block(tar, &block, &size, &offset)) == ARCHIVE_OK)
			r = archive_write_data_block(disk, block, size, offset) < ARCHIVE_WARN ? ARCHIVE_FATAL : ARCHIVE_OK;
		if (r < ARCHIVE_WARN)
			return err_set(err, -EIO, "cannot unpack '%s' of '%s': %s", path, deb,
				       archive_error_string(disk) ? archive_error_string(disk) : "damaged");
		if (archive_write_finish_entry(disk) < ARCHIVE_WARN)
			return err_set(err, -EIO, "cannot unpack '%s' of '%s': %s", path, deb, archive_error_string(disk));
	}
	return r == ARCHIVE_EOF ? 0 : deb_failed(deb, tar, err);
}

int archive_unpack_deb(const char *deb, const char *root, archive_filter *wanted, void *data, struct err *err)
{
	_cleanup_reader_ struct archive *ar = open_ar(deb, err);
	_cleanup_reader_ struct archive *tar = ar ? open_tar(deb, ar, "data.tar", err) : NULL;
	struct archive *disk;
	int r;

	if (!tar)
		return -EBADMSG;
	disk = archive_write_disk_new();
	if (!disk)
		return err_set(err, -ENOMEM, "out of memory");
	archive_write_disk_set_options(disk, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
					     ARCHIVE_EXTRACT_UNLINK | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
					     ARCHIVE_EXTRACT_SECURE_NODOTDOT);
	r = unpack(deb, tar, disk, root, wanted, data, err);
	if (archive_write_close(disk) < ARCHIVE_WARN && r == 0)
		r = err_set(err, -EIO, "cannot unpack '%s': %s", deb, archive_error_string(disk));
	archive_write_free(disk);
	return r;
}
