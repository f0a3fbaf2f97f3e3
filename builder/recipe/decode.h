/* From merged nodes to struct recipe, by the schema. */
#ifndef RECIPE_DECODE_H
#define RECIPE_DECODE_H

#include "edge/yaml.h"
#include "recipe/recipe.h"
#include "recipe/schema.h"

/* A file of the language that was read; nodes know it by the `pos.file` they carry (the same pointer). */
struct document {
	const char *name;            /* as messages show it */
	const char *path;            /* absolute, of the host */
	enum recipe_origin origin;
	bool module;                 /* a module, or facts or partitions that one names */
	size_t level;                /* index of the recipe (parent, grandparent, … or self) that uses the module or is this */
	size_t *uses;                /* of a module: indices of all modules that it uses, and that they use */
	size_t n_uses;
};

struct decoder {
	struct arena *arena;
	struct recipe *recipe;
	struct document *documents;
	size_t n_documents;
	const char *shipped;         /* shipped_folder() */
	struct node *root;           /* all that was merged, with names put in … */
	const struct node *facts;    /* … and where they come from; may be NULL */
	bool allow_outside;
	struct err *err;
};

/* Decodes `node` as `schema` says into `out` (the struct that the schema's offsets are of). `path` is the dotted path of the
 * node's key. Goes on after a problem, so that all of them are found; returns the code of the first in decoder->err. */
int decode(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path, void *out);

/* Whether all of `text` looks as the rule says. */
bool decode_matches(const struct rule *rule, const char *text);

#endif
