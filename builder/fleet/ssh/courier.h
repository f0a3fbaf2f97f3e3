/* The program of a machine that keeps its secrets (contract/secrets.h), reached over ssh. What is secret goes over its standard
 * input alone. */
#ifndef FLEET_SSH_COURIER_H
#define FLEET_SSH_COURIER_H

#include "fleet/ssh/remote.h"
#include "sealed/pool.h"

/* Runs it with `words` (fixed ones) and feeds it `input`. Returns its exit status, or a negative errno: -EHOSTUNREACH without a
 * connection, -ENOTSUP when the machine has no such program. `*ret_answer`, in `arena`, is what it printed, and what it said on
 * stderr behind it; both without what a terminal would obey. */
int courier_ask(struct arena *arena, const struct remote *remote, const char *words, struct bytes input,
		const char **ret_answer, struct err *err);

/* The same for what has to succeed: -EIO with what it answered. */
int courier_tell(struct arena *arena, const struct remote *remote, const char *words, struct bytes input,
		 const char **ret_answer, struct err *err);

/* The public recipients of its identities, the newest first, then that of its SSH host key; in `arena`. -ENODATA when it has
 * none. */
int courier_recipients(struct arena *arena, const struct remote *remote, struct strv *ret_recipients, struct err *err);

#endif
