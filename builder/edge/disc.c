#include "edge/disc.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

static bool disc_add(struct archive *disc, const struct disc_file *file)
{
	struct archive_entry *entry = archive_entry_new();
	bool done = false;

	if (!entry) {
		archive_set_error(disc, ENOMEM, "out of memory");
		return false;
	}
	archive_entry_set_pathname(entry, file->name);
	archive_entry_set_mode(entry, S_IFREG | 0644);
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
	return r;
}
