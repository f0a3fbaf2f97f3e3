/* Layers: the upper folder of an overlay, kept in the cache under the key of all that went into it. */
#ifndef TREE_LAYER_H
#define TREE_LAYER_H

#include "tree/tree.h"

/* The packages of `tree`, as a tree to read; layers that the cache lacks are made. For any thread. */
int layer_packages(struct arena *arena, struct cache *cache, const struct lock *lock, const struct plan_tree *tree,
		   struct tree *ret_tree, struct err *err);

/* The same packages with an empty folder on top: a tree to write, whose changes are forgotten with it. All layers must be
 * in the cache. */
int layer_writable(struct arena *arena, struct cache *cache, const struct plan_tree *tree, struct tree *ret_tree,
		   struct err *err);

#endif
