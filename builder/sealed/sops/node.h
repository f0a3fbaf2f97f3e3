/* What the five stores make of a text: documents of maps, lists and typed scalars, with their places in the text. Of sops/
 * alone. */
#ifndef SEALED_SOPS_NODE_H
#define SEALED_SOPS_NODE_H

#include "sealed/sops/sops.h"

/* What hostile files could make grow: a file, its nesting, its nodes, and what aliases make of them. */
enum {
	SOPS_TEXT_MAX = 32 << 20,
	SOPS_DEPTH_MAX = 500,
	SOPS_NODES_MAX = 1 << 19,
	SOPS_EXPANDED_MAX = 64 << 20,
};

enum sops_shape { SOPS_MAP, SOPS_LIST, SOPS_SCALAR, SOPS_ALIAS };

struct sops_node {
	enum sops_shape shape;
	const char *key;             /* in a map */
	struct sops_node *first, *last, *next;
	size_t count;
	struct sops_node *target;    /* of an alias */
	enum sops_type type;         /* of a scalar: as the format has it, and its bytes as the MAC takes them */
	struct bytes value;
	const char *raw;             /* of a scalar that is no string of its format: as it is written */
	unsigned line;
	size_t from, to;             /* its place in the text: of a scalar and of what stands in brackets, both included */
	bool brackets;               /* [ … ] or { … } */
	bool open;                   /* its end was not read yet */
};

struct sops_tree {
	struct sops_node **documents; /* maps, without what SOPS added */
	struct sops_node **metas;    /* what SOPS added to each of them, or NULL */
	size_t n_documents, n_metas, n_nodes;
};

/* A new node; NULL, with a fault, when there are too many. */
struct sops_node *sops_node_new(struct pool *pool, struct sops_tree *tree, enum sops_shape shape, unsigned line,
				struct fault *fault);

/* Puts a node at the end of a map (with its key) or of a list (`key` NULL). */
void sops_node_put(struct sops_node *parent, const char *key, struct sops_node *node);

/* A document at the end; what stands in it under `sops` is taken out of it, or `meta` is that. */
void sops_tree_put(struct pool *pool, struct sops_tree *tree, struct sops_node *document, struct sops_node *meta);

/* What stands under `key` in a map; aliases are followed. NULL: nothing, or `map` is none (or NULL). */
struct sops_node *sops_node_at(const struct sops_node *map, const char *key);

/* Itself, or what the alias stands for. */
struct sops_node *sops_node_real(struct sops_node *node);

/* FAULT_PARSE when a key stands twice in a map. */
int sops_node_unique(struct pool *pool, const struct sops_node *map, struct fault *fault);

/* The stores. Each reads a text into a tree whose documents are maps. */
int sops_yaml_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault);
int sops_json_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault);
int sops_dotenv_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault);
int sops_ini_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault);

/* \n is a newline, in what formats without any have in a line. In `pool`. */
struct bytes sops_newlines_read(struct pool *pool, const uint8_t *data, size_t size);

/* Makes `age__list_0__map_enc` and its like, the keys of a flat map, into maps and lists. */
int sops_flat_unfold(struct pool *pool, struct sops_tree *tree, const struct sops_node *flat, struct sops_node **ret_map,
		     struct fault *fault);

#endif
