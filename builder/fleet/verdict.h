/* The verdict on a generation that was given to a machine. */
#ifndef FLEET_VERDICT_H
#define FLEET_VERDICT_H

#include "fleet/status.h"
#include "shelf/generation.h"

/* The generation of `name` below `out` whose root has that hash; NULL when there is none (any more). In `arena`. */
const struct generation *deploy_find(struct arena *arena, const char *out, const char *name,
				     const char *root_hash);

/* Writes down what became of the generation; that it could not be written down is a warning. */
void deploy_note(const struct generation *generation, const struct remote *remote, enum verdict verdict, const char *reason);

/* Waits for the verdict, and writes it down for `generation` (may be NULL). -EIO for a bad one, with the reason and where
 * the machine is now; -ETIME for none in time. */
int deploy_verdict(struct arena *arena, const struct remote *remote, const struct status_awaited *awaited,
		   const struct generation *generation, struct machine_status *ret_machine, struct err *err);

#endif
