/* YAML 1.1 as recipes use it, by libyaml: one document of maps, lists and scalars, each with its place. What YAML offers beyond
 * (aliases, anchors, foreign tags, several documents, keys that are not words, a key twice) is refused, and so is what
 * is larger or deeper than any recipe. */
#ifndef EDGE_YAML_H
#define EDGE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_tag { TAG_NONE, TAG_REPLACE, TAG_REMOVE }; /* `!replace`, `!remove` */

/* What interpolation has made of a node: nothing yet; its last word; nothing, and the problem has been reported. */
enum node_state { STATE_RAW, STATE_FINAL, STATE_REPORTED };

struct node {
	enum node_type type;
	enum node_tag tag;
	enum node_state state;
	struct pos pos;
	const char *text;            /* of a scalar */
	bool plain;                  /* a scalar without quotes: `true`, `12`, `null` mean more than their letters */
	bool alone;                  /* a scalar that was written where a list belongs, and was made one of one item */
	struct node **items;         /* of a list; of a map: the values */
	const char **keys;           /* of a map */
	struct pos *key_pos;         /* of a map */
	size_t count;
};

/* Parses `size` bytes of text into nodes that live in `arena`; `name` (borrowed) is the file in every position. An empty
 * document is an empty map. On failure `err` says where; -EINVAL. */
int yaml_read(struct arena *arena, const char *name, const void *text, size_t size, struct node **ret_node, struct err *err);

/* The value of `key` in a map; NULL when there is none, or `node` is NULL or no map. */
struct node *node_get(const struct node *node, const char *key);

/* Adds a value to a map, or an item to a list. */
void node_set(struct arena *arena, struct node *map, const char *key, const struct pos *key_pos, struct node *value);
void node_add(struct arena *arena, struct node *list, struct node *item);

/* Whether two nodes say the same; places and quotes do not count. */
bool node_equal(const struct node *a, const struct node *b);

/* Whether one of the items of a list says the same as `item`. */
bool node_has(const struct node *list, const struct node *item);

/* Whether a node is YAML's null: `~`, `null`, or nothing at all. */
bool node_is_null(const struct node *node);

#endif
