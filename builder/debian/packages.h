/* Packages files: from the digests in a verified Release to text that can be believed. */
#ifndef DEBIAN_PACKAGES_H
#define DEBIAN_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "cache/cache.h"
#include "debian/release.h"
#include "debian/suite.h"

/* Where indexes are kept: those whose plain form the Release names by SHA-256 in the cache's blobs, others
 * in a folder of ours. */
struct packages_place {
	struct cache *cache;
	const char *scratch;
};

/* An index that is wanted: what the Release says of its plain form (NULL: nothing), and of the forms in which it can be fetched
 * when we have none, the best first. */
struct packages {
	struct suite_index *index;
	const struct release_file *plain, **packed;
	size_t n_packed, chosen;     /* which of them is being tried */
	const char *packed_path;     /* where that is, once fetched */
	bool loaded;                 /* the cache had the plain one */
	struct suite *suite;
	const struct release *release;
	const struct packages_place *place;
};

/* Adds the indexes of the suite's components (of a flat one: its only one) to the `*n_all` of `*all`: those for amd64, and for
 * packages that are for all when the archive keeps them apart. -ENOENT, at the repository's place, when the Release has
 * neither. */
int packages_want(struct arena *arena, struct suite *suite, const struct release *release, const struct packages_place *place,
		  struct packages **all, size_t *n_all, struct err *err);

/* Fetches by digest what the cache lacks, unpacks and reads it: fills the index of each. */
int packages_open(struct arena *arena, struct packages *all, size_t n, struct err *err);

#endif
