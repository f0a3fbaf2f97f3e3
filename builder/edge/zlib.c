#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "edge/pack.h"

/* Negative means raw deflate; 12 bits are all that QEMU gives a reader of qcow2. */
enum { WINDOW_BITS = -12, MEMORY_LEVEL = 9 };

static _Noreturn void zlib_failed(void)
{
	fputs("aether-build: zlib cannot compress: out of memory\n", stderr);
	exit(1);
}

static void *deflate_open(void)
{
	z_stream *stream = calloc(1, sizeof *stream);

	if (!stream || deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
				    Z_DEFAULT_STRATEGY) != Z_OK)
		zlib_failed();
	return stream;
}

static void deflate_close(void *state)
{
	deflateEnd(state);
	free(state);
}

static size_t deflate_pack(void *state, const void *in, size_t size, void *out, size_t capacity)
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

const struct packer packer_deflate = {deflate_open, deflate_close, deflate_pack};
