#include "machine/disks/publish_shadows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/root/format_state.h"
#include "machine/root/media.h"
#include "machine/say.h"

static const char publish_text[] = "aether: all that is to be on this disk is there but for its first block, which is at ";

/* Holes are looked for behind what partition tables and headers have at the begin. */
enum { SEARCH_FROM = 1 << 20 };

static int publish_sync(int fd)
{
	return fsync(fd) < 0 ? -errno : 0;
}

/* A block that nothing is written to, before the last mebibyte. */
static int64_t publish_find_hole(int from)
{
	int64_t end = lseek(from, 0, SEEK_END), at = SEARCH_FROM, hole, data;

	while (at < end) {
		hole = lseek(from, at, SEEK_HOLE);
		if (hole < 0 || hole >= end)
			break;
		hole = (hole + DISK_MARKER_BYTES - 1) / DISK_MARKER_BYTES * DISK_MARKER_BYTES;
		data = lseek(from, hole, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			data = end;
		if (data - hole >= DISK_MARKER_BYTES)
			return hole;
		at = data < hole ? end : data;
	}
	return -ENOSPC;
}

static int publish_copy_block(int from, int64_t from_at, int to, int64_t to_at)
{
	uint8_t block[DISK_MARKER_BYTES];

	if (read_all(from, block, sizeof block, from_at) != sizeof block)
		return -EIO;
	return write_all(to, block, sizeof block, to_at);
}

static int publish_mark(struct published *disk)
{
	uint8_t marker[DISK_MARKER_BYTES];
	int r;

	disk->first = publish_find_hole(disk->from);
	if (disk->first < 0)
		return (int)disk->first;
	media_marker(marker);
	r = write_all(disk->to, marker, sizeof marker, 0);
	return r == 0 ? publish_sync(disk->to) : r;
}

static int publish_data(struct published *disk)
{
	uint8_t marker[DISK_MARKER_BYTES] = {0};
	int r = format_copy_data(disk->from, disk->to, DISK_MARKER_BYTES);

	if (r == 0)
		r = publish_copy_block(disk->from, 0, disk->to, disk->first);
	if (r == 0)
		r = publish_sync(disk->to);
	snprintf((char *)marker, sizeof marker, "%s%lld\n", publish_text, (long long)disk->first);
	if (r == 0)
		r = write_all(disk->to, marker, sizeof marker, 0);
	return r == 0 ? publish_sync(disk->to) : r;
}

int64_t publish_offset(int disk)
{
	char block[DISK_MARKER_BYTES + 1] = "", *end;
	int64_t bytes = lseek(disk, 0, SEEK_END), at;

	if (read_all(disk, block, DISK_MARKER_BYTES, 0) != DISK_MARKER_BYTES ||
	    strncmp(block, publish_text, sizeof publish_text - 1) != 0)
		return 0;
	at = strtoll(block + sizeof publish_text - 1, &end, 10);
	return *end == '\n' && at >= SEARCH_FROM && at % DISK_MARKER_BYTES == 0 && at <= bytes - DISK_MARKER_BYTES ? at : 0;
}

int publish_finish(int disk)
{
	static const uint8_t zeros[DISK_MARKER_BYTES];
	int64_t at = publish_offset(disk);
	int r = at ? publish_copy_block(disk, at, disk, 0) : 0;

	if (r == 0 && at)
		r = publish_sync(disk);
	return r == 0 && at ? write_all(disk, zeros, sizeof zeros, at) : r;
}

int publish(struct published *disks, unsigned n)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < n; i++)
		r = publish_mark(&disks[i]);
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = publish_data(&disks[i]);
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = publish_finish(disks[i].to);
	return r;
}
