/* From what the recipe names to what can be believed: signatures, dates, digests. */
#ifndef DEBIAN_VERIFY_H
#define DEBIAN_VERIFY_H

#include "cache/cache.h"
#include "debian/suite.h"

/* Fetches, verifies and reads the Releases and indexes of all suites. `scratch` is a folder for files of ours. The
 * texts are freed by suites_free(). -ESTALE for a Release of the wrong time (`allow_expired`: past its Valid-Until is
 * a warning),
 * -EBADMSG for what is not signed by a key that counts, or is not what was signed. */
int suites_open(struct arena *arena, struct suites *suites, struct cache *cache, const char *scratch, bool allow_expired,
		struct err *err);

#endif
