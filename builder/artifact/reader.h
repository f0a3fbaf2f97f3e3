/* Reading a disk out of the image file that it was written to. */
#ifndef ARTIFACT_READER_H
#define ARTIFACT_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct image_reader;

/* Opens an image for reading; `format` as image_write() knows it. Of qcow2 all that image_write() and qemu-img write without a
 * backing file, encryption or an external data file. -EBADMSG for what is no such image. Ended by image_close(). */
int image_open(const char *path, const char *format, struct image_reader **ret_reader, struct err *err);

/* Of the disk, in bytes. */
uint64_t image_size(const struct image_reader *reader);

/* The first byte at or after `from` that the image has something for, or its size: all before reads as zeros. */
int image_next_data(struct image_reader *reader, uint64_t from, uint64_t *ret_offset, struct err *err);

/* Fills `out` with `size` bytes from `offset` of the disk, all of which must be on it. */
int image_read_at(struct image_reader *reader, uint64_t offset, void *out, size_t size, struct err *err);

void image_close(struct image_reader *reader); /* NULL is fine */

#endif
