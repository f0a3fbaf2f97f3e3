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
	VALUE_SETTINGS,  /* struct recipe_settings: a section of a systemd-style file, or a list of such sections */
	VALUE_SETTING,   /* the value of one key in such a section: text, or a list of texts; decoded with its section */
	VALUE_RECORD,    /* a struct, field by field */
	VALUE_TABLE,     /* an array of structs, each an `element`, one for each key, and its size */
	VALUE_MAP,       /* by hand: `element` by free keys */
	VALUE_LIST,      /* by hand: a list of `element` */
	VALUE_CONTENT,   /* by hand: the record of the variant that its `type` names */
	VALUE_RECIPE,    /* not decoded, but merged: keys of the recipe once more */
	VALUE_TREE,      /* by hand: maps, lists and typed scalars of any depth; lists append, at every depth */
	VALUE_ANY,       /* not decoded: read before the rest, or by hand. A list is one value here: it does not append */
};

/* What a text must look like. */
struct rule {
	const char *expected; /* in words, for messages: "a name of lower-case letters …" */
	const char *pattern;  /* POSIX extended regular expression for the whole text; also in the JSON Schema */
};

struct schema_variant;
struct schema_refusal;

struct schema {
	enum value_type type;
	const struct rule *rule;          /* of texts, of each word */
	const char *const *choices;       /* NULL-terminated: of texts, of each word */
	int64_t min, max;                 /* of integers */
	const char *section;              /* of settings */
	const struct field *fields;       /* of records, ended by a nameless one */
	size_t sections_offset;           /* where settings go whose keys are sections (`Service:`), when `has_sections` */
	bool has_sections;
	const char *const *sections;      /* NULL-terminated: their names, for a suggestion */
	const struct schema *element;     /* of tables, maps and lists */
	const struct schema_variant *variants; /* of a content, ended by a nameless one */
	const struct rule *key_rule;      /* of a table's and a map's keys */
	size_t size, key_offset, pos_offset; /* of a table's elements */
	void (*prepare)(void *element);   /* of a table: defaults of an element that are not zero; may be NULL */
	bool or_file;                     /* the path of a file that holds it can stand for it */
	bool or_bool;                     /* true or false can stand for it; decoded by hand */
	const struct schema_refusal *refused; /* of a record keys, of a content types, ended by a nameless one; or NULL */
	/* By hand; else NULL. */
	int (*decode)(struct decoder *decoder, const struct node *node, const char *path, void *out);
	/* Of a word of the recipe, may be NULL: fills in defaults, and holds it against the rules that concern more
	 * than one value, once all is decoded. `root` is what it was decoded from; what has had a problem already is
	 * passed over. */
	void (*check)(struct decoder *decoder, const struct node *root);
};

/* What a content may be, by the word `type` in it. */
struct schema_variant {
	const char *type;
	const struct schema *schema;      /* a record, one of schema_contents */
};

/* What others have under a name, and this language has not: an error says what to write instead. */
struct schema_refusal {
	const char *name;
	const char *hint;
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0,
	FIELD_EARLY = 1 << 1,             /* read before merging (`from`, `vars`, …): not decoded */
	FIELD_IGNORED = 1 << 2,           /* held against its schema, and of no effect */
	FIELD_WHOLE = 1 << 3,             /* a list that a later file replaces instead of appending to it */
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

/* The records that contents may be, each under the name that the JSON Schema has it by; ended by a nameless one. */
extern const struct schema_variant schema_contents[];

/* Calls the checks of its words, in the order of their rows: kinds settle what is built, which all that follows asks;
 * `state` comes when all else is known. Returns the code of the first problem in decoder->err. */
int schema_check(struct decoder *decoder, const struct node *root);

/* The variant of a content that is called `type`; NULL when there is none. */
const struct schema_variant *schema_variant(const struct schema *schema, const char *type);

/* The field called `name`; NULL when the schema has none. */
const struct field *schema_field(const struct schema *schema, const char *name);

/* What a section (`Service`) and a key (`ExecStart`) of a systemd-style file look like. */
extern const struct rule schema_setting_rule;

/* Whether `key` in a record of that schema is such a section. */
bool schema_is_section(const struct schema *schema, const char *key);

/* What the value of `key` in the map `node`, or an item (`key` NULL) of the list `node`, must look like; never NULL: where
 * the table has no word for it, VALUE_ANY. `schema` is the one of `node` itself. */
const struct schema *schema_below(const struct schema *schema, const struct node *node, const char *key);

#endif
