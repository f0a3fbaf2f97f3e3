#include "sealed/sops/node.h"

#include <stdlib.h>
#include <string.h>

struct sops_node *sops_node_new(struct pool *pool, struct sops_tree *tree, enum sops_shape shape, unsigned line,
				struct fault *fault)
{
	struct sops_node *node;

	if (++tree->n_nodes > SOPS_NODES_MAX) {
		fault_set(fault, FAULT_PARSE, line, "it has more than %d values", SOPS_NODES_MAX);
		return NULL;
	}
	node = pool_alloc(pool, sizeof *node);
	node->shape = shape;
	node->line = line;
	return node;
}

void sops_node_put(struct sops_node *parent, const char *key, struct sops_node *node)
{
	node->key = key;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
}

/* Takes the child with this key out of a map. */
static struct sops_node *node_take(struct sops_node *map, const char *key)
{
	struct sops_node *before = NULL, *node = map->first;

	for (; node && strcmp(node->key, key) != 0; node = node->next)
		before = node;
	if (!node)
		return NULL;
	*(before ? &before->next : &map->first) = node->next;
	if (map->last == node)
		map->last = before;
	map->count--;
	return sops_node_real(node);
}

void sops_tree_put(struct pool *pool, struct sops_tree *tree, struct sops_node *document, struct sops_node *meta)
{
	*pool_push(pool, tree->documents, tree->n_documents) = document;
	*pool_push(pool, tree->metas, tree->n_metas) = meta ? meta : node_take(document, "sops");
}

struct sops_node *sops_node_real(struct sops_node *node)
{
	return node && node->shape == SOPS_ALIAS ? node->target : node;
}

struct sops_node *sops_node_at(const struct sops_node *map, const char *key)
{
	struct sops_node *node = map && map->shape == SOPS_MAP ? map->first : NULL;

	while (node && strcmp(node->key, key) != 0)
		node = node->next;
	return sops_node_real(node);
}

static int node_compare(const void *a, const void *b)
{
	const struct sops_node *one = *(const struct sops_node *const *)a, *other = *(const struct sops_node *const *)b;
	int order = strcmp(one->key, other->key);

	return order ? order : (one->line > other->line) - (one->line < other->line);
}

/* By sorting: a hostile map has many keys. */
int sops_node_unique(struct pool *pool, const struct sops_node *map, struct fault *fault)
{
	const struct sops_node **nodes = pool_alloc(pool, map->count * sizeof *nodes);
	size_t n = 0;

	for (const struct sops_node *node = map->first; node; node = node->next)
		nodes[n++] = node;
	qsort(nodes, n, sizeof *nodes, node_compare);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(nodes[i - 1]->key, nodes[i]->key) == 0)
			return fault_set(fault, FAULT_PARSE, nodes[i]->line, "the key '%s' stands twice, first in line %u",
					 nodes[i]->key, nodes[i - 1]->line);
	}
	return 0;
}
