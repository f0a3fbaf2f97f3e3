/* Layers: the upper folder of an overlay, kept in the cache under the key of all that went into it. */
#ifndef TREE_LAYER_H
#define TREE_LAYER_H

#include "tree/dpkg.h"
#include "tree/tree.h"

/* Appends to `packages` (in `arena`) those that are to be installed because the cache lacks a layer of `tree`: the bottom one,
 * or one of those above. What is there already is not added again. Returns how many that layer, or those, are made of. */
size_t layer_missing(struct arena *arena, struct cache *cache, const struct plan_tree *tree, bool bottom,
		     struct debian_package **packages, size_t *n);

/* Makes the bottom layer of `tree` when the cache lacks it, of what deb_unpack() prepared. For any thread. */
int layer_bottom(struct cache *cache, const struct plan_tree *tree, struct dpkg_progress *progress, struct err *err);

/* The packages of `tree`, as a tree to read; layers that the cache lacks are made of what deb_unpack() prepared. For any
 * thread. */
int layer_packages(struct arena *arena, struct cache *cache, const struct plan_tree *tree, struct dpkg_progress *progress,
		   struct tree *ret_tree, struct err *err);

/* The same packages, the folders `above` laid over them in that order, and an empty folder on top: a tree to write, whose
 * changes are forgotten with it. All layers must be in the cache. */
int layer_writable(struct arena *arena, struct cache *cache, const struct plan_tree *tree, const struct strv *above,
		   struct tree *ret_tree, struct err *err);

/* The file beside a layer in the cache that found_write() made of it; in `arena`. */
const char *layer_found(struct arena *arena, const struct cache *cache, const struct plan_layer *layer);

/* The file beside a layer in the cache that tree_repeat() made of it; in `arena`. */
const char *layer_differences(struct arena *arena, const struct cache *cache, const struct plan_layer *layer);

/* Makes layer `l` of `tree` (l is one with packages) in the empty folder `draft`, over those of the cache below it. The
 * files are in the folder that layer_files_of() names. */
int layer_fill(struct cache *cache, const struct plan_tree *tree, unsigned l, const char *draft, struct dpkg_progress *progress,
	       struct err *err);

/* The folder with the files of a layer: of one that was made in `draft`, and of one in the cache. */
const char *layer_files_of(struct arena *arena, const char *draft);
const char *layer_files(struct arena *arena, const struct cache *cache, const struct plan_layer *layer);

/* The paths in the layers of `tree` that are not root's, or not of root's group, each once, sorted; absolute, as the image sees
 * them. All layers must be in the cache. */
int layer_owned(struct arena *arena, const struct cache *cache, const struct plan_tree *tree, struct strv *ret_paths,
		struct err *err);

#endif
