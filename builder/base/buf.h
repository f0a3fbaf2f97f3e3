/* A growing byte buffer, always followed by a NUL so that text can be used in place. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL while empty; otherwise data[size] == 0 */
	size_t size, capacity;
};

/* Makes room for `extra` more bytes and returns where they go; `size` is not changed. */
void *buf_reserve(struct buf *buf, size_t extra);
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fixed-width integers, for on-disk formats. */
void buf_add_u8(struct buf *buf, uint8_t value);
void buf_add_le16(struct buf *buf, uint16_t value);
void buf_add_le32(struct buf *buf, uint32_t value);
void buf_add_le64(struct buf *buf, uint64_t value);
void buf_add_be32(struct buf *buf, uint32_t value);
void buf_add_be64(struct buf *buf, uint64_t value);

/* Appends zeros until the size is a multiple of `alignment`. */
void buf_align(struct buf *buf, size_t alignment);
void buf_free(struct buf *buf);

#define _cleanup_buf_ __attribute__((cleanup(buf_free)))

#endif
