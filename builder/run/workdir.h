/* The folder of what runs: its disk or its tree, its console, its sockets. It goes with the machine, unless it is to be
 * kept; when the program is killed, whoever opens the cache next removes it. */
#ifndef RUN_WORKDIR_H
#define RUN_WORKDIR_H

#include <stdbool.h>

#include "cache/cache.h"

struct workdir {
	const char *folder;          /* absolute; NULL: none */
	bool keep;
	int fd; /* locked as long as the folder is in use */
	struct cache *cache;
};

/* Makes an empty folder: below the cache at `cache`, or, to be kept, below $TMPDIR or /var/tmp, with `name` in its own.
 * */
int workdir_make(struct arena *arena, const char *cache, const char *name, bool keep, struct workdir *ret_workdir,
		 struct err *err);

/* Removes it, or leaves it when it is to be kept. A zeroed one is fine. */
void workdir_close(struct workdir *place);

/* The path of `name` in it; in `arena`. */
const char *workdir_path(const struct workdir *place, struct arena *arena, const char *name);

#endif
