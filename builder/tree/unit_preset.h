/* Enabling and disabling what the recipe says so of, by systemctl(1) of the tree. */
#ifndef TREE_UNIT_PRESET_H
#define TREE_UNIT_PRESET_H

#include "tree/steps.h"
#include "tree/unit_scope.h"

/* Of the plan's units, which are all those of one manager. The system's have a preset among the plan's files; of a user's
 * units all that is left is the links in the user's folder. */
int unit_preset(const struct step *step, const struct unit_scope *scope, struct err *err);

#endif
