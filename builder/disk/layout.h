/* What a disk is to become, in the words of formats: partitions with their identity, and what each is filled with. Everything
 * here was decided above; nothing here knows recipes. */
#ifndef DISK_LAYOUT_H
#define DISK_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

enum disk_content {
	DISK_EMPTY,       /* zeros */
	DISK_BIOS_BOOT,   /* GRUB's core image */
	DISK_ESP,         /* vfat with systemd-boot, GRUB's menu, kernels and unified kernel images */
	DISK_ROOT,        /* the immutable root of slot A: erofs, then its dm-verity superblock and tree */
	DISK_ROOT_SPARE,  /* slot B: as large as slot A, empty until a machine is sent its next image */
	DISK_EXT4,        /* an empty ext4 file system */
	DISK_VFAT,        /* an empty vfat file system */
	DISK_XFS,         /* an empty xfs file system */
	DISK_BTRFS,       /* a btrfs file system with nothing but its subvolumes */
	DISK_F2FS,        /* an empty f2fs file system */
	DISK_SWAP,        /* swap space, with its signature */
	DISK_STACK,       /* what the appliance makes, together with what stands on it (stack.h) */
};

/* What a partition's entry in the old partition table is, where a hybrid one has it. */
struct disk_hybrid {
	bool there, active;
	uint8_t type;
};

struct disk_partition {
	const char *label;           /* its name in the GPT, 1…36 characters */
	const char *type, *uuid;     /* GUIDs, upper-case text */
	uint64_t attributes;         /* GPT attribute bits */
	uint64_t start, size;        /* bytes; 0: layout_place() decides */
	uint64_t end, before_end;    /* bytes, 0: not said: where it ends; how far before the end of the disk */
	uint64_t alignment;          /* of its start, bytes; 0: DISK_MIB */
	enum disk_content content;
	struct strv mkfs_arguments;  /* further arguments of mkfs */
	struct strv subvolumes;      /* DISK_BTRFS: their paths, a parent before what is in it */
	const char *node;            /* the id of the stack's node that is this partition: DISK_STACK, and DISK_EMPTY whose
				      * content the machine makes on its first boot; or NULL */
	const char *mountpoint;      /* where the machine mounts it; or NULL */
	struct disk_hybrid hybrid;
	struct pos pos;              /* of the words behind it */
};

struct disk_layout {
	uint64_t size_bytes;         /* 0: as small as the partitions allow */
	struct disk_partition *partitions; /* in the order on the disk */
	size_t n_partitions;
};

/* The name of a content for people and manifests: "esp", "root-spare", … */
const char *disk_content_name(enum disk_content content);

/* How the content of a partition comes to be, and whether equal plans make equal bytes of it: "image" (written with it),
 * "appliance" (the same, by a small virtual machine), "first boot" (by the machine: nothing is in the image). */
const char *disk_made(const struct disk_partition *partition);
bool disk_is_deterministic(const struct disk_partition *partition);

/* A UUID (RFC 9562, version 8) that is a function of `seed` (64 hex digits) and `what` alone, as upper-case text. */
void disk_uuid(const char *seed, const char *what, char ret_uuid[37]);

enum { DISK_MIB = 1 << 20 }; /* what everything on a disk is aligned to */

/* Decides `start` and `size` of all partitions (multiples of 1 MiB, the first at 1 MiB) and of the disk, which leaves room for
 * the second GPT, and for what partitions say of its end. `need_bytes[i]` is what the content of partition i takes now; a
 * partition without a size gets that with room to grow (a root slot half as much again, and at least 512 MiB; both slots are
 * of one size). Errors name what is too small and what it should be at least: -ENOSPC; -EINVAL for partitions that overlap.
 * Pure. */
int layout_place(struct disk_layout *layout, const uint64_t *need_bytes, struct err *err);

#endif
