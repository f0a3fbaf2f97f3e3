/* When something is done about a machine, and what: the ladder of `guard`. Pure but for its file. */
#ifndef FLEET_GUARD_RULE_H
#define FLEET_GUARD_RULE_H

#include "base/arena.h"
#include "base/err.h"
#include "recipe/proxmox.h"

/* From the mildest on. */
enum rule_rung {
	RULE_ROLLBACK,	/* its own way back: the other slot */
	RULE_REBOOT,	/* the whole machine, by force if need be */
	RULE_REIMAGE,	/* the same generation on a new disk */
	RULE_LAST_GOOD, /* the last generation that was good there, on a new disk */
	RULE_RUNGS,
};

/* How a machine was seen. */
enum rule_look {
	RULE_GOOD,
	RULE_BAD,
	RULE_BUSY,    /* somebody is at work on it: none of guard's business */
	RULE_UNKNOWN, /* Proxmox does not answer: nothing can be done, and nothing is known */
};

/* What guard remembers of a machine between two looks. */
struct rule_state {
	const char *root_hash; /* of what it runs by its mark: with another one everything begins anew */
	int64_t bad_since_ms;  /* since 1970; 0: it was good */
	int64_t tried_at_ms;   /* when a rung was tried last; 0: none since it is bad */
	unsigned rung, tries;  /* the next rung, and how often it was tried */
	bool given_up;	       /* the ladder is at its end */
	struct rule_event {
		int64_t when_ms;
		const char *what; /* "reboot: good" */
	} * events;		  /* the latest, in order */
	size_t n_events;
};

enum rule_act { RULE_NOTHING, RULE_WAIT, RULE_TRY, RULE_GIVE_UP };

/* What is good for less than the cool-down after a try goes on up the ladder when it is bad again: else one that is good for a
 * while after each restart would be restarted for ever. Time in which it was busy, or nothing was known of it, does not count.
 *
 * What to do at `now_ms`, when it was seen so, and (bits of 1 << rung) these rungs are possible. `state` is what was
 * remembered, and what is to be remembered; with RULE_TRY its `rung` is the one to try. */
enum rule_act rule_decide(const struct recipe_guard *rule, struct rule_state *state, enum rule_look look, unsigned possible,
			  int64_t now_ms);

/* Remembers that a rung was tried and how that ended. */
void rule_tried(struct arena *arena, struct rule_state *state, enum rule_rung rung, bool good, int64_t now_ms);

/* "rollback", "reboot", "reimage", "last-good". */
const char *rule_name(enum rule_rung rung);

/* guard.json of a shelf: zeros when there is none, or it is not one (told). */
int rule_read(struct arena *arena, const char *folder, struct rule_state *ret_state, struct err *err);
int rule_parse(struct arena *arena, const char *name, const char *text, size_t size, struct rule_state *ret_state,
	       struct err *err);
int rule_write(struct arena *arena, const char *folder, const struct rule_state *state, struct err *err);

#endif
