/* From the packages a recipe names to the packages of one tree, in layers. */
#ifndef DEBIAN_RESOLVE_H
#define DEBIAN_RESOLVE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "debian/package.h"
#include "debian/suite.h"
#include "recipe/recipe.h"

struct resolve {
	const struct recipe *recipe;
	const struct suites *suites;
	const size_t *own; /* which of the suites are this recipe's */
	size_t n_own;
	const struct package_set *old; /* what is locked now, and stays where it can; NULL: nothing is to stay */
	struct strv moving;            /* names of packages that may move all the same */
	struct strv *makers;           /* gets the names of those packages that may make users and groups; or NULL */
	const char *folder; /* for files of ours; does not exist yet */
};

/* Asks apt for everything that the recipe and an empty Debian system need, and cuts the answer into layers, each of
 * which can be installed on those below. Versions in `old` are kept where the archive still has them. */
int resolve_tree(struct arena *arena, const struct resolve *resolve, struct package_set *ret_tree, struct err *err);

#endif
