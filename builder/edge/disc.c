#include "edge/disc.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static bool disc_add(struct archive *disc, const struct disc_file *file)
{
	struct archive_entry *entry = archive_entry_new();
	bool done = false;

	if (!entry) {
		archive_set_error(disc, ENOMEM, "out of memory");
		return false;
	}
	archive_entry_set_pathname(entry, file->name);
	archive_entry_set_mode(entry, S_IFREG | (file->is_private ? 0600 : 0644));
	archive_entry_set_size(entry, (la_int64_t)file->size);
	archive_entry_set_mtime(entry, 0, 0);
	done = archive_write_header(disc, entry) == ARCHIVE_OK &&
	       archive_write_data(disc, file->data, file->size) == (la_ssize_t)file->size;
	archive_entry_free(entry);
	return done;
}

static bool disc_write_all(struct archive *disc, const char *path, const char *volume, const struct disc_file *files,
			   size_t n)
{
	if (archive_write_set_format_iso9660(disc) != ARCHIVE_OK ||
	    archive_write_set_format_option(disc, "iso9660", "volume-id", volume) != ARCHIVE_OK ||
	    archive_write_open_filename(disc, path) != ARCHIVE_OK)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!disc_add(disc, &files[i]))
			return false;
	return archive_write_close(disc) == ARCHIVE_OK;
}

/* ECMA-119 knows capital letters, digits and "_" in a label, and libarchive has made the others "_" in the primary descriptor,
 * where whoever knows no Joliet reads it. Everybody else writes there what was asked for. */
static int disc_set_label(const char *path, const char *volume, struct err *err)
{
	enum { PRIMARY = 16 * 2048, LABEL = 40, LABEL_BYTES = 32 };
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	char label[LABEL_BYTES];
	int r;

	memset(label, ' ', sizeof label);
	memcpy(label, volume, strnlen(volume, sizeof label));
	r = fd < 0 ? -errno : fd_pwrite_all(fd, label, sizeof label, PRIMARY + LABEL);
	return r < 0 ? err_sys(err, r, "cannot write the label of the disc '%s'", path) : 0;
}

int disc_write(const char *path, const char *volume, const struct disc_file *files, size_t n, struct err *err)
{
	struct archive *disc = archive_write_new();
	const char *said;
	int r = 0;

	if (!disc)
		return err_no_memory(err);
	if (!disc_write_all(disc, path, volume, files, n)) {
		said = archive_error_string(disc);
		r = err_set(err, -EIO, "cannot write the disc '%s': %s", path, said ? said : "unknown");
		archive_write_fail(disc);
	}
	archive_write_free(disc);
	return r == 0 ? disc_set_label(path, volume, err) : r;
}
