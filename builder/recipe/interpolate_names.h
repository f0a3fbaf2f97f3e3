/* What interpolating a recipe and filling in a template share; nobody else needs it. */
#ifndef RECIPE_INTERPOLATE_NAMES_H
#define RECIPE_INTERPOLATE_NAMES_H

#include "recipe/interpolate.h"
#include "recipe/joined.h"

/* The values that are being worked out: meeting one of them again means that it needs itself. */
struct chain {
	const struct chain *up;
	const struct node *node;
	const char *path;
	unsigned depth;
};

struct names {
	struct arena *arena;
	struct node *root;
	const struct node *facts;
	size_t bytes, nodes;
	bool template;               /* in a file, where nothing but text can stand … */
	bool placeholders;           /* … but the places of secrets */
	struct err *err;
};

/* One `${…}` of a value. */
struct reference {
	const char *name;            /* what stands between the braces */
	const struct node *node;     /* the value it stands in, … */
	const char *path;            /* … and that value's key */
};

/* Says what is wrong with a reference; -EINVAL. */
int interpolate_refuse(const struct names *names, const struct reference *from, const char *what);

/* Says that there is no `word` behind `before` ("vars.a."), and which of the `n` known ones may be meant; -EINVAL. */
int interpolate_unknown(const struct names *names, const struct reference *from, const char *before, const char *word,
			const char *const *known, size_t n);

/* Whether the name is one of a secret. */
bool interpolate_is_secret(const char *name);

/* Reads the reference that begins at `text` into from->name; returns what follows it, or NULL with an error. */
const char *interpolate_read_reference(struct names *names, const char *text, struct reference *from);

/* Appends what `from` names, worked out: 0, or -EINVAL with an error. */
int interpolate_put(struct names *names, const struct reference *from, const struct chain *up, struct joined *joined);

#endif
