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

/* What interpolation has made of a node: nothing yet; its last word; nothing, and the problem has been reported; nothing,
 * because it is the text of a template, in which not all names have a value (recipe/interpolate.h). */
enum node_state { STATE_RAW, STATE_FINAL, STATE_REPORTED, STATE_TEMPLATE };

struct node {
	enum node_type type;
	enum node_tag tag;
	enum node_state state;
	struct pos pos;
	const char *text;            /* of a scalar */
	bool plain;                  /* a scalar without quotes: `true`, `12`, `null` mean more than their letters */
	bool alone;                  /* a scalar that was written where a list belongs, and was made one of one item */
	bool joined;                 /* a scalar that ${…} and other text were put together to: text, whatever it looks like */
	const char *written;         /* a scalar in which ${facts.…} stood: its text before that was put in; NULL for others */
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

/* Whether two nodes say the same, and with the same types: 8 is not "8". */
bool node_same(const struct node *a, const struct node *b);

/* Whether one of the items of a list is the same as `item`. */
bool node_has_same(const struct node *list, const struct node *item);

/* Whether a node is YAML's null: `~`, `null`, or nothing at all. */
bool node_is_null(const struct node *node);

/* What a scalar is, by the core schema of YAML 1.2. */
enum scalar {
	SCALAR_TEXT,                 /* all that stands in quotes, and what is none of the following */
	SCALAR_NULL,
	SCALAR_BOOL,
	SCALAR_INTEGER,
	SCALAR_REAL,
	SCALAR_INFINITE,             /* `.inf`, `.nan` */
	SCALAR_UNCLEAR,              /* a number that not all programs read alike: 010, or hexadecimal beyond 64 bits */
};

enum scalar node_scalar(const struct node *node);

/* The digits of a SCALAR_INTEGER or SCALAR_REAL as JSON writes them, all of them, however many there are; with `yaml` as a
 * reader of YAML 1.1, too, takes them for a number. In `arena`. */
const char *node_number(struct arena *arena, const struct node *node, bool yaml);

/* Writes a node as a YAML document whose types readers of YAML 1.1 and of 1.2 see alike: in quotes stands every text that
 * one of them would take for something else. Scalars must not be SCALAR_UNCLEAR. In `arena`, ends with a newline. */
int yaml_write(struct arena *arena, const struct node *node, const char **ret_text, struct err *err);

#endif
