/* The body of a resource or block: its attributes as rows of a table, which say what they are called there, and where their
 * value is here. */
#ifndef FLEET_TOFU_BODY_H
#define FLEET_TOFU_BODY_H

#include <stddef.h>

#include "base/arena.h"
#include "edge/jval.h"
#include "edge/yaml.h"

enum attribute_type {
	ATTRIBUTE_TEXT,              /* const char *; NULL: left out */
	ATTRIBUTE_NUMBER,            /* int64_t; 0: left out */
	ATTRIBUTE_FLAG,              /* bool */
	ATTRIBUTE_MIB,               /* uint64_t of bytes; 0: left out */
	ATTRIBUTE_GIB,
	ATTRIBUTE_GIB_TEXT,          /* the same as "8G" */
	ATTRIBUTE_TEXTS,             /* struct strv; left out when empty */
	ATTRIBUTE_DISCARD,           /* bool: "on", "ignore" */
};

struct attribute {
	const char *block;           /* the block that it is in; NULL: none. Rows of one block follow each other */
	const char *name, *word;     /* of the provider; of the recipe's map, NULL: it is not told by facts */
	enum attribute_type type;
	size_t offset;               /* in the struct */
};

/* Where the values are from. */
struct attribute_source {
	const void *record;          /* the struct */
	const struct node *words;    /* the map that it was read from; NULL: not known */
	const char *facts;           /* the local value that has the facts; NULL: values are told by themselves */
};

/* Sets those of the `rows` (ended by a nameless one) that have a value. */
void body_set(struct arena *arena, struct jval *object, const struct attribute *rows,
		    const struct attribute_source *source);

#endif
