/* Other programs, run by ours. */
#ifndef MACHINE_COMMAND_H
#define MACHINE_COMMAND_H

#include <stddef.h>

/* Runs argv (NULL-terminated; argv[0] is looked up in the usual folders) with nothing on stdin, for `seconds` at most.
 * What it said, stdout and stderr, goes to `said`: its last line that is not empty, cut to `size`; NULL to drop it.
 * Returns its exit status, or -ETIME when it was killed for being late, -ECHILD when it was killed by somebody else, or
 * negative errno when it could not be started. */
int command_run(const char *const *argv, unsigned seconds, char *said, size_t size);

#endif
