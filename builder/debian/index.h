/* The packages of some suites, by name. */
#ifndef DEBIAN_INDEX_H
#define DEBIAN_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "debian/package.h"
#include "debian/suite.h"

/* One stanza of a Packages file; the text belongs to the suite. */
struct index_entry {
	const char *name, *stanza;
	size_t length;
	size_t archive; /* index of its suite */
	bool essential;
	bool foreign;   /* for another architecture: no entry of an index */
};

/* Sorted by name; equal names in the order of the suites. */
struct index {
	struct index_entry *entries;
	size_t n;
	struct strv foreign; /* names of packages of other architectures, as an archive may have them between ours */
};

/* Indexes the suites whose numbers are in `own`. */
int index_make(struct arena *arena, const struct suites *suites, const size_t *own, size_t n_own,
	       struct index *ret_index, struct err *err);

/* The first entry of that name, or NULL; those that follow may have the same name. */
const struct index_entry *index_find(const struct index *index, const char *name);

/* The next entry of the same name, or NULL. */
const struct index_entry *index_next(const struct index *index, const struct index_entry *entry);

/* What its stanza says; "" for nothing. In `arena`. */
const char *index_version(struct arena *arena, const struct index_entry *entry);

/* Adds the names of packages that provide the (virtual) name, each once. Slow: reads everything. */
void index_providers(struct arena *arena, const struct index *index, const char *name, struct strv *providers);

/* The known name nearest to `name`, or NULL. */
const char *index_nearest(const struct index *index, const char *name);

/* What the lock says of an entry, all but its layer. -EBADMSG when the stanza lacks something or says something
 * impossible. Where the index has no SHA-256, `sha256` is the SHA-512 (128 digits); where it
 * has no size, that is 0: digests_complete() finds them. */
int index_package(struct arena *arena, const struct index_entry *entry, struct debian_package *ret_package,
		  struct err *err);

/* The package of exactly this name, version and architecture, in the suite `archive` (or SIZE_MAX: in any). NULL for
 * none. */
const struct index_entry *index_exact(struct arena *arena, const struct index *index, const char *name,
				      const char *version, const char *arch, size_t archive);

/* What a package says of others. */
enum index_relation { INDEX_NEEDS, INDEX_CONFLICTS, INDEX_PROVIDES };

/* Adds the names in the entry's fields of that sort (Depends and Pre-Depends; Conflicts and Breaks; Provides) to `names`, all
 * alternatives, each once. */
void index_names(struct arena *arena, const struct index_entry *entry, enum index_relation relation, struct strv *names);

/* index_names() of INDEX_NEEDS. */
void index_needs(struct arena *arena, const struct index_entry *entry, struct strv *names);

#endif
