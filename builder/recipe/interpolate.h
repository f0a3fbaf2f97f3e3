/* Putting names in: the stage of recipe_load() between merging and decoding. */
#ifndef RECIPE_INTERPOLATE_H
#define RECIPE_INTERPOLATE_H

#include "base/arena.h"
#include "base/err.h"
#include "edge/yaml.h"
#include "recipe/secrets.h"

/* Replaces every `${…}` in `root` by what it names; `facts` may be NULL. A value with a problem is reported, and marked so that
 * nobody reports it again. The texts of `templates` are left as they are. */
int interpolate(struct arena *arena, struct node *root, const struct node *facts, struct err *err);

/* A file of the recipe's own whose `${…}` are replaced once those of the recipe have been; or a text of the recipe that
 * interpolate() has left alone (STATE_TEMPLATE). */
struct template {
	struct arena *arena;
	struct node *root;           /* as interpolate() left it */
	const struct node *facts;    /* may be NULL */
	const char *name, *path;     /* of the file, as messages show it; of the key that names it */
	const struct pos *pos;       /* where all problems are told; NULL: at their places in the file */
};

/* The text with all names put in; `$${` stands for `${`. Every problem is told at its place in the file. */
int interpolate_template(const struct template *template, const char *text, const char **ret_text, struct err *err);

/* The same of a text in which `${secrets.NAME}` are the places of values that only the machine has: its parts, in order. Each
 * NAME is one of the recipe's `secrets`. */
int interpolate_parts(const struct template *template, const char *text, struct recipe_template_part **ret_parts,
		      size_t *ret_n, struct err *err);

#endif
