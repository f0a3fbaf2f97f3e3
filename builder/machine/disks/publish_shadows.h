/* What was made on shadows appears on the disks, whole or not at all, whenever the power goes, on several disks, too.
 *
 *   1. Each disk gets the marker of media.h, which says that it is as good as blank.
 *   2. Each gets all its bytes but its first block; that is put where nothing else is, and the marker says where.
 *   3. Each gets its first block. From the first of them on, all are what they are to be: who is cut off here goes on later. */
#ifndef MACHINE_DISKS_PUBLISH_SHADOWS_H
#define MACHINE_DISKS_PUBLISH_SHADOWS_H

#include <stdint.h>

/* A shadow and the disk that it is for, both open. */
struct published {
	int from, to;
	int64_t first;                 /* where its first block is put */
};

/* Publishes `n` of them. 0 or -errno. */
int publish(struct published *disks, unsigned n);

/* Where the first block of the disk is, as its marker says it; 0 when it has no such marker. */
int64_t publish_offset(int disk);

/* Puts the first block of such a disk into its place. 0 or -errno. */
int publish_finish(int disk);

#endif
