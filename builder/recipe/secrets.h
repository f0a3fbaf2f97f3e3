/* Secrets of a recipe (docs/recipes.md): where each value comes from, where it goes, who is told that it changed. */
#ifndef RECIPE_SECRETS_H
#define RECIPE_SECRETS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"

/* How a value reaches the machine: it travels encrypted in the image and is opened there, or whoever deploys opens it, seals it
 * to the machine and sends it. */
enum recipe_way { RECIPE_WAY_IMAGE, RECIPE_WAY_SEND };

struct recipe_secret {
	const char *name;
	const char *file;            /* below the recipe's repository, as files' sources are told */
	bool json;                   /* jsonFile: not encrypted, read when it is sent */
	const char *format;          /* of sops: yaml, json, dotenv, ini, binary */
	struct strv key;             /* steps; none: the whole file */
	enum recipe_way way;
	const char *path;            /* where it is found besides /run/secrets/NAME, or NULL */
	unsigned mode;
	const char *owner, *group;   /* names */
	bool for_users, allow_empty;
	struct strv restart, reload; /* units */
	struct pos pos;
};

struct recipe_template_part {
	const char *text;            /* or NULL: the value of … */
	const char *secret;
};

struct recipe_template {
	const char *name, *path;
	struct recipe_template_part *parts;
	size_t n_parts;
	unsigned mode;
	const char *owner, *group;
	struct strv restart, reload;
	struct pos pos;
};

/* What the search for leaks may find: a reason is needed. */
struct recipe_leak_exception {
	const char *path;            /* a path in the image, or a pattern of fnmatch(3) */
	const char *form;            /* the form that is meant (docs/recipes.md), or NULL: all */
	const char *reason;
	struct pos pos;
};

#endif
