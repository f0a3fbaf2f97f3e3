/* Sending a generation to a machine: the builder's side of the conversation in contract/offer.h. */
#ifndef FLEET_SSH_SEND_H
#define FLEET_SSH_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/offer.h"
#include "fleet/ssh/payload.h"
#include "fleet/ssh/remote.h"

struct sent {
	bool same;                     /* the machine runs this very image: nothing was sent */
	char slot;                     /* that it went into, or that runs */
	uint64_t in_place, copied, received; /* bytes, by where the machine found them; received: what travelled */
};

struct send_how {
	bool dry_run, force;           /* as builder/machine/agent/take.c has them */
};

/* One thing that a machine says. */
struct send_word {
	enum send_heard {
		HEARD_READY, HEARD_SAME, HEARD_GET, HEARD_LIST, HEARD_FILE, HEARD_STEP, HEARD_PROGRESS, HEARD_DONE,
	} heard;
	char slot;                     /* ready, same: 'a' or 'b' */
	const char *step;              /* step: for people */
	uint64_t numbers[3];           /* get: object, first block, how many; file: the member's; progress: of how much;
					* done: in place, copied, received */
};

/* Parses a line of the machine's. The blocks that it asks for are there, and no more than it may ask for at once. -EBADMSG
 * for what is none. Pure. */
int send_parse(const struct payload *payload, const char *line, struct send_word *ret_word, struct err *err);

/* Holds the conversation over `talk`, to its end; what the machine says may be anything. -EBADMSG for what is no
 * answer, -ETIME when it says nothing for minutes, -EPIPE when it has ended before it said that it is done. Does not
 * finish `talk`. */
int send_talk(struct payload *payload, struct proc_talk *talk, struct sent *ret_sent, struct err *err);

/* The whole of it: starts the agent over ssh, sends, and ends. When this returns 0 the slot is whole, and starts next. */
int send_payload(struct arena *arena, const struct remote *remote, struct payload *payload, const struct send_how *how,
		struct sent *ret_sent, struct err *err);

#endif
