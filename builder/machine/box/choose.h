/* Which tree of a container starts. */
#ifndef MACHINE_BOX_CHOOSE_H
#define MACHINE_BOX_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/books.h"

/* What there is of a slot. */
enum choose_state {
	CHOOSE_NONE,                   /* nothing that could start */
	CHOOSE_WHOLE,                  /* a tree */
	CHOOSE_BAD,                    /* a tree that failed, or was refused */
	CHOOSE_IS_ROOT,                /* the container's own root: slot a, until it is given a tree */
};

enum { CHOOSE_MAX = 4, CHOOSE_ROOT = 'r' };

/* What to start, best first: the trial while it has tries, the good one, the other one, and at last the root, which is always
 * there. Letters of slots, and CHOOSE_ROOT. Returns how many. `books` may be NULL. Pure. */
size_t choose(const struct books *books, const enum choose_state states[2], char order[CHOOSE_MAX]);

#endif
