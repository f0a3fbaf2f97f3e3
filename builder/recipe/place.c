/* Where the recipe says a thing, for problems that are found after it was read. */
#include <string.h>

#include "edge/yaml.h"
#include "recipe/recipe.h"

/* A value has the place of its key: that of a map is its first line. */
static const struct node *place_below(const struct node *map, const char *key, struct pos *pos)
{
	for (size_t i = 0; map->type == NODE_MAP && i < map->count; i++)
		if (strcmp(map->keys[i], key) == 0) {
			*pos = map->items[i]->type == NODE_MAP ? map->key_pos[i] : map->items[i]->pos;
			return map->items[i];
		}
	return NULL;
}

struct pos recipe_place(const struct recipe *recipe, const char *const *keys, const char *word)
{
	struct pos pos = {.file = recipe->path};
	const struct node *node = recipe->words;

	while (node && *keys)
		node = place_below(node, *keys++, &pos);
	for (size_t i = 0; node && word && node->type == NODE_LIST && i < node->count; i++)
		if (node->items[i]->type == NODE_SCALAR && strcmp(node->items[i]->text, word) == 0)
			return node->items[i]->pos;
	return pos;
}
