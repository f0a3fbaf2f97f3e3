/* What reads disks and what checks them have in common. */
#ifndef RECIPE_WORDS_DISKS_H
#define RECIPE_WORDS_DISKS_H

#include "recipe/words/words.h"

/* What a disk is to the machine: the image's own, or one that the hypervisor makes and the machine formats. */
#define DISK_SYSTEM "system"
#define DISK_STATE "state"
#define DISK_DATA "data"             /* not yet */

/* Holds the partitions of the recipe against the rules that concern more than one value, and fills in what was not said. */
void disks_check(struct decoder *decoder, const struct node *root);

#endif
