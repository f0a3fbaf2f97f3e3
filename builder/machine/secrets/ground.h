/* Where values are: /run/secrets is a link to the newest generation in /run/secrets.d, which is memory that is not swapped. A
 * generation is written whole beside the others, then the link is changed: whoever looks sees the old or the new. */
#ifndef MACHINE_SECRETS_GROUND_H
#define MACHINE_SECRETS_GROUND_H

#include "machine/secrets/declared.h"
#include "machine/secrets/here.h"

struct ground {
	const char *link;              /* SECRETS_RUN, SECRETS_RUN_USERS */
	const char *folder;            /* of generations, below the root */
	unsigned long old, new;        /* numbers; old is 0 when there is none */
	int old_fd, new_fd;
};

/* Makes the folder, mounts what is not swapped on it, sweeps what an interrupted run left, begins a generation. 0 or -errno
 * after a word. */
int ground_open(struct here *here, const char *link, struct ground *ret_ground);

/* Writes the item's value; item->changed tells whether bytes, mode or owner are others than in the generation before. Bad
 * verdicts for what cannot be. */
void ground_put(const struct here *here, const struct ground *ground, struct item *item);

/* Makes the new generation the one that is seen. */
int ground_turn(struct here *here, struct ground *ground);

/* Closes it, and removes all generations but the one that is seen. */
void ground_close(struct here *here, struct ground *ground);

#endif
