/* Whether the units of a recipe can be enabled and disabled as it asks. */
#ifndef TREE_ENABLING_H
#define TREE_ENABLING_H

#include "tree/steps.h"
#include "tree/unit_index.h"

/* Before presets are applied: what `enable` is said of must be a unit by its own name, and not masked. */
int enabling_check_names(const struct step *step, const struct unit_index *index, struct err *err);

/* Afterwards: the links in the tree must say what the recipe does; those of /etc that do not are removed. */
int enabling_check_links(const struct step *step, const struct unit_index *index, struct err *err);

#endif
