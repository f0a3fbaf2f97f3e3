#include "edge/intake.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MEMBERS_MAX = 1000000 };

void archive_source_close(struct archive_source *source)
{
	archive_read_free(source->archive);
}

static int damaged(const struct archive_source *source, struct err *err)
{
	const char *said = source->archive ? archive_error_string(source->archive) : NULL;

	return err_set(err, -EBADMSG, "the archive cannot be read: %s", said ? said : "damaged");
}

static int bomb(struct err *err)
{
	return err_set(err, -EFBIG, "the archive holds more than any archive of its size does: it may be a decompression bomb");
}

/* Not what mtree and others have, which can name files of the host. */
int archive_source_open(const char *path, uint64_t max_bytes, struct archive_source *source, struct err *err)
{
	static int (*const formats[])(struct archive *) = {
		archive_read_support_format_tar, archive_read_support_format_zip, archive_read_support_format_7zip,
		archive_read_support_format_cpio,
	};
	int r;

	*source = (struct archive_source){.archive = archive_read_new(), .left = max_bytes};
	r = source->archive ? archive_support_compressions(source->archive) : ARCHIVE_FATAL;
	for (size_t i = 0; r >= ARCHIVE_WARN && i < sizeof formats / sizeof *formats; i++)
		r = formats[i](source->archive);
	if (r >= ARCHIVE_WARN)
		r = archive_read_open_filename(source->archive, path, 1 << 18);
	return r >= ARCHIVE_WARN ? 0 : damaged(source, err);
}

int archive_source_next(struct archive_source *source, struct archive_entry **ret_entry, const char **ret_name, struct err *err)
{
	int r = archive_read_next_header(source->archive, ret_entry);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN)
		return damaged(source, err);
	if (++source->members > MEMBERS_MAX)
		return bomb(err);
	*ret_name = archive_entry_pathname(*ret_entry);
	if (!*ret_name)
		*ret_name = archive_entry_pathname_utf8(*ret_entry);
	return *ret_name ? 1 : err_set(err, -EBADMSG, "the archive has a member without a name");
}

const char *archive_clean_name(struct arena *arena, const char *name)
{
	char *clean = arena_alloc(arena, strlen(name) + 1), *to = clean;

	if (*name == '/')
		return NULL;
	while (*name) {
		size_t length = strcspn(name, "/");

		if (length == 2 && strncmp(name, "..", 2) == 0)
			return NULL;
		if (length && !(length == 1 && *name == '.')) {
			if (to > clean)
				*to++ = '/';
			to = mempcpy(to, name, length);
		}
		name += length + (name[length] == '/');
	}
	return clean;
}

int archive_source_announce(struct archive_source *source, struct archive_entry *entry, struct err *err)
{
	la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;

	if (size < 0 || (uint64_t)size > source->left)
		return bomb(err);
	source->left -= (uint64_t)size;
	return 0;
}

int archive_source_copy(struct archive_source *source, struct archive_entry *entry, int out, struct err *err)
{
	bool announced = archive_entry_size_is_set(entry);
	uint64_t most = announced ? (uint64_t)archive_entry_size(entry) : source->left, end = 0;
	const void *block;
	la_int64_t offset;
	size_t size;
	int r, w = 0;

	while (w == 0 && (r = archive_read_data_block(source->archive, &block, &size, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || (uint64_t)offset > most || size > most - (uint64_t)offset)
			return bomb(err);
		w = fd_pwrite_all(out, block, size, (uint64_t)offset);
		end = (uint64_t)offset + size;
	}
	if (w == 0 && r != ARCHIVE_EOF)
		return damaged(source, err);
	if (w == 0 && announced && ftruncate(out, (off_t)most) < 0)
		w = -errno;
	source->left -= announced ? 0 : end;
	return w < 0 ? err_sys(err, w, "cannot write what the archive has") : 0;
}
