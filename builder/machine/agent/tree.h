/* The shape of what travels: data in blocks, and the dm-verity tree over them, as they stand in a slot. Pure.
 *
 *   0 … n_data - 1    data; the last block filled up with zeros
 *   n_data            the superblock
 *   n_data + 1 …      the tree, its levels from the top down; every block has the digests of PER_BLOCK below it
 *
 * The root hash is the digest of the tree's one top block; a single block of data is its own tree. */
#ifndef MACHINE_AGENT_TREE_H
#define MACHINE_AGENT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "machine/hash.h"

enum { BLOCK_BYTES = 4096, PER_BLOCK = BLOCK_BYTES / HASH_BYTES, TREE_LEVELS_MAX = 10 };

struct tree_level {
	uint64_t first, n_blocks;      /* where it stands, and how long it is */
};

struct tree {
	uint64_t n_data, n_blocks;     /* of data; of all */
	size_t n_levels;
	struct tree_level levels[TREE_LEVELS_MAX]; /* the one over the data first */
};

/* The shape over `n_data` blocks, at least one and at most TREE_DATA_MAX. */
#define TREE_DATA_MAX (UINT64_C(1) << 32)
void tree_shape(uint64_t n_data, struct tree *ret_tree);

/* The blocks of a rank: 0 is the data, rank n is level n - 1. */
struct tree_level tree_rank(const struct tree *tree, size_t rank);

#endif
