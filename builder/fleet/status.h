/* What a machine says of itself (builder/machine/agent/status.c), and waiting for it to say something else. */
#ifndef FLEET_STATUS_H
#define FLEET_STATUS_H

#include <stdint.h>

#include "fleet/ssh/remote.h"

struct machine_status {
	const char *name, *kind, *boot_id;
	const char *slot, *root_hash, *generation; /* that run; "" for what it does not know */
	const char *state;             /* of that slot: "good", "trial", "bad" */
	const char *health, *health_reason;
	struct strv remarks;           /* what somebody should know, a line each */
	struct machine_slot {
		const char *slot, *state, *root_hash, *generation;
		int64_t tries_left;
	} slots[2];
	size_t n_slots;
	struct machine_secret {
		const char *name, *state, *reason; /* SECRETS_STATE_…; why it is not good */
	} *secrets;
	size_t n_secrets;
	struct {
		int64_t when;          /* seconds since 1970; 0: none */
		const char *root_hash, *reason;
	} failure;                     /* the latest */
	const char *text;              /* all of it, as it came: JSON in a line */
};

/* Reads a status; every text in it is one that may be printed. -EBADMSG for what is none. Pure. */
int status_read(struct arena *arena, const char *text, size_t size, struct machine_status *ret_machine, struct err *err);

/* Asks for it. Errors as of remote_failed(). */
int status_ask(struct arena *arena, const struct remote *remote, struct machine_status *ret_machine, struct err *err);

/* Lets it restart: with `reboot` the whole machine, else as its agent sees fit. *ret_how is what it does, RESTART_… and a
 * reason (contract/agent.h); "" when an older agent did not say. */
int status_restart(struct arena *arena, const struct remote *remote, bool reboot, const char **ret_how, struct err *err);

/* A trial that is waited for. */
struct status_awaited {
	const char *boot_id;           /* the boot before it; NULL: it may be this one */
	const char *root_hash;         /* of the image that is tried */
	unsigned timeout_s;
};

/* Waits until the machine is in another boot, and the trial is over: another image runs than the awaited one, or that
 * one is good, or it is bad and stays. -ETIME when that does not come in time. */
int status_wait(struct arena *arena, const struct remote *remote, const struct status_awaited *awaited,
		struct machine_status *ret_machine, struct err *err);

#endif
