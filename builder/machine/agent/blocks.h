/* The one way in which anything comes to a machine: as blocks under a dm-verity tree, from the root hash down. For
 * each block that is wanted:
 *
 *   1. if what stands at its place already has the digest, it is there;
 *   2. if a block with that digest is known anywhere on the machine, it is copied from there;
 *   3. else it is asked for.
 *
 * Every block is held against its digest before it is used, wherever it comes from: neither a stale index nor a
 * builder that lies can do more than waste time. A run that was interrupted goes on by rule 1. */
#ifndef MACHINE_AGENT_BLOCKS_H
#define MACHINE_AGENT_BLOCKS_H

#include <stdbool.h>

#include "machine/agent/known.h"
#include "machine/agent/talk.h"
#include "machine/agent/tree.h"

/* A thing made of blocks: one that is to be taken, or one that is known. */
struct object {
	char name[32];
	unsigned number;               /* the builder's, for one that is taken */
	int fd;                        /* the file or partition it stands in, from its start; -1: not there (a dry run) */
	uint64_t size_bytes;           /* of the data; a file ends there */
	bool has_tree;                 /* the tree stands behind the data, as in a slot */
	struct tree shape;
	uint8_t root_hash[HASH_BYTES];
	uint8_t *tree;                 /* its blocks, from the one behind the superblock on; made as they are learnt */
};

/* Bytes, by where they came from. */
struct taken {
	uint64_t in_place, copied, received;
};

enum { OBJECTS_MAX = 24, WANTED_MAX = 512 };

struct wanted {
	struct object *object;
	uint64_t block;
	uint8_t hash[HASH_BYTES];
};

struct blocks {
	struct talk *talk;
	uint8_t salt[HASH_BYTES];
	bool dry_run;                  /* nothing is written; of the data nothing is asked for, only counted */
	struct object *objects[OBJECTS_MAX]; /* sources */
	unsigned n_objects;
	struct known_blocks known;
	struct taken taken;
	uint64_t done, total;          /* blocks, for the progress */
	int64_t told_ms;               /* when that was told */
	struct wanted asked[WANTED_MAX]; /* a ring: blocks on their way, … */
	size_t first, n_asked;
	size_t n_unsent;               /* … the last of which were not asked for yet: neighbours */
};

/* An object of `size_bytes` (not 0). */
void object_init(struct object *object, const char *name, int fd, uint64_t size_bytes);

/* Makes the blocks of `object` known; it stays in use. With `has_tree` (and the same salt, and its root hash) by its
 * tree, unchecked, and for free; else every block is read. */
void blocks_know(struct blocks *blocks, struct object *object);

/* Takes `object`, whose root hash is known, to `object->fd`: all of it is there then, but not yet durable. */
void blocks_take(struct blocks *blocks, struct object *object);

/* Reads the whole taken object back, and ends the program at the first block that is not what it should be. */
void blocks_check(struct blocks *blocks, struct object *object);

#endif
