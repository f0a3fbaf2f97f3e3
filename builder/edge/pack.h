/* Compression of pieces of memory, one by one, for formats that can be read in pieces. Each packer is the one file of
 * its library. The same piece always becomes the same bytes. */
#ifndef EDGE_PACK_H
#define EDGE_PACK_H

#include <stdbool.h>
#include <stddef.h>

struct packer {
	/* What one thread at a time works with; never NULL, ended by close(). */
	void *(*open)(void);
	void (*close)(void *state);
	/* Packs `size` bytes of `in` into `out` and returns how many they became; 0 when they need more than
	 * `capacity`. */
	size_t (*pack)(void *state, const void *in, size_t size, void *out, size_t capacity);
};

/* The way back: whether `in` begins with a piece that becomes exactly `size` bytes of `out`. What follows it is not
 * looked at. */
typedef bool unpack(const void *in, size_t in_size, void *out, size_t size);

unpack unpack_deflate, unpack_zstd;

/* A raw deflate stream (RFC 1951, no zlib header) that needs a window of 4 KiB, by zlib. */
extern const struct packer packer_deflate;

/* One member of a gzip file (RFC 1952), by zlib. Members that follow each other are one file. */
extern const struct packer packer_gzip;

/* One frame (RFC 8878) of level 3 with its content's size and no checksum, by libzstd. */
extern const struct packer packer_zstd;

#endif
