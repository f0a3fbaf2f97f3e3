#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "edge/pack.h"

/* Negative means raw deflate; 12 bits are all that QEMU gives a reader of qcow2. Sixteen more than the usual 15 mean
 * gzip, whose header has no time and no name. */
enum { RAW_WINDOW_BITS = -12, GZIP_WINDOW_BITS = 15 + 16, MEMORY_LEVEL = 9 };

static _Noreturn void zlib_failed(void)
{
	fputs("aether-build: zlib: out of memory\n", stderr);
	exit(1);
}

static void *zlib_open_with(int window_bits)
{
	z_stream *stream = calloc(1, sizeof *stream);

	if (!stream || deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, MEMORY_LEVEL,
				    Z_DEFAULT_STRATEGY) != Z_OK)
		zlib_failed();
	return stream;
}

static void *zlib_deflate_open(void)
{
	return zlib_open_with(RAW_WINDOW_BITS);
}

static void *zlib_gzip_open(void)
{
	return zlib_open_with(GZIP_WINDOW_BITS);
}

static void zlib_deflate_close(void *state)
{
	deflateEnd(state);
	free(state);
}

static size_t zlib_deflate_pack(void *state, const void *in, size_t size, void *out, size_t capacity)
{
	z_stream *stream = state;

	if (deflateReset(stream) != Z_OK)
		zlib_failed();
	stream->next_in = (Bytef *)in; /* zlib does not write there */
	stream->avail_in = (uInt)size;
	stream->next_out = out;
	stream->avail_out = (uInt)capacity;
	return deflate(stream, Z_FINISH) == Z_STREAM_END ? capacity - stream->avail_out : 0;
}

bool unpack_deflate(const void *in, size_t in_size, void *out, size_t size)
{
	z_stream stream = {.next_in = (Bytef *)in, .avail_in = (uInt)in_size, .next_out = out, .avail_out = (uInt)size};
	bool good;

	if (inflateInit2(&stream, RAW_WINDOW_BITS) != Z_OK)
		zlib_failed();
	good = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0;
	inflateEnd(&stream);
	return good;
}

const struct packer packer_deflate = {zlib_deflate_open, zlib_deflate_close, zlib_deflate_pack};
const struct packer packer_gzip = {zlib_gzip_open, zlib_deflate_close, zlib_deflate_pack};
