/* dpkg(1), run in the sandbox: the only thing that installs packages here. */
#ifndef TREE_DPKG_H
#define TREE_DPKG_H

#include "base/err.h"
#include "cache/cache.h"
#include "plan/plan.h"

/* Makes the folder `root`, which is empty, a system in which dpkg runs: unpacks the packages of the bottom layer without their
 * scripts. dpkg_install() of the same layer must follow. */
int dpkg_bootstrap(struct cache *cache, const struct plan_tree *tree, const char *root, struct err *err);

/* How far all installing is, of several trees at once: every package is unpacked, and set up. */
struct dpkg_progress {
	size_t done, total;
	bool otherwise; /* in other circumstances: what comes of it must not depend on them */
};

/* Installs layer `layer` of `tree` into the system at `root`. An error shows what dpkg and the maintainer scripts said. */
int dpkg_install(struct cache *cache, const struct plan_tree *tree, enum package_layer layer, const char *root,
		 struct dpkg_progress *progress, struct err *err);

#endif
