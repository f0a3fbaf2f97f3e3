/* What the cache holds, and what of it may be removed: it has no size limit of its own. */
#ifndef CACHE_EVICT_H
#define CACHE_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"

/* One entry of a room. */
struct cache_entry {
	const char *room, *key;
	uint64_t bytes;              /* allocated on disk; a file with several names counts where it is met first */
	int64_t used;                /* when it was made or last used, seconds since 1970 */
	bool named;                  /* somebody still wants it: set by the caller between cache_scan() and cache_choose() */
	bool goes;                   /* set by cache_choose() */
};

struct cache_limits {
	int64_t now;                 /* seconds since 1970 */
	int64_t keep_days;           /* what was not used for so many days goes; -1: no limit */
	uint64_t max_bytes;          /* what was used longest ago goes until no more is left; UINT64_MAX: no limit */
	bool even_named;             /* what is named goes like the rest */
	bool in_use;                 /* somebody works with the cache: of what may be in use nothing goes */
};

/* All entries, sorted by room and key; in `arena`. What cannot be looked at, because somebody removes it meanwhile, is left
 * out. */
void cache_scan(const struct cache *cache, struct arena *arena, struct cache_entry **ret_entries, size_t *ret_n);

/* Decides which entries go. Nothing else is looked at than what is given: by age first, then, if the rest is larger than
 * max_bytes, by last use; named entries stay unless even_named is set. With in_use only what nobody has mounted (downloads and
 * unpacked packages) and nobody has used for a day goes. */
void cache_choose(struct cache_entry *entries, size_t n, const struct cache_limits *limits);

/* Waits for nobody: true when no build, and no program that runs from the cache, is at work with it. Then none can begin until
 * cache_close(). */
bool cache_claim(struct cache *cache);

/* Removes those entries that go. Each disappears by a rename, so that whoever is killed leaves whole entries and what the
 * next run sweeps; one that was used since it was looked at stays, and its `goes` is false then. */
int cache_evict(struct cache *cache, struct cache_entry *entries, size_t n, struct err *err);

#endif
