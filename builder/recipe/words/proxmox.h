/* What reads the place of a machine and what checks it have in common. */
#ifndef RECIPE_WORDS_PROXMOX_H
#define RECIPE_WORDS_PROXMOX_H

#include "recipe/words/words.h"

/* The machine knows the disk with its state by this serial number. */
#define PROXMOX_STATE "state"
#define PROXMOX_SYSTEM "system"

/* What a volume has that the recipe gives no size. */
#define PROXMOX_MOUNT_SIZE (UINT64_C(4) << 30)
#define PROXMOX_STATE_SIZE (UINT64_C(8) << 30)
#define PROXMOX_KEY_SIZE (UINT64_C(1) << 30) /* the least that there is */

/* Holds the word `proxmox` against the rules that concern more than one value, and fills in what was not said: proxmox_rules.c;
 * its disks and mounts: proxmox_volumes.c; its network cards, `list` is what they were read from: proxmox_nics.c. */
void proxmox_check(struct decoder *decoder, const struct node *root);
void proxmox_check_disks(struct decoder *decoder, struct proxmox *proxmox);
void proxmox_check_mounts(struct decoder *decoder, struct proxmox *proxmox);
void proxmox_check_nics(struct decoder *decoder, struct proxmox *proxmox, const struct node *list);

#endif
