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

struct pieces {
	const struct packer *packer;
	pieces_sink *sink;
	void *data;
	struct piece *items;
	size_t capacity;
	size_t n;    /* that have bytes; all but the last are full */
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("aether-build: out of memory\n", stderr);
	exit(1);
}

struct pieces *pieces_new(const struct packer *packer, pieces_sink *sink, void *data)
{
	struct pieces *pieces = must(calloc(1, sizeof *pieces));
	size_t wanted = (size_t)pool_threads() * PIECES_PER_THREAD;

	*pieces = (struct pieces){.packer = packer, .sink = sink, .data = data};
	pieces->capacity = wanted > PIECES_MAX ? PIECES_MAX : wanted;
	pieces->items = must(calloc(pieces->capacity, sizeof *pieces->items));
	for (size_t i = 0; i < pieces->capacity; i++) {
		pieces->items[i].bytes = must(malloc(PIECE_BYTES));
		pieces->items[i].packed = must(malloc(PACKED_BYTES));
		pieces->items[i].state = packer->open();
	}
	return pieces;
}

static int pack(void *data, size_t i, struct err *err)
{
	const struct pieces *pieces = data;
	struct piece *piece = &pieces->items[i];

	piece->packed_size = pieces->packer->pack(piece->state, piece->bytes, piece->size, piece->packed, PACKED_BYTES);
	return piece->packed_size ? 0 : err_set(err, -EIO, "a piece grew by more than it may when it was compressed");
}

int pieces_finish(struct pieces *pieces, struct err *err)
{
	int r = pool_run(pieces->n, pack, pieces, err);

	for (size_t i = 0; r == 0 && i < pieces->n; i++)
		r = pieces->sink(pieces->data, pieces->items[i].packed, pieces->items[i].packed_size, err);
	for (size_t i = 0; i < pieces->n; i++)
		pieces->items[i].size = 0;
	pieces->n = 0;
	return r;
}

int pieces_add(struct pieces *pieces, const void *bytes, size_t size, struct err *err)
{
	const uint8_t *from = bytes;
	int r = 0;

	while (r == 0 && size > 0) {
		struct piece *piece = pieces->n ? &pieces->items[pieces->n - 1] : NULL;
		size_t room = piece ? PIECE_BYTES - piece->size : 0, n = size < room ? size : room;

		if (room == 0 && pieces->n == pieces->capacity) {
			r = pieces_finish(pieces, err);
		} else if (room == 0) {
			pieces->n++;
		} else {
			memcpy(piece->bytes + piece->size, from, n);
			piece->size += n;
			from += n;
			size -= n;
		}
	}
	return r;
}

void pieces_free(struct pieces *pieces)
{
	if (!pieces)
		return;
	for (size_t i = 0; i < pieces->capacity; i++) {
		pieces->packer->close(pieces->items[i].state);
		free(pieces->items[i].bytes);
		free(pieces->items[i].packed);
	}
	free(pieces->items);
	free(pieces);
}
