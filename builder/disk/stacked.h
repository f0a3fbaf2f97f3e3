/* What is made in the image with the appliance's help: groups of logical volumes, arrays, and the file systems on them. */
#ifndef DISK_STACKED_H
#define DISK_STACKED_H

#include <stdint.h>

#include "base/err.h"
#include "disk/disk.h"
#include "disk/spec.h"
#include "disk/stack.h"

/* What all that stands on the node `id` takes of it at least, bytes. */
uint64_t stacked_need(const struct stack *stack, const char *id);

/* Fills the partitions of `layout` (placed) with the content DISK_STACK: makes all nodes of spec->stack that are in_image in
 * one launch of the appliance, and adds what came of it to the disk. Without such a partition nothing is launched or loaded.
 * The file systems are made by the tools tree, like all others: what an image has does not depend on the appliance's versions.
 * Errors: those of appliance_run(), -EIO for what a program refuses, -ENOSPC for a volume that is too small for its file
 * system, -EOPNOTSUPP for a node of a kind that is never made in an image. */
int stacked_make(const struct disk_spec *spec, const struct disk_layout *layout, struct disk *disk, struct err *err);

#endif
