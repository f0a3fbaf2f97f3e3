/* Nothing that is built may have a secret in it: who looks for that knows all that a build makes. */
#ifndef BUILD_PROOF_H
#define BUILD_PROOF_H

#include "build/pipeline.h"
#include "leak/search.h"

/* What is to be published. */
struct proof_draft {
	const char *folder;          /* where it lies … */
	const char *image;           /* … with this file, and others */
	const struct manifest *manifest;
	const char *lock;            /* path of the lock file; a missing one is fine */
	const struct buf *said;      /* what was told on the way */
};

/* Looks for secrets (leak/forms.h; the `n` known `values`) in the finished tree, in the artifact with its free space, in what
 * lies beside it, the lock, the log, and in what was downloaded. Each is an error that says where, but not what; so is, with
 * --strict, an exception of the recipe's that nothing was found for. What packages and container images brought is looked
 * through for forms once, and remembered in the cache; for values each time. */
int proof_search(const struct build *build, const struct leak_value *values, size_t n, const struct proof_draft *draft,
		 struct err *err);

/* The key, in the room `leaks`, of what is remembered of a layer or container image that has the key `of`; in `arena`. */
const char *proof_key(struct arena *arena, const char *of);

#endif
