/* The recipe language as a table: the one that decode() walks, that `aether-build schema` prints, that merging asks whether a
 * word alone means a list of one. */
#ifndef RECIPE_SCHEMA_H
#define RECIPE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;
struct node;
struct field;

enum value_type {
	VALUE_TEXT,      /* const char * */
	VALUE_BOOL,      /* bool */
	VALUE_TRISTATE,  /* enum recipe_tristate */
	VALUE_INT,       /* int64_t, min … max */
	VALUE_SIZE,      /* uint64_t bytes */
	VALUE_MODE,      /* mode_t, written as quoted octal */
	VALUE_WORDS,     /* struct strv; a word alone is a list of one */
	VALUE_FILE,      /* const char *: a file of the recipe's own, as an absolute path of the host */
	VALUE_SETTINGS,  /* struct recipe_settings: one section of a systemd-style file */
	VALUE_RECORD,    /* a struct, field by field */
	VALUE_TABLE,     /* an array of structs, one for each key, and its size */
	VALUE_ANY,       /* not decoded: read before the rest, or by hand */
};

/* What a text must look like. */
struct rule {
	const char *expected; /* in words, for messages: "a name of lower-case letters …" */
	const char *pattern;  /* POSIX extended regular expression for the whole text; also in the JSON Schema */
};

struct schema {
	enum value_type type;
	const struct rule *rule;          /* of texts, of each word */
	const char *const *choices;       /* NULL-terminated: of texts, of each word */
	int64_t min, max;                 /* of integers */
	const char *section;              /* of settings */
	const struct field *fields;       /* of records and tables, ended by a nameless one */
	const struct rule *key_rule;      /* of a table's keys */
	size_t size, key_offset;          /* of a table's elements */
	size_t pos_offset;                /* in a table's elements, when `has_pos` */
	bool has_pos;
	size_t sections_offset;           /* where settings go whose keys are sections (`Service:`), when `has_sections` */
	bool has_sections;
	int (*decode)(struct decoder *decoder, const struct node *node, const char *path, void *out); /* by hand, else NULL */
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0,
	FIELD_EARLY = 1 << 1,             /* read before merging (`from`, `vars`, …): not decoded */
	FIELD_LATER = 1 << 2,             /* part of the language, of no effect yet: refused */
};

struct field {
	const char *name;
	const struct schema *schema;
	unsigned flags;
	size_t offset, count_offset;      /* in the struct; the count is a table's */
	const char *help;                 /* a line for the JSON Schema */
};

/* The whole recipe. */
extern const struct schema schema_recipe;

/* The content of a partition by its `type`; NULL when there is none of that name. `ret_later`: refused as not yet supported. */
const struct schema *schema_content(const char *type, bool *ret_later);

/* The names of content types, NULL-terminated. */
extern const char *const schema_content_types[];

/* The field called `name`; NULL when the schema has none. */
const struct field *schema_field(const struct schema *schema, const char *name);

#endif
