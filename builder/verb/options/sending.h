/* What verbs that bring a generation to a machine do for its secrets before (fleet/ssh/errand.h). */
#ifndef VERB_OPTIONS_SENDING_H
#define VERB_OPTIONS_SENDING_H

#include "build/project.h"
#include "fleet/ssh/errand.h"
#include "verb/options/identity.h"

struct sending {
	struct arena *arena;
	struct pool *pool;
	const struct remote *remote;
	struct errand errand;
	struct project project;      /* the recipe, if one was needed */
	const char *root;            /* of the repository */
	bool dry_run, force;
};

struct sending_how {
	const struct project_options *recipe; /* how recipes are read */
	const struct identity_options *identity;
	const char *argument;        /* the recipe, where it was named; anything else: it is looked for */
	bool dry_run, force;         /* force: whatever is wrong is told, and no reason to stop */
};

/* Finds out what a generation's secrets need, and opens and seals those that are sent: all that can go wrong here does so
 * before a machine is asked. Without secrets there is nothing to do. The recipe that says where values come from is found in
 * the repository that we stand in. Ended by sending_close(). */
int sending_prepare(struct arena *arena, const struct sending_how *how, const struct generation *generation,
		    const struct remote *remote, struct sending *ret_sending, struct err *err);

/* switching_how.before: does it. `data` is the struct sending. */
int sending_run(void *data, struct err *err);

void sending_close(struct sending *sending);
#define _cleanup_sending_ __attribute__((cleanup(sending_close)))

#endif
