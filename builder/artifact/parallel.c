#include "artifact/parallel.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/pool.h"

/* Large enough that what a piece cannot know of the one before it costs next to nothing. What does not shrink grows: a little
 * for every piece of it. */
enum { PIECE_BYTES = 1 << 20, PACKED_BYTES = PIECE_BYTES + PIECE_BYTES / 256 };

enum { PIECES_PER_THREAD = 4, PIECES_MAX = 256 };

struct piece {
	uint8_t *bytes, *packed;
	size_t size, packed_size;
	void *state; /* of the packer */
};

struct parallel {
	const struct packer *packer;
	parallel_sink *sink;
	void *data;
	struct piece *items;
	size_t capacity;
	size_t n;    /* that have bytes; all but the last are full */
};

static void *parallel_must(void *memory)
{
	if (memory)
		return memory;
	fputs("aether-build: out of memory\n", stderr);
	exit(1);
}

struct parallel *parallel_new(const struct packer *packer, parallel_sink *sink, void *data)
{
	struct parallel *parallel = parallel_must(calloc(1, sizeof *parallel));
	size_t wanted = (size_t)pool_threads() * PIECES_PER_THREAD;

	*parallel = (struct parallel){.packer = packer, .sink = sink, .data = data};
	parallel->capacity = wanted > PIECES_MAX ? PIECES_MAX : wanted;
	parallel->items = parallel_must(calloc(parallel->capacity, sizeof *parallel->items));
	for (size_t i = 0; i < parallel->capacity; i++) {
		parallel->items[i].bytes = parallel_must(malloc(PIECE_BYTES));
		parallel->items[i].packed = parallel_must(malloc(PACKED_BYTES));
		parallel->items[i].state = packer->open();
	}
	return parallel;
}

static int parallel_pack(void *data, size_t i, struct err *err)
{
	const struct parallel *parallel = data;
	struct piece *piece = &parallel->items[i];

	piece->packed_size = parallel->packer->pack(piece->state, piece->bytes, piece->size, piece->packed, PACKED_BYTES);
	return piece->packed_size ? 0 : err_set(err, -EIO, "internal error: compressed data grew beyond its limit");
}

int parallel_finish(struct parallel *parallel, struct err *err)
{
	int r = pool_run(parallel->n, parallel_pack, parallel, err);

	for (size_t i = 0; r == 0 && i < parallel->n; i++)
		r = parallel->sink(parallel->data, parallel->items[i].packed, parallel->items[i].packed_size, err);
	for (size_t i = 0; i < parallel->n; i++)
		parallel->items[i].size = 0;
	parallel->n = 0;
	return r;
}

int parallel_add(struct parallel *parallel, const void *bytes, size_t size, struct err *err)
{
	const uint8_t *from = bytes;
	int r = 0;

	while (r == 0 && size > 0) {
		struct piece *piece = parallel->n ? &parallel->items[parallel->n - 1] : NULL;
		size_t room = piece ? PIECE_BYTES - piece->size : 0, n = size < room ? size : room;

		if (room == 0 && parallel->n == parallel->capacity) {
			r = parallel_finish(parallel, err);
		} else if (room == 0) {
			parallel->n++;
		} else {
			memcpy(piece->bytes + piece->size, from, n);
			piece->size += n;
			from += n;
			size -= n;
		}
	}
	return r;
}

void parallel_free(struct parallel *parallel)
{
	if (!parallel)
		return;
	for (size_t i = 0; i < parallel->capacity; i++) {
		parallel->packer->close(parallel->items[i].state);
		free(parallel->items[i].bytes);
		free(parallel->items[i].packed);
	}
	free(parallel->items);
	free(parallel);
}
