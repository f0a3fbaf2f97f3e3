/* A text that values are put into, twice: with them, and with the names of facts still in it, as it was written. */
#ifndef RECIPE_JOINED_H
#define RECIPE_JOINED_H

#include "base/arena.h"
#include "base/buf.h"
#include "edge/yaml.h"

struct joined {
	struct buf text, written;
	bool facts;                  /* there is such a name in `written` */
};

/* `name` when it is that of a fact, else NULL. */
const char *joined_fact(const char *name);

/* What the scalar `value`, which is the fact of that name (NULL: none), was written as: "${facts.a.b}", or other text with such
 * names in it, where "$${" stands for these very characters. NULL when no fact is in it. In `arena`. */
const char *joined_written(struct arena *arena, const char *fact, const struct node *value);

/* Appends the scalar that `name` stands for. */
void joined_put(struct joined *joined, struct arena *arena, const char *name, const struct node *value);

/* Appends the character at `text`, or the "$${" there; what follows it. */
const char *joined_put_plain(struct joined *joined, const char *text);

/* The text with its values, in `arena`. */
const char *joined_text(const struct joined *joined, struct arena *arena);

void joined_free(struct joined *joined);
#define _cleanup_joined_ __attribute__((cleanup(joined_free)))

#endif
