#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "edge/pack.h"

/* zstd's own default: QEMU writes qcow2 with it too. */
enum { LEVEL = 3 };

static _Noreturn void zstd_failed(const char *why)
{
	fprintf(stderr, "aether-build: zstd cannot compress: %s\n", why);
	exit(1);
}

static void *zstd_open(void)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (!context)
		zstd_failed("out of memory");
	return context;
}

static void zstd_close(void *state)
{
	ZSTD_freeCCtx(state);
}

static size_t zstd_pack(void *state, const void *in, size_t size, void *out, size_t capacity)
{
	size_t n = ZSTD_compressCCtx(state, out, capacity, in, size, LEVEL);

	if (!ZSTD_isError(n))
		return n;
	if (ZSTD_getErrorCode(n) != ZSTD_error_dstSize_tooSmall)
		zstd_failed(ZSTD_getErrorName(n));
	return 0;
}

bool unpack_zstd(const void *in, size_t in_size, void *out, size_t size)
{
	size_t frame = ZSTD_findFrameCompressedSize(in, in_size);

	return !ZSTD_isError(frame) && ZSTD_decompress(out, size, in, frame) == size;
}

const struct packer packer_zstd = {zstd_open, zstd_close, zstd_pack};
