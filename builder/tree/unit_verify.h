/* What systemd-analyze(1) finds wrong with the units of a recipe, told at the recipe's line. */
#ifndef TREE_UNIT_VERIFY_H
#define TREE_UNIT_VERIFY_H

#include "tree/steps.h"
#include "tree/unit_scope.h"

/* Of the plan's units, which are all those of one manager. */
int unit_verify(const struct step *step, const struct unit_scope *scope, struct err *err);

/* Tells what it has said, a line a problem. */
int unit_verify_tell(const struct step *step, const struct unit_scope *scope, const char *said, struct err *err);

#endif
