/* From the packages a recipe names to the packages of one tree, in layers. */
#ifndef DEBIAN_RESOLVE_H
#define DEBIAN_RESOLVE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "lock/lock.h"
#include "debian/suite.h"
#include "recipe/recipe.h"

struct resolve {
	const struct recipe *recipe;
	const struct suites *suites;
	const size_t *own; /* which of the suites are this recipe's */
	size_t n_own;
	const struct lock_tree *old; /* what is locked now; NULL when nothing is */
	const struct lock_options *options;
	const char *folder; /* for files of ours; does not exist yet */
};

/* Asks apt for everything that the recipe and an empty Debian system need, and cuts the answer into layers, each of
 * which can be installed on those below. Versions in `old` are kept where the archive still has them, unless the
 * options say otherwise. */
int resolve_tree(struct arena *arena, const struct resolve *resolve, struct lock_tree *ret_tree, struct err *err);

#endif
