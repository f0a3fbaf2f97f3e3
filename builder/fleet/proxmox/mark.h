/* What a machine's description in Proxmox says of the generation in it, for whoever looks from another place: a comment that
 * no reader of the description sees, `<!-- aether {…} -->`. What else stands there is the user's, and stays. Pure. */
#ifndef FLEET_PROXMOX_MARK_H
#define FLEET_PROXMOX_MARK_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

#define MARK_TAG "aether"
#define MARK_TAG_PREVIOUS "aether-previous" /* of a container whose place another one has taken */

struct mark_generation {
	unsigned number;       /* 0: nothing is known */
	const char *root_hash; /* never NULL, as the following */
	const char *volume;    /* of the system: where it is; of a container the id */
};

struct mark {
	const char *name; /* of the recipe; "" where there is no mark */
	struct mark_generation now, previous;
	const char *deploy; /* the id of a deploy that is at work; "" for none */
	const char *by;	    /* who that is, USER@HOST */
	const char *disc;   /* the volume with the machine's identity that it has to take away; "" for none */
	int64_t since;	    /* when it began, seconds since 1970 */
	struct strv waits;  /* settings that a deploy has changed, and that may wait for the machine's next start */
};

/* Reads it out of a description (NULL for none); zeros and "" for what it does not say, or says as nobody of us would. */
struct mark mark_read(struct arena *arena, const char *description);

/* The description with this mark in the place of the old one. In `arena`. */
const char *mark_write(struct arena *arena, const char *description, const struct mark *mark);

#endif
