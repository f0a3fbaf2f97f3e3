/* Running the programs of the tools tree, all in one way. */
#ifndef DISK_TOOL_H
#define DISK_TOOL_H

#include <stddef.h>

#include "base/err.h"
#include "disk/spec.h"

/* Runs `argv`, a program of Debian's `package`, in spec->work, with the `n` host files or folders of `sources` at
 * /tmp/in0, … (see toolbox_run()). `argv` names the program by its full path: the PATH of the user does not apply to
 * the tools tree. */
int tool_run(const struct disk_spec *spec, const char *package, const char *const *argv, const char *const *sources, size_t n,
	     struct err *err);

/* The same for a program that takes the time of what it writes from its environment: there it is spec->epoch, in UTC. Not for
 * mkfs.erofs, which is told in its arguments and would heed the environment more. */
int tool_run_at_epoch(const struct disk_spec *spec, const char *package, const char *const *argv, struct err *err);

/* The same for a program that reads a clock and random numbers and cannot be told: the clock stands still, and the numbers
 * follow from the seed and `what` alone. */
int tool_run_frozen(const struct disk_spec *spec, const char *package, const char *const *argv, const char *what,
		    struct err *err);

#endif
