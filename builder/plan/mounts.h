/* What the machine mounts beside its root and /var, as fstab(5): partitions of the system's disk by their identity, devices of
 * a stack by the links that aether-disks makes, and what has no device. */
#ifndef PLAN_MOUNTS_H
#define PLAN_MOUNTS_H

#include "plan/plan.h"

/* A device of a stack. */
struct mounts_device {
	const char *id;
	bool grows;                  /* it may be larger at the next boot */
	bool late;                   /* it is there when the machine's secrets are */
};

/* Adds what is mounted from `part`, which the recipe's partition became: the file system and its subvolumes, but not
 * /var; or swap. */
void mounts_add_partition(struct arena *arena, struct plan *plan, const struct recipe_partition *from,
			  const struct disk_partition *part);

/* Adds a mount of what a device of the stack holds: the file system `content`, or a subvolume of it (NULL: the whole). */
void mounts_add_stack(struct arena *arena, struct plan *plan, const struct recipe_content *content,
		      const struct recipe_subvolume *subvolume, const struct mounts_device *device);

#endif
