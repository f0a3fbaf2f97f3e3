/* Packages, ready to be installed: kept in the cache without their compression, so that xz is paid once per package. */
#ifndef TREE_DEBS_H
#define TREE_DEBS_H

#include "base/cache.h"
#include "base/err.h"
#include "lock/lock.h"

/* Where the decompressed form of `package` stands in the cache; in `arena`. */
const char *deb_path(const struct cache *cache, struct arena *arena, const struct lock_package *package);

/* Fetches `n` packages of the lock that the cache lacks, and decompresses them on all cores. */
int debs_prepare(struct cache *cache, const struct lock *lock, const struct lock_package *packages, size_t n, struct err *err);

/* The order to install packages in: after what they depend on, where that is in the same set; cycles are broken where
 * they close. `ret_order` (room for `n`) gets indices into `packages`. */
int debs_order(struct cache *cache, const struct lock_package *packages, size_t n, size_t *ret_order, struct err *err);

#endif
