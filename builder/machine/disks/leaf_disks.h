/* What everything stands on: disks of the hypervisor's, by their serial numbers, and places on the system's own disk. */
#ifndef MACHINE_DISKS_LEAF_DISKS_H
#define MACHINE_DISKS_LEAF_DISKS_H

#include "machine/disks/stage.h"

/* Whether a node is a disk or a place. */
bool leaf_is(const struct node *node);

/* Finds all disks and places that are wanted: sets their devices and states. Waits some seconds for
 * those that are not there. Two disks with one serial number are none of them, which is a problem. */
void leaf_find_all(struct stage *stage);

/* "the disk 'data'", "the place 'state'"; in a memory of its own until the next call but three. */
const char *leaf_called(const struct node *node);

#endif
