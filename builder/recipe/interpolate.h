/* Putting names in: the stage of recipe_load() between merging and decoding. */
#ifndef RECIPE_INTERPOLATE_H
#define RECIPE_INTERPOLATE_H

#include "base/arena.h"
#include "base/err.h"
#include "edge/yaml.h"

/* Replaces every `${…}` in `root` by what it names; `facts` may be NULL. A value with a problem is reported, and marked so that
 * nobody reports it again. */
int interpolate(struct arena *arena, struct node *root, const struct node *facts, struct err *err);

#endif
