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
};

struct decoder {
	struct arena *arena;
	struct recipe *recipe;
	const struct document *documents;
	size_t n_documents;
	bool allow_outside;
	struct err *err;
};

/* Decodes `node` as `schema` says into `out` (the struct that the schema's offsets are of). `path` is the dotted path of the
 * node's key. Goes on after a problem, so that all of them are found; returns the code of the first in decoder->err. */
int decode(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path, void *out);

/* The document a position lies in; never NULL. */
const struct document *decode_document(const struct decoder *decoder, const struct pos *pos);

/* The absolute path of the file that `node` names relative to its own document; NULL (with an error) when it does not exist or
 * lies outside the repository. Its digest is added to the recipe's inputs. */
const char *decode_own_file(struct decoder *decoder, const struct node *node, const char *path);

/* By hand, where a table cannot say it. */
int decode_kinds(struct decoder *decoder, const struct node *node, const char *path, void *out);
int decode_packages(struct decoder *decoder, const struct node *node, const char *path, void *out);
int decode_principals(struct decoder *decoder, const struct node *node, const char *path, void *out);
int decode_commands(struct decoder *decoder, const struct node *node, const char *path, void *out);
int decode_partition_size(struct decoder *decoder, const struct node *node, const char *path, void *out);
int decode_content(struct decoder *decoder, const struct node *node, const char *path, void *out);

#endif
