/* What a seed says that is not followed, or that is wrong: a line each, said once in the journal and kept for
 * `aether-agent status`. A seed is never a reason for a machine not to start. */
#ifndef MACHINE_SEED_REMARKS_H
#define MACHINE_SEED_REMARKS_H

#include <stddef.h>

#include "machine/seed/memory.h"

/* Whose remarks they are (machine/remark_files.h). */
#define REMARKS_OF_SEED "seed"

enum { REMARKS_MAX = 64, REMARK_BYTES = 240 };

/* Zeroed when empty. */
struct remarks {
	struct memory memory;
	const char *lines[REMARKS_MAX];
	size_t n, untold;              /* kept; how many there are beyond them */
};

/* Adds a remark, as one line without control characters, cut to REMARK_BYTES; one that is there already is not added. */
void remark(struct remarks *remarks, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says all of them, and keeps them as the seed's, below the folder `root`. 0 or negative errno: of keeping them alone. */
int remarks_tell(const struct remarks *remarks, const char *root);

void remarks_free(struct remarks *remarks);

#endif
