/* Packages, ready to be installed: kept in the cache without their compression, so that xz is paid once per package. */
#ifndef TREE_DEBS_H
#define TREE_DEBS_H

#include "base/err.h"
#include "cache/cache.h"
#include "lock/lock.h"

/* What a package may hold, decompressed: data and models come in packages of tens of gigabytes. A bomb comes near it; what it
 * is made of as a rule, zeros, takes no place. */
#define PACKAGE_BYTES_MAX (64ULL << 30)

/* The key of the decompressed form of a package of that digest in the room `debs`; in `arena`. */
const char *deb_key(struct arena *arena, const char *sha256);

/* Where the decompressed form of `package` stands in the cache; in `arena`. */
const char *deb_path(const struct cache *cache, struct arena *arena, const struct debian_package *package);

/* Fetches those of `n` packages of the lock that the cache has in no form. */
int debs_fetch(struct cache *cache, const struct lock *lock, const struct debian_package *packages, size_t n, struct err *err);

/* Decompresses a fetched package, unless the cache has it so. For any thread. */
int deb_unpack(struct cache *cache, const struct debian_package *package, struct err *err);

#endif
