/* The order in which dpkg is given packages: its own rules (Debian policy, chapter 7), for what is in one layer. */
#ifndef TREE_ORDER_H
#define TREE_ORDER_H

#include "base/arena.h"
#include "base/err.h"
#include "cache/cache.h"
#include "lock/lock.h"

/* Packages of a layer, in runs of dpkg: what one of them pre-depends on is in a run before its own, and so configured
 * when its scripts ask for it. Within a run a package comes after what it depends on; cycles are broken where they
 * close. */
struct order {
	size_t *items;     /* indices into the packages */
	size_t *run_ends;  /* where in `items` each run ends */
	size_t n_items, n_runs;
};

/* Reads the control files of `n` packages (their decompressed form must be in the cache) and orders them; in `arena`. */
int order_make(struct arena *arena, struct cache *cache, const struct debian_package *packages, size_t n,
	       struct order *ret_order, struct err *err);

#endif
