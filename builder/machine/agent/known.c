#include "machine/agent/known.h"

#include <stdlib.h>
#include <string.h>

#include "machine/say.h"

enum { START_ENTRIES = 1 << 12, BLOCK_BITS = 48 };

struct places_entry {
	uint64_t key, place;           /* of the digest; source + 1 above BLOCK_BITS of the block, 0: free */
};

static uint64_t key_of(const uint8_t hash[HASH_BYTES])
{
	uint64_t key;

	memcpy(&key, hash, sizeof key);
	return key;
}

/* Digests are as good as chance: some of their bits are where to begin. */
static struct places_entry *slot_of(struct places_entry *entries, size_t capacity, uint64_t key)
{
	size_t at = key & (capacity - 1);

	while (entries[at].place && entries[at].key != key)
		at = (at + 1) & (capacity - 1);
	return &entries[at];
}

static void grow(struct places *places)
{
	size_t capacity = places->capacity ? 2 * places->capacity : START_ENTRIES;
	struct places_entry *entries = calloc(capacity, sizeof *entries);

	if (!entries)
		die("out of memory for an index of %zu blocks", capacity);
	for (size_t i = 0; i < places->capacity; i++)
		if (places->entries[i].place)
			*slot_of(entries, capacity, places->entries[i].key) = places->entries[i];
	free(places->entries);
	places->entries = entries;
	places->capacity = capacity;
}

void places_add(struct places *places, const uint8_t hash[HASH_BYTES], struct place place)
{
	uint64_t key = key_of(hash);
	struct places_entry *entry;

	if (places->n >= places->capacity / 2)
		grow(places);
	entry = slot_of(places->entries, places->capacity, key);
	places->n += !entry->place;
	*entry = (struct places_entry){key, (uint64_t)(place.source + 1) << BLOCK_BITS | place.block};
}

bool places_find(const struct places *places, const uint8_t hash[HASH_BYTES], struct place *ret_place)
{
	const struct places_entry *entry;

	if (places->capacity == 0)
		return false;
	entry = slot_of(places->entries, places->capacity, key_of(hash));
	if (!entry->place)
		return false;
	*ret_place = (struct place){(unsigned)(entry->place >> BLOCK_BITS) - 1,
		entry->place & ((UINT64_C(1) << BLOCK_BITS) - 1)};
	return true;
}

void places_free(struct places *places)
{
	free(places->entries);
	*places = (struct places){0};
}
