#include "disk/disk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static void disk_add(struct disk *disk, struct disk_extent extent)
{
	if (extent.length)
		*arena_push(disk->arena, disk->extents, disk->n_extents) = extent;
}

void disk_add_memory(struct disk *disk, uint64_t offset, const void *data, uint64_t length)
{
	disk_add(disk, (struct disk_extent){.offset = offset, .length = length, .data = data, .fd = -1});
}

void disk_own(struct disk *disk, int fd)
{
	*arena_push(disk->arena, disk->fds, disk->n_fds) = fd;
}

void disk_close(struct disk *disk)
{
	for (size_t i = 0; i < disk->n_fds; i++)
		close(disk->fds[i]);
	*disk = (struct disk){0};
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

/* Adds the blocks of `data`, which stands at `at` of the file, that are not zeros; neighbours become one extent. */
static void disk_add_blocks(struct disk *disk, struct disk_extent *open, const char *data, uint64_t at, size_t size)
{
	for (size_t done = 0; done < size; done += DISK_BLOCK) {
		size_t n = size - done < DISK_BLOCK ? size - done : DISK_BLOCK;

		if (bytes_are_zero(data + done, n))
			continue;
		if (open->fd_offset + open->length != at + done) {
			uint64_t base = open->offset - open->fd_offset;

			disk_add(disk, *open);
			*open = (struct disk_extent){.offset = base + at + done, .fd = open->fd, .fd_offset = at + done};
		}
		open->length += n;
	}
}

int disk_add_file(struct disk *disk, uint64_t offset, int fd, uint64_t length, struct err *err)
{
	static const size_t CHUNK = 1 << 20;
	struct disk_extent open = {.offset = offset, .fd = fd};
	char *chunk = malloc(CHUNK);
	uint64_t at = 0;
	int r = chunk ? 0 : err_no_memory(err);

	while (r == 0 && at < length) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		size_t n;

		if (data < 0 && errno == ENXIO)
			break; /* nothing but a hole up to the end */
		if (data > (off_t)at)
			at = (uint64_t)data / DISK_BLOCK * DISK_BLOCK;
		if (at >= length)
			break;
		n = length - at < CHUNK ? (size_t)(length - at) : CHUNK;
		r = fd_pread_all(fd, chunk, n, at);
		if (r < 0)
			err_sys(err, r, "cannot read the data for byte %" PRIu64 " of the disk", offset + at);
		else
			disk_add_blocks(disk, &open, chunk, at, n);
		at += n;
	}
	if (r == 0)
		disk_add(disk, open);
	free(chunk);
	return r;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static int disk_by_offset(const void *a, const void *b)
{
	const struct disk_extent *one = a, *other = b;

	return one->offset < other->offset ? -1 : one->offset > other->offset;
}

int disk_finish(struct disk *disk, struct err *err)
{
	uint64_t end = 0;

	if (disk->n_extents)
		qsort(disk->extents, disk->n_extents, sizeof *disk->extents, disk_by_offset);
	for (size_t i = 0; i < disk->n_extents; i++) {
		const struct disk_extent *extent = &disk->extents[i];

		if (extent->offset < end)
			return err_set(err, -EINVAL, "bug: two extents of the disk overlap at byte %" PRIu64, extent->offset);
		if (extent->offset > disk->size_bytes || extent->length > disk->size_bytes - extent->offset)
			return err_set(err, -EINVAL, "bug: the extent at byte %" PRIu64 " leaves the disk of %" PRIu64 " bytes",
				       extent->offset, disk->size_bytes);
		end = extent->offset + extent->length;
	}
	return 0;
}

/* The first extent that ends after `offset`; n_extents when there is none. */
static size_t disk_find(const struct disk *disk, uint64_t offset)
{
	size_t low = 0, high = disk->n_extents;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (disk->extents[middle].offset + disk->extents[middle].length > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t disk_next_data(const struct disk *disk, uint64_t offset)
{
	size_t i = disk_find(disk, offset);

	if (i == disk->n_extents)
		return disk->size_bytes;
	return disk->extents[i].offset > offset ? disk->extents[i].offset : offset;
}

static int disk_read_extent(const struct disk_extent *extent, uint64_t skip, void *out, size_t n, struct err *err)
{
	int r;

	if (extent->data) {
		memcpy(out, (const char *)extent->data + skip, n);
		return 0;
	}
	r = fd_pread_all(extent->fd, out, n, extent->fd_offset + skip);
	return r < 0 ? err_sys(err, r, "cannot read the data for byte %" PRIu64 " of the disk", extent->offset + skip)
		     : 0;
}

int disk_read(const struct disk *disk, uint64_t offset, void *out, size_t size, struct err *err)
{
	char *to = out;

	if (offset > disk->size_bytes || size > disk->size_bytes - offset)
		return err_set(err, -EINVAL, "bug: a read of %zu bytes at byte %" PRIu64 " exceeds the disk", size,
			       offset);
	for (size_t i = disk_find(disk, offset); size; i++) {
		const struct disk_extent *extent = i < disk->n_extents ? &disk->extents[i] : NULL;
		size_t n = size, skip = 0;
		int r;

		if (!extent || extent->offset > offset) { /* a hole first */
			if (extent && extent->offset - offset < n)
				n = (size_t)(extent->offset - offset);
			memset(to, 0, n);
			to += n;
			offset += n;
			size -= n;
		}
		if (!extent || !size)
			break;
		skip = (size_t)(offset - extent->offset);
		n = extent->length - skip < size ? (size_t)(extent->length - skip) : size;
		r = disk_read_extent(extent, skip, to, n, err);
		if (r < 0)
			return r;
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}
