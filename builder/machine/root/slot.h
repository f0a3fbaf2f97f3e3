/* Where the image that is wanted stands: the partitions that hold it, and the one of them that is taken. */
#ifndef MACHINE_ROOT_SLOT_H
#define MACHINE_ROOT_SLOT_H

#include <stdbool.h>

#include "machine/verity.h"

enum { TWINS_BYTES = 160 };

struct root_slot {
	struct partition partition;
	struct verity verity;
	char twins[TWINS_BYTES];       /* other disks that hold the same image: "vdb, vdc"; "" for none */
};

/* Looks at all partitions named `root…` for the image of `wanted`, once. Of several the one on the disk with the lowest
 * address (PCI, then SCSI) is taken, whichever was found first: a firmware starts that one, too, unless it was told
 * otherwise. False when there is none. */
bool slot_find(const struct cmdline *wanted, struct root_slot *ret_slot);

#endif
