#include "edge/pax.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wchar.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "host/pool.h"

enum { READ_BYTES = 1 << 18, BLOCK_BYTES = 1 << 18 };

/* Each worker of a compressor wants memory of its own, up to a hundred megabytes for xz. */
enum { WORKERS_MAX = 16 };

struct pax {
	struct archive *archive;     /* what is written … */
	struct archive *disk;        /* … and libarchive's reader of files */
	pax_sink *sink;
	void *sink_data;
	struct err *err;             /* of the call at hand: the sink's errors go here */
	char *chunk;                 /* READ_BYTES */
};

/* What the sink said of its own failure is better than what libarchive makes of it. */
static int pax_failed(struct archive *culprit, const char *name, struct err *err)
{
	const char *said = archive_error_string(culprit);

	if (err->count)
		return err_result(err);
	return err_set(err, -EIO, "cannot put '%s' into the archive: %s", name, said ? said : "unknown");
}

static la_ssize_t pax_hand_on(struct archive *archive, void *data, const void *bytes, size_t size)
{
	struct pax *writer = data;
	int r = writer->sink(writer->sink_data, bytes, size, writer->err);

	if (r == 0)
		return (la_ssize_t)size;
	archive_set_error(archive, -r, "the archive cannot be written");
	return -1;
}

/* --- compression ----------------------------------------------------------------------------------------------------- */

struct filter {
	const char *name, *level;
	unsigned workers_min;        /* one worker of xz writes one block for all, more of them blocks of equal size */
	int (*add)(struct archive *archive);
};

static const struct filter filters[] = {
	{"zstd", "9", 1, archive_write_add_filter_zstd},
	{"xz", "6", 2, archive_write_add_filter_xz},
};

static int pax_add_filter(struct archive *archive, const char *name)
{
	unsigned workers = pool_threads();
	char text[16];

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		const struct filter *filter = &filters[i];

		if (strcmp(filter->name, name) != 0)
			continue;
		workers = workers < filter->workers_min ? filter->workers_min : workers > WORKERS_MAX ? WORKERS_MAX : workers;
		snprintf(text, sizeof text, "%u", workers);
		return filter->add(archive) == ARCHIVE_OK &&
		       archive_write_set_filter_option(archive, name, "compression-level", filter->level) == ARCHIVE_OK &&
		       archive_write_set_filter_option(archive, name, "threads", text) == ARCHIVE_OK ? 0 : -EIO;
	}
	archive_set_error(archive, EINVAL, "unknown compression '%s'", name);
	return -EINVAL;
}

/* --- the archive ----------------------------------------------------------------------------------------------------- */

static int pax_begin(struct pax *writer, const char *filter)
{
	struct archive *archive = writer->archive;

	/* "Restricted" means: extended headers for those members only that need one. */
	if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_set_format_option(archive, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK)
		return -EIO;
	if (filter && pax_add_filter(archive, filter) < 0)
		return -EIO;
	archive_write_set_bytes_per_block(archive, BLOCK_BYTES);
	archive_write_set_bytes_in_last_block(archive, 1);
	return archive_write_open(archive, writer, NULL, pax_hand_on, NULL) == ARCHIVE_OK ? 0 : -EIO;
}

int pax_open(const char *filter, pax_sink *sink, void *data, struct pax **ret_writer, struct err *err)
{
	struct pax *writer = calloc(1, sizeof *writer);
	int r;

	if (writer)
		*writer =
			(struct pax){archive_write_new(), archive_read_disk_new(), sink, data, err, malloc(READ_BYTES)};
	if (!writer || !writer->archive || !writer->disk || !writer->chunk) {
		pax_free(writer);
		return err_no_memory(err);
	}
	/* Holes of a file depend on the host's file system and are ignored. */
	archive_read_disk_set_behavior(writer->disk, ARCHIVE_READDISK_NO_FFLAGS | ARCHIVE_READDISK_NO_SPARSE);
	if (pax_begin(writer, filter) < 0) {
		r = pax_failed(writer->archive, "(its header)", err);
		pax_free(writer);
		return r;
	}
	*ret_writer = writer;
	return 0;
}

int pax_finish(struct pax *writer, struct err *err)
{
	writer->err = err;
	return archive_write_close(writer->archive) == ARCHIVE_OK ? 0 : pax_failed(writer->archive, "(its end)", err);
}

void pax_free(struct pax *writer)
{
	struct err ignored = {0};

	if (!writer)
		return;
	writer->err = &ignored; /* freeing an archive that is not finished would finish it */
	archive_write_fail(writer->archive);
	archive_write_free(writer->archive);
	archive_read_free(writer->disk);
	free(writer->chunk);
	free(writer);
	err_free(&ignored);
}

/* --- members --------------------------------------------------------------------------------------------------------- */

