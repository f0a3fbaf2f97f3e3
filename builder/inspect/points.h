/* fstab(5) of an image: where its file systems are mounted. */
#ifndef INSPECT_POINTS_H
#define INSPECT_POINTS_H

#include "base/arena.h"

struct inspect_point {
	const char *source, *folder; /* "LABEL=data"; "/srv": normalised, and not "/" */
	const char *subvolume;       /* of btrfs: without the first slash; "" otherwise */
};

/* Reads the text of an fstab, in which anything may stand: a line that is none is left out, and so are mounts that are no
 * folder's, or no device's. In the order of their folders, so that a folder comes before what is below it. */
struct inspect_point *points_read(struct arena *arena, const char *text, size_t *ret_n);

#endif
