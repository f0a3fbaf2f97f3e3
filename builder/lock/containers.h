/* Container images that a recipe embeds, on the day they are locked. (How they are fetched later:
 * lock_fetch_container().) */
#ifndef LOCK_CONTAINERS_H
#define LOCK_CONTAINERS_H

#include "lock/lock.h"
#include "recipe/recipe.h"

/* Decides the images of `lock`: each tag becomes the digest that the registry has for it now. What `old` (may be NULL)
 * has under the same name is kept, unless the options let it move. Manifest and configuration end up in the cache's
 * blobs; the layers wait for a build. Errors are at the recipe's place. */
int containers_lock(struct arena *arena, const struct recipe *recipe, const struct lock *old,
		    const struct lock_how *options, struct cache *cache, struct lock *lock, struct err *err);

/* Notes what differs between two locks. */
void containers_tell(const struct lock *old, const struct lock *new);

#endif
