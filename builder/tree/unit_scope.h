/* The managers of systemd that a machine has, and where they look for units (systemd.unit(5)): the system's, and one for each
 * user that has units of its own in the recipe. */
#ifndef TREE_UNIT_SCOPE_H
#define TREE_UNIT_SCOPE_H

#include <stdint.h>

#include "base/arena.h"

struct unit_scope {
	const char *user;              /* whose; NULL: the system's */
	int64_t uid;                   /* 0: the system's */
	const char *own;               /* the folder of the recipe's units, the first of … */
	const char *const *folders;    /* … all of them, what hides another first; NULL-terminated */
	const char *const *generators; /* where programs are that make units at run time; NULL-terminated */
};

extern const struct unit_scope unit_scope_system;

/* That of a user; in `arena`. */
struct unit_scope unit_scope_of_user(struct arena *arena, const char *user, int64_t uid);

#endif
