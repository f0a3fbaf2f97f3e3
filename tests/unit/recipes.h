/* Small recipes in a repository of their own: scratch(). */
#ifndef UNIT_RECIPES_H
#define UNIT_RECIPES_H

#include "recipe/recipe.h"

/* Writes `text` as the file `name` of the repository; the folders it needs are made. */
void recipes_write(const char *name, const char *text);

/* Writes `text` as x.recipe, loads it and returns it; a refusal fails the test. Beside it stands a
 * complete recipe, base.recipe, which `text` may name as its parent. */
const struct recipe *recipes_load(const char *text);

/* The same for a kind of it. */
const struct recipe *recipes_load_as(const char *text, unsigned kind);

/* The same of a container called box, which has no layout. */
const struct recipe *recipes_load_container(const char *text);

/* The same for `kind` (0: none in particular), but it must be refused, with `words` somewhere in what is printed. */
void recipes_refused(const char *text, unsigned kind, const char *words);

/* The items of a list, with a space between. */
const char *recipes_words(const struct strv *list);

/* The names of the packages, each with P, M or S for its origin: "curl/P caddy/S". */
const char *recipes_packages(const struct recipe *recipe);

/* The settings of a unit: "Service.Type=oneshot Service.ExecStart=/bin/true"; NULL when there is no such unit. */
const char *recipes_unit(const struct recipe *recipe, const char *name);

/* The text of the file at `path` in the image; NULL when there is none. */
const char *recipes_text(const struct recipe *recipe, const char *path);

#endif
