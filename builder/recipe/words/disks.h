/* What reads disks and what checks them have in common. */
#ifndef RECIPE_WORDS_DISKS_H
#define RECIPE_WORDS_DISKS_H

#include "recipe/words/words.h"

/* What a disk is to the machine: the image's own, or one that the hypervisor makes and the machine formats: for /var, for
 * what else it keeps, for the key of its encrypted volumes. */
#define DISK_SYSTEM "system"
#define DISK_STATE "state"
#define DISK_DATA "data"
#define DISK_KEY "key"

enum { DISKS_SERIAL_MAX = 20 /* of the drives of QEMU */ };

/* Hooks of disko's, which are refused wherever they stand. */
#define DISKS_HOOK_HINT "nothing is run while disks are made: a unit with 'RequiresMountsFor' can do it on the machine"
#define DISKS_HOOKS                                                                                                            \
	{"preCreateHook", DISKS_HOOK_HINT}, {"postCreateHook", DISKS_HOOK_HINT}, {"preMountHook", DISKS_HOOK_HINT},            \
	{"postMountHook", DISKS_HOOK_HINT}, {"preUnmountHook", DISKS_HOOK_HINT}, {"postUnmountHook", DISKS_HOOK_HINT}

/* --- disks.c --------------------------------------------------------------------------------------------------------- */

/* Sizes and places on a disk; a partition table (struct recipe_content). */
extern const struct schema disks_size, disks_gpt;

/* --- disks_content.c ------------------------------------------------------------------------------------------------- */

/* What may be held (struct recipe_content) by a partition, a disk, an array, a logical volume, an encrypted volume. */
extern const struct schema disks_partition_holds, disks_disk_holds, disks_array_holds, disks_volume_holds, disks_luks_holds;

/* A place to mount something, which is not the root. */
extern const struct schema disks_mountpoint;

/* Says that the root cannot be mounted so; -ENOTSUP. */
int disks_refuse_root(struct decoder *decoder, const struct pos *pos, const char *path);

/* Names of volumes, groups and arrays: what device-mapper, LVM, mdadm and the names of links take. */
extern const struct rule disks_name_rule;

/* Reads a content by the variant that its `type` names, out of those of `schema`. */
int disks_decode_content(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
			 struct recipe_content *content);

/* --- disks_luks.c, disks_lvm.c, disks_md.c, disks_nodev.c ------------------------------------------------------------ */

extern const struct schema disks_luks, disks_vgs, disks_arrays, disks_nodevs;

/* --- disks_rules.c --------------------------------------------------------------------------------------------------- */

/* Holds the partitions of the recipe against the rules that concern more than one value, and fills in what was not said. */
void disks_check(struct decoder *decoder, const struct node *root);

#endif
