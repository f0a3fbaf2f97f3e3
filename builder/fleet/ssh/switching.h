/* A machine that ssh reaches takes a generation in place: sent, tried, judged. */
#ifndef FLEET_SSH_SWITCHING_H
#define FLEET_SSH_SWITCHING_H

#include "fleet/ssh/send.h"
#include "fleet/status.h"
#include "shelf/generation.h"

struct switching_how {
	bool dry_run;		/* nothing is changed; how much would travel is found out */
	bool force;		/* also what was bad there, was made with fakes, or leaves no way back */
	bool reboot, no_reboot; /* the whole machine restarts; nothing does, the trial begins at the next boot */
	unsigned timeout_s;	/* for the verdict */
	/* Done when the machine has answered and the generation may go there, before anything of it is sent; a failure stops
	 * it. May be NULL. */
	int (*before)(void *data, struct err *err);
	void *before_data;
};

struct switched {
	struct machine_status before, after;
	struct sent sent;
	int64_t began_ms, sent_ms;
	const char *restart; /* how it restarted, in the agent's words; NULL: it did not */
	const char *verdict; /* "good"; NULL: none yet */
};

/* Sends it, lets the machine restart, and waits for the verdict, which is written into the generation's record. -EPERM, with
 * nothing sent, for what should not go there; errors of deploy_verdict() when it turns out bad. */
int switching_run(struct arena *arena, const struct remote *remote, const struct generation *generation,
		  const struct switching_how *how, struct switched *ret_switched, struct err *err);

#endif
