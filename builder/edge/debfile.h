/* Compressed streams and archives by libarchive; Debian packages (deb(5)). */
#ifndef EDGE_DEBFILE_H
#define EDGE_DEBFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct archive_stream; /* a compressed file being read */

/* Opens the file `path`, compressed by whatever libarchive recognises (xz, gzip, zstd, …) or not at all. What comes out is
 * limited to `max_bytes`: a decompression bomb is an error, not a full memory. */
int archive_stream_open(const char *path, uint64_t max_bytes, struct archive_stream **ret_stream, struct err *err);

/* Reads up to `size` plain bytes. Returns how many, 0 at the end, -EBADMSG for a damaged stream, -EFBIG for a bomb. */
ptrdiff_t archive_stream_read(struct archive_stream *stream, void *out, size_t size, struct err *err);

/* NULL is fine. */
void archive_stream_close(struct archive_stream *stream);

static inline void archive_stream_closep(struct archive_stream **stream)
{
	archive_stream_close(*stream);
}
#define _cleanup_archive_stream_ __attribute__((cleanup(archive_stream_closep)))

/* Writes the package `deb` anew as `flat`, with members that are not compressed: whoever reads it often waits for no
 * decompressor. At most `max_bytes` come out, else -EFBIG. -EBADMSG for what is not a package. */
int archive_flatten_deb(const char *deb, const char *flat, uint64_t max_bytes, struct err *err);

/* Appends the control file (deb-control(5)) of the package `deb` to `control`. */
int archive_deb_control(const char *deb, struct buf *control, struct err *err);

/* Whether a path of a package ("/usr/share/doc/x") is wanted. */
typedef bool archive_filter(void *data, const char *path);

/* Unpacks the files of the package `deb` into the folder `root`, with the ids and modes that they have in the package. Symbolic
 * links are followed as if `root` were the file system's root, so nothing is written outside of it. Refused (-EBADMSG) are
 * absolute paths, `..`, devices, pipes and sockets, and files that claim more than `max_bytes` together. */
int archive_unpack_deb(const char *deb, const char *root, uint64_t max_bytes, archive_filter *wanted, void *data,
		       struct err *err);

#endif
