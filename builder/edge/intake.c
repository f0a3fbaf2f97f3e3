#include "edge/intake.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MEMBERS_MAX = 1000000 };

int intake_compressions(struct archive *archive)
{
	static int (*const filters[])(struct archive *) = {
		archive_read_support_filter_gzip, archive_read_support_filter_xz, archive_read_support_filter_zstd,
		archive_read_support_filter_bzip2, archive_read_support_filter_lzma,
	};

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		if (filters[i](archive) != ARCHIVE_OK) /* it would start a program for this one, too */
			return ARCHIVE_FATAL;
	return ARCHIVE_OK;
}

void intake_close(struct intake *intake)
{
	archive_read_free(intake->archive);
}

static int intake_damaged(const struct intake *intake, struct err *err)
{
	const char *said = intake->archive ? archive_error_string(intake->archive) : NULL;

	return err_set(err, -EBADMSG, "%s: %s", intake->damaged, said ? said : "damaged");
}

static int intake_too_much(const struct intake *intake, struct err *err)
{
	return err_set(err, -EFBIG, "%s", intake->bomb);
}

/* Not what mtree and others have, which can name files of the host. */
int intake_open(const char *path, uint64_t max_bytes, struct intake *intake, struct err *err)
{
	static int (*const formats[])(struct archive *) = {
		archive_read_support_format_tar, archive_read_support_format_zip, archive_read_support_format_7zip,
		archive_read_support_format_cpio,
	};
	int r;

	*intake = (struct intake){
		.archive = archive_read_new(),
		.damaged = "the archive cannot be read",
		.bomb = "the archive unpacks to more than its size allows: it may be a decompression bomb",
		.left = max_bytes,
	};
	r = intake->archive ? intake_compressions(intake->archive) : ARCHIVE_FATAL;
	for (size_t i = 0; r >= ARCHIVE_WARN && i < sizeof formats / sizeof *formats; i++)
		r = formats[i](intake->archive);
	if (r >= ARCHIVE_WARN)
		r = archive_read_open_filename(intake->archive, path, 1 << 18);
	return r >= ARCHIVE_WARN ? 0 : intake_damaged(intake, err);
}

int intake_next(struct intake *intake, struct archive_entry **ret_entry, const char **ret_name, struct err *err)
{
	int r = archive_read_next_header(intake->archive, ret_entry);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN)
		return intake_damaged(intake, err);
	if (++intake->members > MEMBERS_MAX)
		return intake_too_much(intake, err);
	*ret_name = archive_entry_pathname(*ret_entry);
	if (!*ret_name)
		*ret_name = archive_entry_pathname_utf8(*ret_entry);
	return *ret_name ? 1 : err_set(err, -EBADMSG, "the archive has a member without a name");
}

const char *intake_hardlink(struct archive_entry *entry)
{
	const char *to = archive_entry_hardlink(entry);

	return to ? to : archive_entry_hardlink_utf8(entry);
}

const char *intake_symlink(struct archive_entry *entry)
{
	const char *to = archive_entry_symlink(entry);

	return to ? to : archive_entry_symlink_utf8(entry);
}

int intake_clean_name(const char *name, char out[PATH_MAX])
{
	char *to = out;

	if (*name == '/')
		return -EINVAL;
	while (*name) {
		size_t length = strcspn(name, "/");

		if (length == 2 && strncmp(name, "..", 2) == 0)
			return -EINVAL;
		if (length && !(length == 1 && *name == '.')) {
			if ((size_t)(to - out) + length + 2 > PATH_MAX)
				return -ENAMETOOLONG;
			if (to > out)
				*to++ = '/';
			to = mempcpy(to, name, length);
		}
		name += length + (name[length] == '/');
	}
	*to = 0;
	return 0;
}

int intake_announce(struct intake *intake, struct archive_entry *entry, struct err *err)
{
	la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;

	if (size < 0 || (uint64_t)size > intake->left)
		return intake_too_much(intake, err);
	intake->left -= (uint64_t)size;
	return 0;
}

int intake_copy(struct intake *intake, struct archive_entry *entry, int out, struct err *err)
{
	bool announced = archive_entry_size_is_set(entry);
	uint64_t most = announced ? (uint64_t)archive_entry_size(entry) : intake->left, end = 0, written = 0;
	const void *block;
	la_int64_t offset;
	size_t size;
	int r, w = 0;

	while (w == 0 && (r = archive_read_data_block(intake->archive, &block, &size, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || (uint64_t)offset > most || size > most - (uint64_t)offset)
			return intake_too_much(intake, err);
		end = (uint64_t)offset + size > end ? (uint64_t)offset + size : end;
		if ((uint64_t)offset >= written && bytes_are_zero(block, size))
			continue;
		w = fd_pwrite_all(out, block, size, (uint64_t)offset);
		written = end;
	}
	if (w == 0 && r != ARCHIVE_EOF)
		return intake_damaged(intake, err);
	most = announced ? most : end;
	if (w == 0 && written < most && ftruncate(out, (off_t)most) < 0)
		w = -errno;
	intake->left -= announced ? 0 : end;
	return w < 0 ? err_sys(err, w, "cannot write the content of the archive") : 0;
}
