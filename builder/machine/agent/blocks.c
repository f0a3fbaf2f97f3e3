#include "machine/agent/blocks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/offer.h"
#include "machine/say.h"

enum { RUN_MAX = 64, TELL_MS = 500 };
_Static_assert((int)RUN_MAX <= (int)OFFER_GET_BLOCKS, "the builder gives no more at once");

/* --- objects --------------------------------------------------------------------------------------------------------- */

void object_init(struct object *object, const char *name, int fd, uint64_t size_bytes)
{
	*object = (struct object){.fd = fd, .size_bytes = size_bytes};
	snprintf(object->name, sizeof object->name, "%s", name);
	tree_shape((size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES, &object->shape);
	object->tree = calloc(object->shape.n_blocks - object->shape.n_data, BLOCK_BYTES);
	if (!object->tree)
		die("out of memory for the tree of %s", name);
}

/* Where a block of the tree is kept in memory. */
static uint8_t *blocks_tree_block(const struct object *object, uint64_t block)
{
	return object->tree + (block - object->shape.n_data - 1) * BLOCK_BYTES;
}

/* Reads a block from where it stands; false when it is not there. What is behind the end of a file is zeros. */
static bool blocks_read_there(const struct object *object, uint64_t block, uint8_t out[BLOCK_BYTES])
{
	ssize_t n = object->fd < 0 ? 0 : read_all(object->fd, out, BLOCK_BYTES, (int64_t)(block * BLOCK_BYTES));

	if (n <= 0)
		return false;
	memset(out + n, 0, BLOCK_BYTES - (size_t)n);
	return true;
}

static bool blocks_is_on_disk(const struct object *object, uint64_t block)
{
	return block < object->shape.n_data || object->has_tree;
}

static bool blocks_read_block(const struct object *object, uint64_t block, uint8_t out[BLOCK_BYTES])
{
	if (blocks_is_on_disk(object, block))
		return blocks_read_there(object, block, out);
	memcpy(out, blocks_tree_block(object, block), BLOCK_BYTES);
	return true;
}

static void blocks_write_block(const struct object *object, uint64_t block, const uint8_t bytes[BLOCK_BYTES])
{
	int r = write_all(object->fd, bytes, BLOCK_BYTES, (int64_t)(block * BLOCK_BYTES));

	if (r < 0)
		die("cannot write %s: %s", object->name, strerror(-r));
}

/* The digest that the i-th block of a rank must have: its parent, which must be known, says so. */
static const uint8_t *blocks_digest_of(const struct object *object, size_t rank, uint64_t i)
{
	if (rank == object->shape.n_levels)
		return object->root_hash;
	return blocks_tree_block(object, object->shape.levels[rank].first) + i * HASH_BYTES;
}

static bool blocks_is_block(const struct blocks *blocks, const uint8_t bytes[BLOCK_BYTES],
			    const uint8_t hash[HASH_BYTES])
{
	uint8_t is[HASH_BYTES];

	hash_salted(blocks->salt, sizeof blocks->salt, bytes, BLOCK_BYTES, is);
	return memcmp(is, hash, HASH_BYTES) == 0;
}

/* --- what is known --------------------------------------------------------------------------------------------------- */

static unsigned blocks_add_source(struct blocks *blocks, struct object *object)
{
	for (unsigned i = 0; i < blocks->n_objects; i++)
		if (blocks->objects[i] == object)
			return i;
	if (blocks->n_objects == OBJECTS_MAX)
		die("bug: more than %d objects", OBJECTS_MAX);
	blocks->objects[blocks->n_objects] = object;
	return blocks->n_objects++;
}

static void blocks_tell(struct blocks *blocks);

/* Computes the digests of a rank's blocks into the level above, or the root hash. */
static void blocks_hash_rank(struct blocks *blocks, struct object *object, size_t rank)
{
	const struct tree_level level = tree_rank(&object->shape, rank);
	uint8_t bytes[BLOCK_BYTES];

	for (uint64_t i = 0; i < level.n_blocks; i++) {
		uint8_t *hash = (uint8_t *)blocks_digest_of(object, rank, i);

		if (!blocks_read_block(object, level.first + i, bytes))
			memset(bytes, 0, sizeof bytes);
		hash_salted(blocks->salt, sizeof blocks->salt, bytes, BLOCK_BYTES, hash);
		blocks_tell(blocks);
	}
}

static void blocks_know_rank(struct blocks *blocks, struct object *object, size_t rank)
{
	const struct tree_level level = tree_rank(&object->shape, rank);
	unsigned source = blocks_add_source(blocks, object);

	for (uint64_t i = 0; i < level.n_blocks; i++)
		known_add(&blocks->known, blocks_digest_of(object, rank, i),
			  (struct known_block){source, level.first + i});
}

void blocks_know(struct blocks *blocks, struct object *object)
{
	for (size_t rank = 0; !object->has_tree && rank <= object->shape.n_levels; rank++)
		blocks_hash_rank(blocks, object, rank);
	for (size_t level = 0; object->has_tree && level < object->shape.n_levels; level++)
		for (uint64_t i = 0; i < object->shape.levels[level].n_blocks; i++)
			blocks_read_there(object, object->shape.levels[level].first + i,
					  blocks_tree_block(object, object->shape.levels[level].first + i));
	for (size_t rank = 0; rank <= object->shape.n_levels; rank++)
		blocks_know_rank(blocks, object, rank);
}

/* --- what is wanted -------------------------------------------------------------------------------------------------- */

/* A block that was held against its digest. */
static void blocks_keep(struct blocks *blocks, struct object *object, uint64_t block, const uint8_t hash[HASH_BYTES],
			const uint8_t bytes[BLOCK_BYTES], bool is_there)
{
	if (block > object->shape.n_data)
		memcpy(blocks_tree_block(object, block), bytes, BLOCK_BYTES);
	if (!is_there && !blocks->dry_run && blocks_is_on_disk(object, block))
		blocks_write_block(object, block, bytes);
	known_add(&blocks->known, hash, (struct known_block){blocks_add_source(blocks, object), block});
}

/* Sends the request for the neighbours at the end of the ring. */
static void blocks_send_request(struct blocks *blocks)
{
	const struct wanted *first;

	if (blocks->n_unsent == 0)
		return;
	first = &blocks->asked[(blocks->first + blocks->n_asked - blocks->n_unsent) % WANTED_MAX];
	talk_say(blocks->talk, OFFER_GET " %u %llu %zu", first->object->number, (unsigned long long)first->block,
		 blocks->n_unsent);
	blocks->n_unsent = 0;
}

/* Takes answers until no more than `left` are on their way. */
static void blocks_receive(struct blocks *blocks, size_t left)
{
	uint8_t bytes[BLOCK_BYTES];

	blocks_send_request(blocks);
	while (blocks->n_asked > left) {
		struct wanted *wanted = &blocks->asked[blocks->first];

		talk_bytes(blocks->talk, bytes, sizeof bytes);
		if (!blocks_is_block(blocks, bytes, wanted->hash))
			die("the builder sent wrong data for block %llu of %s: its image may be damaged",
			    (unsigned long long)wanted->block, wanted->object->name);
		blocks_keep(blocks, wanted->object, wanted->block, wanted->hash, bytes, false);
		blocks->taken.received += BLOCK_BYTES;
		blocks->first = (blocks->first + 1) % WANTED_MAX;
		blocks->n_asked--;
	}
}

static void blocks_ask(struct blocks *blocks, struct object *object, uint64_t block, const uint8_t hash[HASH_BYTES])
{
	struct wanted *last, *next;

	if (blocks->n_asked == WANTED_MAX)
		blocks_receive(blocks, WANTED_MAX / 2);
	last = &blocks->asked[(blocks->first + blocks->n_asked + WANTED_MAX - 1) % WANTED_MAX];
	if (blocks->n_unsent == RUN_MAX || (blocks->n_unsent && (last->object != object || last->block + 1 != block)))
		blocks_send_request(blocks);
	next = &blocks->asked[(blocks->first + blocks->n_asked) % WANTED_MAX];
	*next = (struct wanted){.object = object, .block = block};
	memcpy(next->hash, hash, HASH_BYTES);
	blocks->n_asked++;
	blocks->n_unsent++;
}

/* Twice a second: reports progress and reads what the builder has sent, so that neither side waits for the other. */
static void blocks_tell(struct blocks *blocks)
{
	int64_t now = uptime_ms();

	if (now - blocks->told_ms < TELL_MS)
		return;
	blocks->told_ms = now;
	talk_say(blocks->talk, OFFER_PROGRESS " %llu %llu", (unsigned long long)blocks->done * BLOCK_BYTES,
		 (unsigned long long)blocks->total * BLOCK_BYTES);
}

/* Rule 2. In a dry run data that would have come by now is known, but nowhere. */
static bool blocks_find(struct blocks *blocks, const uint8_t hash[HASH_BYTES], uint8_t out[BLOCK_BYTES],
			bool *ret_promised)
{
	struct known_block place;

	*ret_promised = false;
	if (!known_find(&blocks->known, hash, &place))
		return false;
	if (blocks_read_block(blocks->objects[place.source], place.block, out) && blocks_is_block(blocks, out, hash))
		return true;
	*ret_promised = blocks->dry_run;
	return false;
}

static void blocks_take_block(struct blocks *blocks, struct object *object, size_t rank, uint64_t block,
			      const uint8_t hash[HASH_BYTES])
{
	uint8_t bytes[BLOCK_BYTES];
	bool promised;

	if (blocks_is_on_disk(object, block) && blocks_read_there(object, block, bytes) &&
	    blocks_is_block(blocks, bytes, hash)) {
		blocks_keep(blocks, object, block, hash, bytes, true);
		blocks->taken.in_place += BLOCK_BYTES;
	} else if (blocks_find(blocks, hash, bytes, &promised)) {
		blocks_keep(blocks, object, block, hash, bytes, false);
		blocks->taken.copied += BLOCK_BYTES;
	} else if (blocks->dry_run && rank == 0) {
		*(promised ? &blocks->taken.copied : &blocks->taken.received) += BLOCK_BYTES;
		known_add(&blocks->known, hash, (struct known_block){blocks_add_source(blocks, object), block});
	} else {
		blocks_ask(blocks, object, block, hash);
	}
	blocks->done++;
}

void blocks_take(struct blocks *blocks, struct object *object)
{
	for (size_t rank = object->shape.n_levels + 1; rank-- > 0;) {
		const struct tree_level level = tree_rank(&object->shape, rank);

		for (uint64_t i = 0; i < level.n_blocks; i++) {
			int64_t told = blocks->told_ms;

			blocks_take_block(blocks, object, rank, level.first + i, blocks_digest_of(object, rank, i));
			blocks_tell(blocks);
			if (blocks->told_ms != told)
				blocks_receive(blocks, 0);
		}
		blocks_receive(blocks, 0); /* the rank below is found in this one */
	}
}

void blocks_check(struct blocks *blocks, struct object *object)
{
	uint8_t bytes[BLOCK_BYTES];

	for (size_t rank = object->shape.n_levels + 1; rank-- > 0;) {
		const struct tree_level level = tree_rank(&object->shape, rank);

		for (uint64_t i = 0; i < level.n_blocks; i++) {
			if (!blocks_read_block(object, level.first + i, bytes) ||
			    !blocks_is_block(blocks, bytes, blocks_digest_of(object, rank, i)))
				die("block %llu of %s differs from what was written: the disk may be broken",
				    (unsigned long long)(level.first + i), object->name);
			blocks->done++;
			blocks_tell(blocks);
		}
	}
}
