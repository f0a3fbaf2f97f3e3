/* Compressed files as streams of plain bytes, by libarchive. */
#ifndef EDGE_STREAM_H
#define EDGE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct stream; /* a compressed file being read */

/* Opens the file `path`, compressed by whatever libarchive recognises (xz, gzip, zstd, …) or not at all. What comes out is
 * limited to `max_bytes`: a decompression bomb is an error, not a full memory. */
int stream_open(const char *path, uint64_t max_bytes, struct stream **ret_stream, struct err *err);

/* Whether libarchive recognised a compression. */
bool stream_is_packed(const struct stream *stream);

/* Reads up to `size` plain bytes. Returns how many, 0 at the end, -EBADMSG for a damaged stream, -EFBIG for a bomb. */
ptrdiff_t stream_read(struct stream *stream, void *out, size_t size, struct err *err);

/* NULL is fine. */
void stream_close(struct stream *stream);

static inline void stream_closep(struct stream **stream)
{
	stream_close(*stream);
}
#define _cleanup_stream_ __attribute__((cleanup(stream_closep)))

#endif
