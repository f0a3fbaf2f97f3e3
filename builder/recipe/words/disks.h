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

enum {
	DISKS_SERIAL_MAX = 20,       /* of the drives of QEMU */
	DISKS_LAST = 9001,           /* the priority of what takes all that is left, when it has no other; as disko has it */
};

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

/* --- disks_tree.c ---------------------------------------------------------------------------------------------------- */

enum { DISKS_NOTHING = -1 };

/* Anything that can hold something: exactly one of the disk, the partition, the volume, the array, or, with none of them, what
 * an encrypted device is when it is open. */
struct disks_device {
	struct recipe_content *content;
	const char *what;            /* for people: "the partition 'state'" */
	const char *path;            /* of its key in the recipe … */
	const struct pos *pos;       /* … and where that is */
	const struct recipe_disk *disk; /* it is this disk as a whole, or … */
	const struct recipe_partition *partition; /* … this partition … */
	const struct recipe_lv *lv;  /* … or this volume … */
	const struct recipe_vg *vg;  /* … of that group … */
	const struct recipe_array *array; /* … or this array */
	int on;                      /* index of the device that it is a part of, or the inside of; or DISKS_NOTHING */
};

struct disks_tree {
	struct disks_device *devices; /* a part behind what it is a part of */
	int n;
};

/* All devices of the recipe, in the order of their words. In `arena`; they point into the recipe. */
struct disks_tree disks_tree_make(struct arena *arena, const struct recipe *recipe);

/* Sets marks[i] of each device that `device` stands on, directly or not, itself included; `marks` has room for all of them,
 * and what is marked already is passed over. */
void disks_tree_mark(const struct disks_tree *tree, int device, bool *marks);

/* What `device` stands on, itself included (DISKS_NOTHING: none); in `arena`. */
bool *disks_tree_below(struct arena *arena, const struct disks_tree *tree, int device);

/* Whether device `i` stands directly on `other`: is in it, or has it as a member. */
bool disks_tree_stands_on(const struct disks_tree *tree, int i, int other);

/* The device whose content (or subvolume) is mounted at `mountpoint`, or DISKS_NOTHING. */
int disks_tree_mounted(const struct disks_tree *tree, const char *mountpoint);

/* --- disks_rules*.c -------------------------------------------------------------------------------------------------- */

/* Holds the partitions of the recipe against the rules that concern more than one value, and fills in what was not said. */
void disks_check(struct decoder *decoder, const struct node *root);

/* The parts of that: partition tables (and their defaults); what is made of several devices, and that nothing stands on itself
 * (false: it does); encrypted volumes; arguments for other programs; roles of disks and their serial numbers; what is mounted,
 * and recipe->mounts. */
void disks_check_tables(struct decoder *decoder, const struct disks_tree *tree);
bool disks_check_groups(struct decoder *decoder, const struct disks_tree *tree);
void disks_check_luks(struct decoder *decoder, const struct disks_tree *tree);
void disks_check_args(struct decoder *decoder, const struct disks_tree *tree);
void disks_check_roles(struct decoder *decoder, const struct disks_tree *tree, const struct node *partitions);
void disks_check_mounts(struct decoder *decoder, const struct disks_tree *tree);

/* Fills in the labels, types and order of partitions. */
void disks_settle_tables(struct decoder *decoder);

bool disks_is_root(const struct recipe_partition *partition);
bool disks_is_esp(const struct recipe_partition *partition);

/* Whether the disk is the system's: it has the immutable root. */
bool disks_is_system(const struct recipe_disk *disk);

#endif
