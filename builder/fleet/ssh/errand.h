/* What the secrets of a generation need at a machine before it is sent there: that the machine can open those that travel in
 * it, and that it has the values of the others. */
#ifndef FLEET_SSH_ERRAND_H
#define FLEET_SSH_ERRAND_H

#include "fleet/ssh/remote.h"
#include "keeper/letter.h"
#include "shelf/generation.h"

/* A file of SOPS in the generation. */
struct errand_file {
	const char *name;            /* below the repository; NULL: nobody knows it any more */
	const char *sha256, *format;
};

struct errand {
	struct errand_file *files;   /* each once */
	size_t n_files;
	struct strv sent;            /* names of the secrets that are sent */
	struct bytes sealed;         /* their values, for that machine; empty: none */
};

/* Reads from the generation's plan and manifest what there is to do; `sealed` is left empty. Plans that are older than secrets
 * have none. In `arena`. */
int errand_read(struct arena *arena, const struct generation *generation, struct errand *ret_errand, struct err *err);

/* Asks the machine whether it can open each file, found in the repository `root`; then sends what is sealed, unless `dry_run`.
 * A file that has changed since is no longer the generation's: that is noted. -EPERM with what to do when it cannot open one;
 * -ENOTSUP when it has no such program. */
int errand_run(struct arena *arena, const struct remote *remote, const struct errand *errand, const char *root, bool dry_run,
	       struct err *err);

#endif
