/* Packages files: from the digests in a verified Release to text that can be believed. */
#ifndef DEBIAN_PACKAGES_H
#define DEBIAN_PACKAGES_H

#include <stddef.h>

#include "cache/cache.h"
#include "debian/release.h"
#include "debian/suite.h"

/* An index that is wanted: what the Release says of its plain form, and of the packed one to be fetched when we have
 * none. */
struct packages {
	struct suite_index *index;
	const struct release_file *plain, *packed;
	struct suite *suite;
	const struct release *release;
	struct cache *cache;
};

/* Adds the indexes of the suite's components to the `*n_all` of `*all`: those for amd64, and for packages that are for
 * all when the archive keeps them apart. -ENOENT, at the repository's place, when the Release does not have one. */
int packages_want(struct arena *arena, struct suite *suite, const struct release *release, struct cache *cache,
		  struct packages **all, size_t *n_all, struct err *err);

/* Fetches by digest what the cache lacks, unpacks and reads it: fills the index of each. */
int packages_open(struct arena *arena, struct packages *all, size_t n, struct cache *cache, struct err *err);

#endif
