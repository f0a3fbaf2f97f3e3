/* A document of a seed: YAML (1.1, as cloud-init reads it) as a tree of values. Whoever wrote it may mean harm:
 * documents have at most DOCUMENT_BYTES, VALUES_MAX values with what aliases stand for counted each time, VALUES_DEPTH
 * levels, VALUES_MEMBERS keys in a map. */
#ifndef MACHINE_SEED_VALUES_H
#define MACHINE_SEED_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/seed/remarks.h"

enum { DOCUMENT_BYTES = 1 << 20, VALUES_MAX = 16384, VALUES_DEPTH = 24, VALUES_MEMBERS = 1024, VALUES_ANCHORS = 64 };

enum value_kind {
	VALUE_NONE,                    /* null, or nothing at all */
	VALUE_TEXT,                    /* whatever else is no list and no map */
	VALUE_LIST,
	VALUE_MAP,
};

struct value {
	enum value_kind kind;
	const char *document;          /* "user-data" */
	unsigned line;                 /* from 1 */
	const char *key;               /* of a member of a map */
	const char *text;              /* of a text, with a NUL behind its `size` bytes; they have none themselves */
	size_t size;
	bool binary;                   /* !!binary: base64 */
	unsigned weight;               /* of itself and all below it, in values */
	const struct value *first, *next; /* what is in a list or a map; the next beside it */
};

/* Reads a document, all of whose memory is the memory's: its value, or NULL and a remark when it is none that can be
 * read. Of a key that is said twice the last value counts, and a remark says so. */
const struct value *values_read(struct memory *memory, struct remarks *remarks, const char *document, const char *text,
				size_t size);

/* The member `key` of a map; NULL when there is none, when it is null, or when `map` is no map (or NULL). */
const struct value *value_get(const struct value *map, const char *key);

/* The text; NULL for what is none (or NULL). */
const char *value_text(const struct value *value);

/* The text of a member. */
const char *value_get_text(const struct value *map, const char *key);

/* Yes or no in YAML's words, and 1 and 0; -1 for anything else (or NULL). */
int value_truth(const struct value *value);

/* Remarks "DOCUMENT:LINE: …". */
void value_remark(struct remarks *remarks, const struct value *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Remarks each member of `map` that is not in `known` (separated by spaces) as one that is not followed. `what` is
 * whose it is: "eth0". What is null asks for nothing. */
void value_remark_unknown(struct remarks *remarks, const struct value *map, const char *known, const char *what);

#endif
