/* Recipes, modules and layouts that come with aether-build, by name from any repository: `aether:vm-base`, `aether:dns`,
 * `aether:hybrid-ab`, or by their path there: `aether:images/vm-base.recipe`. */
#ifndef RECIPE_SHIPPED_H
#define RECIPE_SHIPPED_H

#include "recipe/decode.h"

#define SHIPPED "aether:"

/* The folder that has images/, recipes/ and partitions/; absolute, in `arena` or static. */
const char *shipped_folder(struct arena *arena);

/* The host path of what `node`, a scalar that begins with SHIPPED, names; NULL, with an error at its place, when
 * there is none. */
const char *shipped_find(struct decoder *decoder, const struct node *node, const char *key);

#endif
