/* What a machine says of itself becomes what its secrets are encrypted to. */
#ifndef KEEPER_ENROLL_H
#define KEEPER_ENROLL_H

#include <stdbool.h>

#include "keeper/roll.h"

struct enrolled {
	struct strv added, retired;  /* recipients that count from now on, and no more; in the arena */
};

/* Takes what machine `name` says into its roll: the recipients of its identities, the newest first, and its SSH host key where
 * that was recorded already, or is all that it has. Recorded ones that it no longer has are retired. -EEXIST when it has none
 * of those recorded, so that it might be another machine, unless `replace`. Pure. */
int roll_enroll(struct arena *arena, struct roll *roll, const char *name, const struct strv *told, bool replace,
		struct enrolled *ret_enrolled, struct err *err);

#endif
