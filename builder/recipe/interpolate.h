/* Putting names in: the stage of recipe_load() between merging and decoding. */
#ifndef RECIPE_INTERPOLATE_H
#define RECIPE_INTERPOLATE_H

#include "base/arena.h"
#include "base/err.h"
#include "edge/yaml.h"

/* Replaces every `${…}` in `root` by what it names; `facts` may be NULL. A value with a problem is reported, and marked so that
 * nobody reports it again. */
int interpolate(struct arena *arena, struct node *root, const struct node *facts, struct err *err);

/* A file of the recipe's own whose `${…}` are replaced once those of the recipe have been. */
struct template {
	struct arena *arena;
	struct node *root;           /* as interpolate() left it */
	const struct node *facts;    /* may be NULL */
	const char *name, *path;     /* of the file, as messages show it; of the key that names it */
};

/* The text with all names put in; `$${` stands for `${`. Every problem is told at its place in the file. */
int interpolate_template(const struct template *template, const char *text, const char **ret_text, struct err *err);

#endif
