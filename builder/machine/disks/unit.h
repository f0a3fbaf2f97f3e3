/* Making what is missing as one unit, on shadows, so that it is there whole or not at all. */
#ifndef MACHINE_DISKS_UNIT_H
#define MACHINE_DISKS_UNIT_H

#include "machine/disks/stage.h"

struct unit {
	bool blank[NODES_MAX];         /* what it is made on: nothing is there */
	bool chosen[NODES_MAX];        /* what is made, all of it standing on those */
};

/* Makes the unit. The blank nodes have it on them then, closed; or they are as blank as before, and why was said (-errno). */
int unit_make(struct stage *stage, const struct unit *unit);

#endif
