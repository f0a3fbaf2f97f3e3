#include "machine/agent/known.h"

#include <stdlib.h>
#include <string.h>

#include "machine/say.h"

enum { START_ENTRIES = 1 << 12, BLOCK_BITS = 48 };

struct known_entry {
	uint64_t key, place;           /* of the digest; source + 1 above BLOCK_BITS of the block, 0: free */
};

static uint64_t known_key_of(const uint8_t hash[HASH_BYTES])
{
	uint64_t key;

	memcpy(&key, hash, sizeof key);
	return key;
}

/* Digests are evenly distributed: some of their bits are the start index. */
static struct known_entry *known_slot_of(struct known_entry *entries, size_t capacity, uint64_t key)
{
	size_t at = key & (capacity - 1);

	while (entries[at].place && entries[at].key != key)
		at = (at + 1) & (capacity - 1);
	return &entries[at];
}

static void known_grow(struct known_blocks *known)
{
	size_t capacity = known->capacity ? 2 * known->capacity : START_ENTRIES;
	struct known_entry *entries = calloc(capacity, sizeof *entries);

	if (!entries)
		die("out of memory for an index of %zu blocks", capacity);
	for (size_t i = 0; i < known->capacity; i++)
		if (known->entries[i].place)
			*known_slot_of(entries, capacity, known->entries[i].key) = known->entries[i];
	free(known->entries);
	known->entries = entries;
	known->capacity = capacity;
}

void known_add(struct known_blocks *known, const uint8_t hash[HASH_BYTES], struct known_block place)
{
	uint64_t key = known_key_of(hash);
	struct known_entry *entry;

	if (known->n >= known->capacity / 2)
		known_grow(known);
	entry = known_slot_of(known->entries, known->capacity, key);
	known->n += !entry->place;
	*entry = (struct known_entry){key, (uint64_t)(place.source + 1) << BLOCK_BITS | place.block};
}

bool known_find(const struct known_blocks *known, const uint8_t hash[HASH_BYTES], struct known_block *ret_block)
{
	const struct known_entry *entry;

	if (known->capacity == 0)
		return false;
	entry = known_slot_of(known->entries, known->capacity, known_key_of(hash));
	if (!entry->place)
		return false;
	*ret_block = (struct known_block){(unsigned)(entry->place >> BLOCK_BITS) - 1,
		entry->place & ((UINT64_C(1) << BLOCK_BITS) - 1)};
	return true;
}

void known_free(struct known_blocks *known)
{
	free(known->entries);
	*known = (struct known_blocks){0};
}
