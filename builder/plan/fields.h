/* What a plan says, as one table. Its text, its JSON, the comparison of two plans and the groups of a difference come
 * from it: a field of the language that decides something is one row here. */
#ifndef PLAN_FIELDS_H
#define PLAN_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

/* How a field lies in its struct. */
enum plan_type {
	PLAN_TEXT,     /* const char * */
	PLAN_CHARS,    /* char[] */
	PLAN_LINES,    /* const char *, of many lines */
	PLAN_BOOL,     /* bool */
	PLAN_TRISTATE, /* enum recipe_tristate */
	PLAN_NUMBER,   /* int64_t; a negative one says nothing */
	PLAN_SIZE,     /* uint64_t, bytes or milliseconds */
	PLAN_BITS,     /* uint64_t, told in hexadecimal */
	PLAN_MODE,     /* mode_t, told in octal */
	PLAN_CONTENT,  /* enum disk_content */
	PLAN_HYBRID,   /* struct disk_hybrid */
	PLAN_WORDS,    /* struct strv */
	PLAN_RECORD,   /* the fields `inside`, in the same struct */
};

enum plan_flag {
	PLAN_NAMES = 1 << 0,     /* by it an item is told from the others; one of several, where a list has several */
	PLAN_SHOWN = 1 << 1,     /* its value is what is shown of an item that came, went or changed */
	PLAN_MAYBE = 1 << 2,     /* "", 0 or no words say nothing, and JSON leaves it out */
	PLAN_HIDDEN = 1 << 3,    /* neither in the text nor compared: it follows from others */
};

struct plan_field {
	const char *name;            /* NULL: the item is this value alone */
	enum plan_type type;
	unsigned flags;              /* of enum plan_flag */
	size_t via; /* 1 and the offset of a pointer in the item, to the struct that has it; 0: the item itself */
	size_t offset;
	const struct plan_field *inside; /* of a record, ended by a row of zeros */
};

/* A list of items: an array and its size, somewhere in a struct. */
struct plan_list {
	const char *key, *part;      /* in JSON: the key; the key within that object, or NULL */
	const char *what, *heading;  /* one of it, in text and comparisons; the group of a difference */
	const char *layer;           /* what a change of it makes stale */
	const char *after;           /* follows its name ("/tcp"), or NULL */
	bool maybe;                  /* JSON leaves it out where there are none */
	bool of_recipe;              /* the array is in plan->recipe, else in the plan */
	size_t items, count, size;   /* offsets of pointer and number; of one item */
	size_t pos_via, pos;         /* 1 and offset, as of a field; where the recipe's words are: 1 and offset, 0: nowhere */
	const struct plan_field *fields; /* ended by a row of zeros */
};

/* A value that is the whole. */
struct plan_single {
	struct plan_field field;     /* in struct plan */
	const char *layer;           /* as of a list; NULL: not compared */
};

/* All lists of a plan but its packages, in the order of a difference; ended by a row of zeros. */
extern const struct plan_list plan_lists[];

/* Of a layer (struct plan_layer) its packages, and the paths that are not excluded there; of a tree's recipe (struct recipe)
 * the paths of packages. */
extern const struct plan_list plan_packages, plan_excepted, plan_excluded, plan_included;

extern const struct plan_single plan_singles[]; /* ended by a row of zeros */

/* What a field says. */
struct plan_value {
	enum plan_form { SAYS_NOTHING, SAYS_TEXT, SAYS_LINES, SAYS_BOOL, SAYS_NUMBER, SAYS_WORDS, SAYS_RECORD } form;
	const char *text;
	int64_t number;              /* of a number, and of a truth */
	const struct strv *words;
	char scratch[24];            /* what `text` may point to */
};

/* Reads a field of `item`, which stays its owner. Pure. */
void plan_value_of(const struct plan_field *field, const void *item, struct plan_value *ret_value);

/* The items of a list: how many; the one with index `i`. `base` is the struct that the list's offsets are of. */
size_t plan_count(const struct plan_list *list, const void *base);
const void *plan_item(const struct plan_list *list, const void *base, size_t i);

/* That struct for one of plan_lists. */
const void *plan_base(const struct plan *plan, const struct plan_list *list);

/* Where the recipe's words are behind the item `name` of the kind `what` ("file", "package", …); NULL when it has none. */
const struct pos *plan_words(const struct plan *plan, const char *what, const char *name);

/* The end of a table's rows. */
static inline bool plan_field_ends(const struct plan_field *field)
{
	return !field->name && !field->flags;
}

/* Whether several fields may name an item of the list, so that its name has to say which one does. */
static inline bool plan_several_names(const struct plan_list *list)
{
	return list->fields[0].name && (list->fields[1].flags & PLAN_NAMES);
}

#endif
