#include "machine/root/media.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/image.h"
#include "machine/root/drives.h"
#include "machine/say.h"

/* Where signatures are: tables of partitions, and nearly all of the file systems, RAIDs and volume managers that there are,
 * have them in the first or the last mebibytes. Samples in between find a file system whose begin was wiped, and data without
 * any name. */
enum { EDGE_BYTES = 4 << 20, SAMPLE_BYTES = 64 << 10, SAMPLES = 64, SECTOR = 512 };

/* ext4, Documentation/filesystems/ext4/super.rst: the superblock is at 1024, and in it: */
enum { EXT4_SUPERBLOCK = 1024, EXT4_BYTES = 1024, EXT4_MAGIC = 56, EXT4_LABEL = 120, EXT4_LABEL_BYTES = 16 };

void media_marker(uint8_t block[DISK_MARKER_BYTES])
{
	static const char text[] = "aether: a file system is being made on this disk, which was blank\n";

	memset(block, 0, DISK_MARKER_BYTES);
	memcpy(block, text, sizeof text - 1);
}

bool media_label(const char *path, char ret_label[17])
{
	uint8_t block[EXT4_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_all(fd, block, sizeof block, EXT4_SUPERBLOCK);

	if (fd >= 0)
		close(fd);
	if (n != sizeof block || block[EXT4_MAGIC] != 0x53 || block[EXT4_MAGIC + 1] != 0xef)
		return false;
	memcpy(ret_label, block + EXT4_LABEL, EXT4_LABEL_BYTES);
	ret_label[EXT4_LABEL_BYTES] = 0;
	return true;
}

/* --- blank disks ----------------------------------------------------------------------------------------------------- */

static bool media_are_zero(int fd, uint64_t from, uint64_t bytes)
{
	static const uint8_t zeros[SAMPLE_BYTES];
	static uint8_t chunk[SAMPLE_BYTES];

	while (bytes) {
		size_t n = bytes < sizeof chunk ? (size_t)bytes : sizeof chunk;

		if (read_all(fd, chunk, n, (int64_t)from) != (ssize_t)n || memcmp(chunk, zeros, n) != 0)
			return false;
		from += n;
		bytes -= n;
	}
	return true;
}

static bool media_has_marker(int fd)
{
	static uint8_t wanted[DISK_MARKER_BYTES], there[DISK_MARKER_BYTES];

	media_marker(wanted);
	return read_all(fd, there, sizeof there, 0) == sizeof there && memcmp(wanted, there, sizeof there) == 0;
}

static bool media_is_zero(int fd, uint64_t size)
{
	bool zero;

	if (size < 2 * (uint64_t)EDGE_BYTES)
		return size > 0 && media_are_zero(fd, 0, size);
	zero = media_are_zero(fd, 0, EDGE_BYTES) && media_are_zero(fd, size - EDGE_BYTES, EDGE_BYTES);
	for (uint64_t i = 1; zero && i < SAMPLES; i++) /* (multiplied in this order, a disk may have 2^57 bytes) */
		zero = media_are_zero(fd, size / SAMPLES / SAMPLE_BYTES * SAMPLE_BYTES * i, SAMPLE_BYTES);
	return zero;
}

bool media_is_blank(const char *path, uint64_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool blank;

	if (fd < 0)
		return false;
	blank = media_has_marker(fd) || media_is_zero(fd, size);
	close(fd);
	return blank;
}

/* --- one disk -------------------------------------------------------------------------------------------------------- */

static void media_take_text(const char *text, size_t length, char ret_serial[DISK_SERIAL])
{
	size_t n = 0;

	while (length && (*text == ' ' || *text == 0))
		text++, length--;
	for (; length && n < DISK_SERIAL - 1 && *text > ' ' && *text <= '~'; text++, length--)
		ret_serial[n++] = *text;
	ret_serial[n] = 0;
}

/* virtio-blk and NVMe have a line; SCSI (and SATA behind it) page 0x80 of the vital product data (SPC-4, 7.8.15): the text is
 * behind four bytes, the last two of which are its length. */
void media_serial(const char *sys, const char *name, char ret_serial[DISK_SERIAL])
{
	static const char *const lines[] = {"serial", "device/serial"};
	char path[256], page[256];
	int n;

	*ret_serial = 0;
	for (size_t i = 0; i < sizeof lines / sizeof *lines && !*ret_serial; i++) {
		snprintf(path, sizeof path, "%s/class/block/%s/%s", sys, name, lines[i]);
		n = read_line(path, page, sizeof page);
		if (n > 0)
			media_take_text(page, (size_t)n, ret_serial);
	}
	if (*ret_serial)
		return;
	snprintf(path, sizeof path, "%s/class/block/%s/device/vpd_pg80", sys, name);
	n = read_line(path, page, sizeof page);
	if (n > 4 && (uint8_t)page[1] == 0x80)
		media_take_text(page + 4, (size_t)n - 4, ret_serial);
}

static uint64_t media_read_number(const char *sys, const char *name, const char *file)
{
	char path[256], line[32];

	snprintf(path, sizeof path, "%s/class/block/%s/%s", sys, name, file);
	return read_line(path, line, sizeof line) > 0 ? strtoull(line, NULL, 10) : 0;
}

static void media_note_label(const char *dev, const char *device, struct state_disk *disk)
{
	char path[256], label[17];

	snprintf(path, sizeof path, "%s/%s", dev, device);
	if (!media_label(path, label) || strlen(device) >= DISK_NAME)
		return;
	if (strcmp(label, STATE_LABEL) == 0)
		strcpy(disk->state, device);
	if (strcmp(label, STATE_LABEL_COMING) == 0)
		strcpy(disk->coming, device);
}

static bool media_is_slot(const char *sys, const char *disk, const char *partition)
{
	char path[512], uevent[1024];

	snprintf(path, sizeof path, "%s/class/block/%s/%s/uevent", sys, disk, partition);
	return read_line(path, uevent, sizeof uevent) > 0 && strstr(uevent, "PARTNAME=" LABEL_ROOT) != NULL;
}

/* Its partitions are folders of its own, with a file of that name. */
static void media_look_for_labels(const char *sys, const char *dev, struct state_disk *disk)
{
	char path[512];
	struct dirent *entry;
	DIR *folder;

	media_note_label(dev, disk->name, disk);
	snprintf(path, sizeof path, "%s/class/block/%s", sys, disk->name);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		if (strncmp(entry->d_name, disk->name, strlen(disk->name)) != 0 || strlen(entry->d_name) >= DISK_NAME)
			continue;
		snprintf(path, sizeof path, "%s/class/block/%s/%s/partition", sys, disk->name, entry->d_name);
		if (access(path, F_OK) != 0)
			continue;
		media_note_label(dev, entry->d_name, disk);
		disk->system |= media_is_slot(sys, disk->name, entry->d_name);
	}
	if (folder)
		closedir(folder);
}

size_t media_look(const char *sys, const char *dev, const char *without, struct state_disk disks[DISKS_MAX])
{
	char names[DISKS_MAX * DISK_NAME], path[256], *rest = names, *name;
	size_t n = 0;

	drives_list(sys, names, sizeof names);
	while (n < DISKS_MAX && (name = strsep(&rest, ", "))) {
		struct state_disk *disk = &disks[n];

		if (!*name || strlen(name) >= DISK_NAME || strcmp(name, without) == 0 || media_read_number(sys, name, "ro"))
			continue;
		*disk = (struct state_disk){.size_bytes = media_read_number(sys, name, "size") * SECTOR};
		strcpy(disk->name, name);
		snprintf(path, sizeof path, "%s/%s", dev, name);
		media_serial(sys, name, disk->serial);
		media_look_for_labels(sys, dev, disk);
		disk->blank = !*disk->state && !*disk->coming && disk->size_bytes >= 2 * (uint64_t)EDGE_BYTES &&
			      media_is_blank(path, disk->size_bytes);
		n++;
	}
	return n;
}
