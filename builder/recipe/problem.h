/* How problems of a recipe are told. */
#ifndef RECIPE_PROBLEM_H
#define RECIPE_PROBLEM_H

#include "recipe/decode.h"

/* `text` as messages may show it: not too long, and nothing that would confuse a terminal; in `arena`. */
const char *problem_shown(struct arena *arena, const char *text);

/* Says that `node` is not `what` it has to be, and what it is; -EINVAL. */
int problem_expected(struct decoder *decoder, const struct node *node, const char *path, const char *what);

/* `key` below the dotted path `path`, as messages show it; in `arena`. */
const char *problem_path(struct arena *arena, const char *path, const char *key);

/* Says that there is no `what` called `word`, and which of the `n` known ones may have been meant; -EINVAL. */
int problem_unknown(struct decoder *decoder, const struct pos *pos, const char *path, const char *what, const char *word,
		   const char *const *known, size_t n);

/* Whether a problem with `path`, or with something below it, has been reported. */
bool problem_known(const struct decoder *decoder, const char *path);

/* The place of word `i` of a list, which may have been written as a word alone. */
const struct pos *problem_item(const struct node *list, size_t i);

/* Puts problems, and warnings, in the order of their places: file by file, from the top. */
void problem_sort(struct err *err);

#endif
