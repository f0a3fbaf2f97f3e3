/* Numbers in bytes of a file, wherever they stand: be, the most significant byte first; le, the least. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t bytes_be16(const void *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof value);
	return be16toh(value);
}

static inline uint32_t bytes_be32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof value);
	return be32toh(value);
}

static inline uint64_t bytes_be64(const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof value);
	return be64toh(value);
}

static inline uint16_t bytes_le16(const void *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof value);
	return le16toh(value);
}

static inline uint32_t bytes_le32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof value);
	return le32toh(value);
}

#endif
