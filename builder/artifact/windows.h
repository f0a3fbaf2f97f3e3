/* The walk through a source that all image formats share: it is read in windows, on all cores; what is zeros is found,
 * and what is not may be compressed; then the windows are handed on in order. Only so many of them are in memory at
 * once. */
#ifndef ARTIFACT_WINDOWS_H
#define ARTIFACT_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#include "artifact/source.h"
#include "edge/pack.h"

enum { CLUSTER_BYTES = 1 << 16, WINDOW_CLUSTERS = 16, WINDOW_BYTES = WINDOW_CLUSTERS * CLUSTER_BYTES };

enum cluster_state {
	CLUSTER_ZEROS,
	CLUSTER_PLAIN,  /* `bytes` are CLUSTER_BYTES as they are; the next cluster's follow them in memory */
	CLUSTER_PACKED, /* `bytes` are `size` bytes, compressed */
};

struct cluster {
	enum cluster_state state;
	const uint8_t *bytes;
	size_t size;
};

struct window {
	uint64_t offset;             /* on the disk, a multiple of WINDOW_BYTES; past the end of the disk are zeros */
	struct cluster clusters[WINDOW_CLUSTERS];
};

/* How many plain clusters follow each other from the one with index `first` on. */
size_t window_run(const struct window *window, size_t first);

/* Takes a window; one at a time, by rising offset. */
typedef int window_put(void *data, const struct window *window, struct err *err);

/* Walks through `source`; windows that are a hole all over are left out. With a `packer` (may be NULL) a cluster that it
 * makes smaller by a sixteenth at least comes packed. What is handed on does not depend on the number of threads. */
int windows_walk(const struct image_source *source, const struct packer *packer, window_put *put, void *data,
		struct err *err);

#endif
