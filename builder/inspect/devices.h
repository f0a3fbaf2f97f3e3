/* The disks of an image and what is on them, as lsblk(8) of the appliance tells it. */
#ifndef INSPECT_DEVICES_H
#define INSPECT_DEVICES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct inspect_device {
	const char *path, *name;     /* "/dev/sda3", "sda3" in the appliance */
	const char *kind;            /* "disk", "part", "lvm", "crypt", "raid1", … */
	int parent;                  /* in the list, what it stands on; -1: nothing. (Of an array, the first of its disks.) */
	unsigned depth;              /* below the disk: 0 for it, 1 for a partition, 2 for what stands on that */
	unsigned number;             /* of a partition; else 0 */
	uint64_t start, size;        /* bytes; `start` of partitions alone */
	const char *label, *type, *type_name, *uuid; /* of the partition; NULL without, as all that follows */
	const char *table;           /* of the disk: "gpt", "dos" */
	const char *fs, *fs_version, *fs_label, *fs_uuid; /* what stands on it: also "crypto_LUKS", "LVM2_member" */

	/* What was seen when it was mounted (view.h). */
	const char *place;           /* where; NULL: it is not */
	const char *problem;         /* why not */
	uint64_t fs_size, fs_free;   /* bytes */
	const char *root;            /* the folder in it that is a system's root: "", or a subvolume; NULL: none */
	bool is_ours;                /* and a file of ours says which image it is, */
	uint64_t epoch;              /* of that date */
	struct strv subvolumes;      /* of btrfs: paths from the top, without the first slash */
};

/* Reads the JSON of lsblk; the devices in its order, what stands on one after it; each once. */
int devices_read(struct arena *arena, const char *text, size_t size, struct inspect_device **ret_devices, size_t *ret_n,
		 struct err *err);

/* The one that fstab(5) or a user calls so: "LABEL=…", "UUID=…", "PARTLABEL=…", "PARTUUID=…", "/dev/disk/by-…/…",
 * "/dev/mapper/…", "/dev/VG/LV"; or a partition's label or number, a file system's label, a name. NULL: none. */
struct inspect_device *devices_find(struct inspect_device *devices, size_t n, const char *called);

#endif
