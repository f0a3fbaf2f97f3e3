/* Where blocks are that are wanted: from a digest to a place. */
#ifndef MACHINE_AGENT_KNOWN_H
#define MACHINE_AGENT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/hash.h"

/* A hash table with open addressing; zeroed when empty. An entry keeps eight bytes of the digest: what is found is a
 * hint, to be held against the digest when it is read. */
struct known_blocks {
	struct known_entry *entries;
	size_t n, capacity;            /* entries in use, entries in all: a power of two */
};

struct known_block {
	unsigned source;               /* below 65535 */
	uint64_t block;                /* below 2^48 */
};

/* Remembers a place, and replaces one that was known. Ends the program when out of memory. */
void known_add(struct known_blocks *known, const uint8_t hash[HASH_BYTES], struct known_block place);

bool known_find(const struct known_blocks *known, const uint8_t hash[HASH_BYTES], struct known_block *ret_block);

void known_free(struct known_blocks *known);

#endif
