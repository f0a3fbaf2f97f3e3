/* Taking a tree of files: from the machine what it has, from the builder the rest (contract/offer.h, version 2). */
#ifndef MACHINE_AGENT_GATHER_H
#define MACHINE_AGENT_GATHER_H

#include "machine/agent/boot.h"
#include "machine/agent/offer.h"
#include "machine/agent/talk.h"

struct gather {
	struct talk *talk;
	struct boot *boot;
	const struct offer *offer;
	const char *running;           /* the root that runs: "" */
	bool dry_run;
	uint64_t in_place, copied, received; /* bytes; filled */
};

/* Takes the tree that is offered into boot->other, which starts next when this returns; with `dry_run` counts what would have
 * to travel. Ends the program when it cannot: whenever that is, what runs stays as it is and starts again, and what came is
 * found by the next run. */
void gather(struct gather *gather);

#endif
