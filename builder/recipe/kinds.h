/* One recipe, several kinds: which of them is read, whose parent that is, and which words count for it alone. */
#ifndef RECIPE_KINDS_H
#define RECIPE_KINDS_H

#include "recipe/decode.h"

/* Notes what a file that is no module says of kinds: the first one it names is the default, when no file before it has
 * named one. Files are noted from the recipe itself on to its parents. A file that names its parents by kind (`from:
 * {vm: …, lxc: …}`) and has no `kinds` gets those. */
void kinds_note(struct decoder *decoder, struct node *root);

/* What `from` of a file names for the kind that is read: `*ret_parent`, NULL when it has no parent. -EINVAL, reported, when it
 * names parents by kind and none for this one. */
int kinds_parent(struct decoder *decoder, const struct node *root, const struct node **ret_parent);

/* What stands below `vm` or `lxc` of a file, whichever is read, as a part of a recipe: `*ret_words`, NULL when there is
 * nothing. Both are looked at: -EINVAL, reported, when there is what cannot stand there. */
int kinds_words(struct decoder *decoder, const struct node *root, struct node **ret_words);

#endif
