/* Trees: what is in the root file system. Packages make layers that are kept in the cache, overlayfs stacks them, and the
 * recipe's files make the last one, which is thrown away once the image is made of it.
 *
 * A tree is mounted in this process's own mount namespace (userns_enter()): it vanishes with the process, however it ends. */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "cache/cache.h"
#include "plan/plan.h"

struct tree {
	const char *path;    /* the folder that is its root, in the arena it was made with; NULL while there is none */
	const char *scratch; /* the folder it lives in */
	const char *changes; /* the folder with what was changed of what lies below, as overlayfs keeps it; NULL: read-only */
	bool mounted;
	int scratch_fd;      /* keeps the scratch folder alive */
};

/* The packages of `plan->image` and `plan->tools`, both as trees to read. Layers that the cache lacks are made: fetched,
 * unpacked, and installed by dpkg in the sandbox; downloads are fetched before. Either result may be NULL when it is not
 * needed. */
int tree_packages(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_image,
		  struct tree *ret_tools, struct err *err);

/* Whether the cache has a layer; one without packages has not to be made. */
bool tree_cached(const struct cache *cache, const struct plan_layer *layer);

/* The whole tree of the plan: its packages, and on top users, files, units, and what makes it deterministic. */
int tree_image(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_tree, struct err *err);

/* What the tree of tree_image() stands on, as a tree of its own: the packages and container images, without what must not be in
 * an image (step_clean()). The layers must be in the cache, as tree_packages() leaves them. */
int tree_ground(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_tree, struct err *err);

/* Unmounts the tree and forgets its scratch folder; a zeroed one is fine. */
void tree_close(struct tree *tree);

#define _cleanup_tree_ __attribute__((cleanup(tree_close)))

#endif
