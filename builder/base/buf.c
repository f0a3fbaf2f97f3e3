#include "base/buf.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void buf_out_of_memory(void)
{
	fputs("aether-build: out of memory\n", stderr);
	exit(1);
}

void *buf_reserve(struct buf *buf, size_t extra)
{
	size_t need = buf->size + extra + 1;

	if (need <= extra || need > SIZE_MAX / 2)
		buf_out_of_memory();
	if (need > buf->capacity) {
		size_t capacity = buf->capacity ? buf->capacity : 256;

		while (capacity < need)
			capacity *= 2;
		buf->data = realloc(buf->data, capacity);
		if (!buf->data)
			buf_out_of_memory();
		buf->capacity = capacity;
		buf->data[buf->size] = 0;
	}
	return buf->data + buf->size;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	char *to = buf_reserve(buf, size);

	if (size)
		memcpy(to, data, size);
	buf->size += size;
	buf->data[buf->size] = 0;
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (length < 0)
		return;
	buf_reserve(buf, (size_t)length);
	va_start(ap, format);
	vsnprintf(buf->data + buf->size, (size_t)length + 1, format, ap);
	va_end(ap);
	buf->size += (size_t)length;
}

void buf_add_u8(struct buf *buf, uint8_t value)
{
	buf_add(buf, &value, sizeof value);
}

void buf_add_le16(struct buf *buf, uint16_t value)
{
	value = htole16(value);
	buf_add(buf, &value, sizeof value);
}

void buf_add_le32(struct buf *buf, uint32_t value)
{
	value = htole32(value);
	buf_add(buf, &value, sizeof value);
}

void buf_add_le64(struct buf *buf, uint64_t value)
{
	value = htole64(value);
	buf_add(buf, &value, sizeof value);
}

void buf_add_be32(struct buf *buf, uint32_t value)
{
	value = htobe32(value);
	buf_add(buf, &value, sizeof value);
}

void buf_add_be64(struct buf *buf, uint64_t value)
{
	value = htobe64(value);
	buf_add(buf, &value, sizeof value);
}

void buf_align(struct buf *buf, size_t alignment)
{
	size_t pad = (alignment - buf->size % alignment) % alignment;

	if (pad) {
		memset(buf_reserve(buf, pad), 0, pad);
		buf->size += pad;
		buf->data[buf->size] = 0;
	}
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
