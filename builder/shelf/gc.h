/* Removing generations that nobody needs any more. */
#ifndef SHELF_GC_H
#define SHELF_GC_H

#include <stdbool.h>

#include "shelf/generation.h"

/* What becomes of a generation. */
struct gc_item {
	unsigned number;
	uint64_t bytes;              /* what it takes on the disk, and nothing else holds */
	const char *stays;           /* why it stays; NULL: it goes */
};

/* Removes the generations of shelf `name` below `out` but the `keep` newest. Whatever `keep` is, those stay: the newest one
 * (its number would be given again), the last good one, and what is in use: of each host the latest good deployment,
 * and the one after it that nobody has judged yet. What cannot be read stays too: it may be any of these. `dry_run`: nothing is
 * removed, and nothing is written. `*ret_items`, in `arena`, are all generations by their numbers.
 *
 * Each disappears by one rename, under the shelf's lock; a killed process leaves nothing half visible, and the next build or
 * gc removes what it left. */
int gc_shelf(struct arena *arena, const char *out, const char *name, unsigned keep, bool dry_run, struct gc_item **ret_items,
	     size_t *ret_n, struct err *err);

#endif
