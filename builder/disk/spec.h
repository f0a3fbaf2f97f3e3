/* What a disk is made of and by: the input of everything in disk and boot. */
#ifndef DISK_SPEC_H
#define DISK_SPEC_H

#include <stdint.h>

#include "disk/layout.h"
#include "disk/stack.h"
#include "host/toolbox.h"

struct disk_spec {
	const char *name;            /* the machine's, for the boot menu */
	struct disk_layout layout;
	const struct stack *stack;   /* what its partitions are in stacks, and what stands on those that are in_image */
	const char *cmdline;         /* the kernel's, without what tells the root (that is added here) */
	const char *seed;            /* 64 hex digits; all identity on the disk is derived from it */
	int64_t epoch;               /* every time stamp on the disk */
	const char *root;            /* host folder: the tree */
	const char *ground;          /* host path of a root image by root_ground() that the tree's is made from, by … */
	const char *changes;         /* … the changes in this tar archive; both NULL: the tree's is made whole */
	const char *init;            /* host path of aether-init, the program of the initrd */
	struct toolbox tools;        /* programs that shape bytes */
	const char *cache;           /* host folder of the cache: the appliance is kept there (edge/appliance.h) */
	const char *uki;             /* host path: the unified kernel image is kept there, too */
	const char *work;            /* host folder of the disk's own, empty: what extents refer to is made there */
};

#endif