static bool pax_is_kept(const char *attribute)
{
	if (text_has_prefix(attribute, "user."))
		return !text_has_prefix(attribute, "user.overlay.");
	return strcmp(attribute, "security.capability") == 0;
}

struct attribute {
	const char *name, *value;
	size_t size;
};

static int pax_by_name(const void *a, const void *b)
{
	return strcmp(((const struct attribute *)a)->name, ((const struct attribute *)b)->name);
}

/* File systems list attributes in an order of their own. */
static void pax_choose_attributes(struct archive_entry *entry)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct attribute *kept = NULL;
	const char *name;
	const void *value;
	size_t n = 0, size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		struct attribute *attribute;

		if (!pax_is_kept(name))
			continue;
		attribute = arena_push(arena, kept, n);
		*attribute = (struct attribute){arena_strdup(arena, name), arena_alloc(arena, size + 1), size};
		memcpy((char *)attribute->value, value, size);
	}
	archive_entry_xattr_clear(entry);
	if (n)
		qsort(kept, n, sizeof *kept, pax_by_name);
	for (size_t i = 0; i < n; i++)
		archive_entry_xattr_add_entry(entry, kept[i].name, kept[i].value, kept[i].size);
}

/* libarchive tells them in words of tar's that not every reader knows. */
static int pax_put_acl(const char *path, struct archive_entry *entry, struct err *err)
{
	static const char *const names[] = {"system.posix_acl_access", "system.posix_acl_default"};
	char value[4096];

	archive_entry_acl_clear(entry);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ssize_t size = lgetxattr(path, names[i], value, sizeof value);

		if (size > 0)
			archive_entry_xattr_add_entry(entry, names[i], value, (size_t)size);
		else if (size < 0 && errno != ENODATA && errno != ENOTSUP)
			return err_sys(err, -errno, "cannot read the access control list of '%s'", path);
	}
	return 0;
}

/* Reads all about the file but its content, and drops what says when and where it was built. */
static int pax_describe(struct pax *writer, const struct pax_member *member, struct archive_entry *entry,
			struct err *err)
{
	archive_entry_copy_sourcepath(entry, member->source);
	archive_entry_copy_pathname(entry, member->name);
	if (archive_read_disk_entry_from_file(writer->disk, entry, -1, member->st) != ARCHIVE_OK)
		return pax_failed(writer->disk, member->name, err);
	archive_entry_unset_atime(entry);
	archive_entry_unset_ctime(entry);
	archive_entry_unset_birthtime(entry);
	archive_entry_set_mtime(entry, member->mtime, 0);
	archive_entry_set_dev(entry, 0);
	archive_entry_set_ino64(entry, 0);
	archive_entry_set_nlink(entry, 1);
	pax_choose_attributes(entry);
	if (member->hardlink) {
		archive_entry_set_size(entry, 0);
		archive_entry_copy_hardlink(entry, member->hardlink);
	}
	return member->acl_as_attributes && !S_ISLNK(member->st->st_mode) ? pax_put_acl(member->source, entry, err) : 0;
}

static int pax_put_content(struct pax *writer, const struct pax_member *member, struct err *err)
{
	_cleanup_fd_ int fd = open(member->source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	off_t left = member->st->st_size;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open '%s'", member->source);
	while (left > 0) {
		ssize_t n = read(fd, writer->chunk, left < READ_BYTES ? (size_t)left : READ_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, n < 0 ? -errno : -ENODATA, "cannot read '%s'", member->source);
		if (archive_write_data(writer->archive, writer->chunk, (size_t)n) != n)
			return pax_failed(writer->archive, member->name, err);
		left -= n;
	}
	return 0;
}

/* Whether libarchive can say it in UTF-8. */
static bool pax_is_text(const char *name)
{
	mbstate_t state = {0};

	return !name || mbsrtowcs(NULL, &name, 0, &state) != (size_t)-1;
}

/* Names are bytes to the kernel. Those that are no text are written as they are (hdrcharset=BINARY), with a warning. */
static int pax_put_header(struct pax *writer, struct archive_entry *entry)
{
	int r = archive_write_header(writer->archive, entry);
	bool text = pax_is_text(archive_entry_pathname(entry)) && pax_is_text(archive_entry_hardlink(entry)) &&
		    pax_is_text(archive_entry_symlink(entry));

	return r == ARCHIVE_OK || (r == ARCHIVE_WARN && !text) ? 0 : -EIO;
}

int pax_add(struct pax *writer, const struct pax_member *member, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	writer->err = err;
	if (!entry)
		return err_no_memory(err);
	r = pax_describe(writer, member, entry, err);
	if (r == 0 && pax_put_header(writer, entry) < 0)
		r = pax_failed(writer->archive, member->name, err);
	if (r == 0 && S_ISREG(member->st->st_mode) && member->st->st_size > 0 && !member->hardlink)
		r = pax_put_content(writer, member, err);
	archive_entry_free(entry);
	return r;
}
