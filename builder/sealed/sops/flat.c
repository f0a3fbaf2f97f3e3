/* Maps and lists that formats without any write as long keys: age__list_0__map_enc. */
#include <stdlib.h>
#include <string.h>

#include "sealed/sops/node.h"

#define FLAT_MAP "__map_"
#define FLAT_LIST "__list_"
enum { FLAT_ENTRIES_MAX = 1000, FLAT_STEPS_MAX = 20 };

struct flat {
	struct pool *pool;
	struct sops_tree *tree;
	struct fault *fault;
	unsigned line;
};

/* The separator that comes first, or NULL. */
static const char *flat_next(const char *text)
{
	const char *map = strstr(text, FLAT_MAP), *list = strstr(text, FLAT_LIST);

	return !map || (list && list < map) ? list : map;
}

static bool flat_is_list(const char *separator)
{
	return strncmp(separator, FLAT_LIST, strlen(FLAT_LIST)) == 0;
}

/* A child of this kind under a key; it is made when it is not there. */
static struct sops_node *flat_child(struct flat *flat, struct sops_node *map, const char *key, enum sops_shape shape)
{
	struct sops_node *node = sops_node_at(map, key);

	if (!node) {
		node = sops_node_new(flat->pool, flat->tree, shape, flat->line, flat->fault);
		if (node)
			sops_node_put(map, key, node);
	}
	if (node && node->shape != shape) {
		fault_set(flat->fault, FAULT_META, flat->line, "'%s' in what SOPS added is two things at once", key);
		return NULL;
	}
	return node;
}

/* Lists are maps with the places as keys while they grow; the result has them in order. */
static struct sops_node *flat_entry(struct flat *flat, struct sops_node *list, const char *number)
{
	struct sops_node *node = list->first;
	unsigned long place;

	if (!*number || strspn(number, "0123456789") != strlen(number) || strlen(number) > 4 ||
	    (place = strtoul(number, NULL, 10)) >= FLAT_ENTRIES_MAX) {
		fault_set(flat->fault, FAULT_META, flat->line, "'%s' in what SOPS added is no place in a list", number);
		return NULL;
	}
	while (list->count <= place) {
		node = sops_node_new(flat->pool, flat->tree, SOPS_MAP, flat->line, flat->fault);
		if (!node)
			return NULL;
		sops_node_put(list, NULL, node);
	}
	for (node = list->first; place > 0; place--)
		node = node->next;
	return node;
}

static int flat_put(struct flat *flat, struct sops_node *map, const char *key, const struct sops_node *value)
{
	const char *separator = flat_next(key);
	size_t steps = 0;
	struct sops_node *leaf;

	while (map && separator && ++steps < FLAT_STEPS_MAX) {
		char *name = memcpy(pool_alloc(flat->pool, (size_t)(separator - key)), key, (size_t)(separator - key));
		bool list = flat_is_list(separator);

		map = flat_child(flat, map, name, list ? SOPS_LIST : SOPS_MAP);
		key = separator + (list ? strlen(FLAT_LIST) : strlen(FLAT_MAP));
		separator = flat_next(key);
		if (map && list) {
			size_t size = separator ? (size_t)(separator - key) : strlen(key);

			map = flat_entry(flat, map, memcpy(pool_alloc(flat->pool, size), key, size));
			if (!separator || flat_is_list(separator))
				return fault_set(flat->fault, FAULT_META, flat->line,
						 "an entry of '%s' in what SOPS added is no map", name);
			key = separator + strlen(FLAT_MAP);
			separator = flat_next(key);
		}
	}
	if (!map || separator)
		return fault_set(flat->fault, FAULT_META, flat->line, "a key in what SOPS added is too deep");
	leaf = flat_child(flat, map, key, SOPS_SCALAR);
	if (!leaf)
		return -1;
	leaf->type = value->type;
	leaf->value = value->value;
	leaf->from = value->from;
	leaf->to = value->to;
	return 0;
}

int sops_flat_unfold(struct pool *pool, struct sops_tree *tree, const struct sops_node *flat_map, struct sops_node **ret_map,
		     struct fault *fault)
{
	struct flat flat = {.pool = pool, .tree = tree, .fault = fault};

	*ret_map = sops_node_new(pool, tree, SOPS_MAP, flat_map->line, fault);
	if (!*ret_map)
		return -1;
	for (const struct sops_node *node = flat_map->first; node; node = node->next) {
		int r;

		flat.line = node->line;
		r = flat_put(&flat, *ret_map, node->key, node);
		if (r < 0)
			return r;
	}
	return 0;
}
