/* Packages of which the archive's index does not say all that a lock has. */
#ifndef DEBIAN_DIGESTS_H
#define DEBIAN_DIGESTS_H

#include "cache/cache.h"
#include "debian/package.h"
#include "debian/suite.h"

/* Fetches the packages of `tree` that have no SHA-256 or no size, holds them against what the index does say (SHA-512), and
 * fills in the rest. They are kept in the cache's blobs. */
int digests_complete(struct arena *arena, const struct suites *suites, struct package_set *tree, struct cache *cache,
		     struct err *err);

#endif
