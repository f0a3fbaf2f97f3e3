/* What maintainer scripts find in the tree while they run, and what is gone before the layer is kept. */
#ifndef TREE_SETTING_H
#define TREE_SETTING_H

#include "base/err.h"

/* No service starts (invoke-rc.d asks policy-rc.d), and the machine has a name that can be looked up: SANDBOX_HOSTNAME, the
 * same wherever and for whomever the layer is made. */
int setting_put(int root_fd, struct err *err);

/* Removes what setting_put() put there; what a script has changed stays. */
int setting_take_away(int root_fd, struct err *err);

#endif
