/* Where the program works, and what it has to remark. */
#ifndef MACHINE_SECRETS_HERE_H
#define MACHINE_SECRETS_HERE_H

#include <stdbool.h>

#include "sealed/pool.h"

struct here {
	struct pool *pool;             /* all that is read and opened */
	const char *root;              /* "": the machine's own; else all is below it, nothing is mounted, no unit is told */
	bool boot;
	bool container;                /* by IMAGE_FILE: it has neither discs nor a product UUID of its own */
	struct growing remarks;        /* a line each */
};

/* `root` + `path`, in the pool. */
const char *here_path(const struct here *here, const char *path);

/* Says it, and keeps it for `aether-agent status` until the machine restarts or the next here_tell(). */
void here_remark(struct here *here, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces the remarks of earlier runs. */
void here_tell(struct here *here);

/* Reads a whole file, or all that comes; -EFBIG when there is more than `max` bytes. */
int here_read(const struct here *here, const char *path, size_t max, struct bytes *ret_bytes);
int here_read_fd(const struct here *here, int fd, size_t max, struct bytes *ret_bytes);

/* Puts a file of root's, mode 0600, durably, whole or not at all. Folders that are missing are made: for here_keep() one of
 * root's alone, SECRETS_STATE. */
int here_put(const struct here *here, const char *path, struct bytes bytes);
int here_keep(const struct here *here, const char *path, struct bytes bytes);

/* One program at a time: waits for the others. The lock goes with the process. */
int here_lock(const struct here *here);

#endif
