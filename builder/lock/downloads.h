/* Downloads of a recipe, on the day they are locked. (How they are fetched later: lock_fetch_downloads().) */
#ifndef LOCK_DOWNLOADS_H
#define LOCK_DOWNLOADS_H

#include "lock/lock.h"
#include "recipe/recipe.h"

/* What a download may be large. */
#define DOWNLOAD_BYTES_MAX (16ULL << 30)

/* Decides the downloads of `lock`. What `old` (may be NULL) has from the same place is kept, unless the options let it move;
 * the rest is fetched once, told by its digest, and kept in the cache's blobs. `scratch` is a folder within the cache.
 * -EBADMSG, at the recipe's place, when one does not have the digest that the recipe asks for. */
int downloads_lock(struct arena *arena, const struct recipe *recipe, const struct lock *old, const struct lock_how *options,
		   struct cache *cache, const char *scratch, struct lock *lock, struct err *err);

/* Notes what differs between two locks. */
void downloads_tell(const struct lock *old, const struct lock *new);

#endif
