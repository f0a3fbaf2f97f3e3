/* Names of other units in a recipe's units: whether the image has them. */
#ifndef TREE_UNIT_NAMES_H
#define TREE_UNIT_NAMES_H

#include "tree/steps.h"
#include "tree/unit_index.h"

/* What a unit cannot start without, or is not started by, is an error when nobody has it; what it only mentions, a warning. */
int unit_names_check(const struct step *step, const struct unit_index *index, struct err *err);

/* The same for one setting of a unit or a quadlet, whose path in the recipe is `of`. In a quadlet, podman may know what to do
 * with the names of others. */
void unit_names_check_setting(const struct step *step, struct arena *arena, const struct unit_scope *scope,
			      const struct recipe_setting *setting, const char *of, bool quadlet, struct err *err);

/* Makes the folders that the recipe's mounts and automounts are to be at: the machine's root cannot be written. */
int unit_names_make_mount_points(const struct step *step, struct err *err);

/* What the recipe's words give `key` in `section` of the unit, the last time; or NULL. */
const char *unit_names_value(const struct plan_unit *unit, const char *section, const char *key);

#endif
