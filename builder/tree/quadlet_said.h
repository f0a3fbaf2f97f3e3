/* What podman's generator says of Quadlet files, told at the recipe's line. */
#ifndef TREE_QUADLET_SAID_H
#define TREE_QUADLET_SAID_H

#include "tree/steps.h"

#define QUADLET_GENERATOR "/usr/libexec/podman/quadlet"

/* Whether the podman of the tree puts the names of units in the place of quadlets' in After=, Requires=, … (5.5 and later). */
bool quadlet_said_translates(const struct step *step);

/* Tells what it has said of the quadlets of one user (0: the system's), a line a problem. */
int quadlet_said_tell(const struct step *step, int64_t uid, const char *said, struct err *err);

#endif
