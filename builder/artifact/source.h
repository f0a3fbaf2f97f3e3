/* Where the bytes of an image come from: anything that can be read in parallel and knows its holes. */
#ifndef ARTIFACT_SOURCE_H
#define ARTIFACT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct image_source {
	uint64_t size_bytes;
	void *data;                  /* handed to: */
	/* Fills `out` with `size` bytes from `offset`; for any thread, for several at once. */
	int (*read)(void *data, uint64_t offset, void *out, size_t size, struct err *err);
	/* The first byte at or after `offset` that may be other than zero; size_bytes when there is none. */
	uint64_t (*next_data)(void *data, uint64_t offset);
};

#endif
