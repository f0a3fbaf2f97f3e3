#include "machine/secrets/iso9660.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "machine/say.h"

/* ECMA-119, 8.4: the primary volume descriptor, and in it 9.1: the record of the top folder. */
enum {
	SECTOR = 2048,
	DESCRIPTOR = 16 * SECTOR,
	LABEL = 40, LABEL_BYTES = 32,
	BLOCK_SIZE = 128,
	TOP = 156,
	RECORD_EXTENT = 2, RECORD_SIZE = 10, RECORD_FLAGS = 25, RECORD_NAME_LENGTH = 32, RECORD_NAME = 33,
	FLAG_FOLDER = 2, FLAG_GOES_ON = 0x80,
	TOP_MAX = 32 * SECTOR,         /* of a folder's bytes that are looked at */
};

static uint32_t iso9660_number(const uint8_t *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof number);
	return le32toh(number);
}

static bool iso9660_has_label(const uint8_t *descriptor, const char *label)
{
	size_t n = strlen(label);

	if (memcmp(descriptor, "\1CD001\1", 7) != 0 || memcmp(descriptor + LABEL, label, n) != 0)
		return false;
	for (; n < LABEL_BYTES; n++)
		if (descriptor[LABEL + n] != ' ' && descriptor[LABEL + n] != 0)
			return false;
	return true;
}

/* "IDENTITY.;1" is identity. */
static bool iso9660_is_called(const uint8_t *record, const char *name)
{
	const char *there = (const char *)record + RECORD_NAME;
	size_t n = record[RECORD_NAME_LENGTH], length = strlen(name);
	const char *version = memchr(there, ';', n);

	if (version)
		n = (size_t)(version - there);
	if (n > length && there[n - 1] == '.')
		n--;
	return n == length && strncasecmp(there, name, n) == 0;
}

/* Looks through a sector of the folder: its records do not reach into the next. */
static int iso9660_look(const uint8_t sector[SECTOR], const char *name, struct iso9660_file *ret_file)
{
	for (size_t at = 0; at < SECTOR && sector[at]; at += sector[at]) {
		const uint8_t *record = sector + at;

		if (record[0] <= RECORD_NAME || at + record[0] > SECTOR ||
		    RECORD_NAME + record[RECORD_NAME_LENGTH] > record[0])
			return -EINVAL;
		if ((record[RECORD_FLAGS] & FLAG_FOLDER) || !iso9660_is_called(record, name))
			continue;
		ret_file->offset = (int64_t)iso9660_number(record + RECORD_EXTENT) * SECTOR;
		ret_file->size = iso9660_number(record + RECORD_SIZE);
		return record[RECORD_FLAGS] & FLAG_GOES_ON ? -EINVAL : 0;
	}
	return -ENOENT;
}

int iso9660_find(int fd, const char *label, const char *name, struct iso9660_file *ret_file)
{
	uint8_t sector[SECTOR];
	ssize_t n = read_all(fd, sector, sizeof sector, DESCRIPTOR);
	int64_t offset, end;
	int r = -ENOENT;

	if (n != SECTOR || !iso9660_has_label(sector, label))
		return n < 0 ? (int)n : -ENOENT;
	if (sector[BLOCK_SIZE] != (SECTOR & 0xff) || sector[BLOCK_SIZE + 1] != SECTOR >> 8)
		return -EINVAL;
	offset = (int64_t)iso9660_number(sector + TOP + RECORD_EXTENT) * SECTOR;
	end = offset + iso9660_number(sector + TOP + RECORD_SIZE);
	for (int64_t at = offset; r == -ENOENT && at < end && at < offset + TOP_MAX; at += SECTOR) {
		n = read_all(fd, sector, sizeof sector, at);
		if (n != SECTOR)
			return n < 0 ? (int)n : -EINVAL;
		r = iso9660_look(sector, name, ret_file);
	}
	return r;
}
