/* Disks as a recipe says them, in disko's words: what each device holds, and what is made of several. Included by recipe.h. */
#ifndef RECIPE_DISKS_H
#define RECIPE_DISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

enum recipe_content_type {
	CONTENT_NONE, CONTENT_FILESYSTEM, CONTENT_ROOT, CONTENT_SWAP, CONTENT_BTRFS, CONTENT_LUKS, CONTENT_LVM_PV,
	CONTENT_MDRAID, CONTENT_GPT,
};

enum { SIZE_AUTO = 0 };

struct recipe_subvolume {
	const char *name;            /* its path in the file system, without a slash in front: "@home" */
	const char *mountpoint;      /* or NULL */
	struct strv mount_options, extra_args;
	struct pos pos;
};

/* How an encrypted volume is unlocked: exactly one of the first five. */
struct recipe_luks {
	const char *key_file;        /* a file below /var, made on the first boot (never for what holds /var itself) */
	const char *key_disk;        /* a disk with the role `key`, by its name */
	bool tpm2;
	const char *secret;          /* a declared secret, whose value is bound on the first boot */
	bool console;                /* a passphrase that somebody types */
	struct strv pcrs;            /* of the TPM, "7"; none: bound to the TPM alone */
	bool recovery_key;           /* make one on the first boot, too (true) */
	bool allow_discards, bypass_workqueues;
	struct strv format_args, open_args; /* of cryptsetup */
};

/* What a device holds: a partition, a whole disk, an encrypted or logical volume, an array. */
struct recipe_content {
	enum recipe_content_type type;
	const char *format;          /* filesystem: ext4 xfs btrfs vfat f2fs; btrfs: "btrfs"; root: erofs */
	const char *mountpoint;      /* or NULL */
	struct strv mount_options, extra_args;
	bool verity;                 /* root */
	int64_t slots;               /* root: 1 or 2; 2 makes this partition and a twin, labels NAME-a and NAME-b */
	struct recipe_subvolume *subvolumes; /* btrfs */
	size_t n_subvolumes;
	const char *name;            /* luks: its name below /dev/mapper; lvm_pv: the group; mdraid: the array */
	struct recipe_luks luks;
	struct recipe_content *inner; /* luks: what is in it; or NULL */
	bool random_encryption;      /* swap: with a key that nobody keeps */
	int64_t priority;            /* swap: -1: the kernel's choice */
	const char *discard;         /* swap: "once", "pages", "both", or NULL */
	struct recipe_partition *partitions; /* gpt, by priority */
	size_t n_partitions;
	struct pos pos;
};

/* One partition of a GPT. Sizes in bytes, SIZE_AUTO: from its content. */
struct recipe_partition {
	const char *name;            /* key in the recipe */
	const char *label;           /* GPT name; defaults to `name` */
	const char *type;            /* upper-case GUID, or one of sgdisk's short codes: EF02 EF00 8300 8200 … */
	const char *uuid;            /* NULL: derived from the plan's seed */
	uint64_t size, start;        /* start SIZE_AUTO: after the one before */
	uint64_t end;                /* where it ends, SIZE_AUTO: not said … */
	bool end_from_last;          /* … counted from the end of the disk (`end: -10G`) */
	uint64_t alignment;          /* bytes, SIZE_AUTO: 1 MiB */
	int64_t priority;            /* order on the disk; equal priorities keep the written order */
	uint64_t attributes;         /* GPT attribute bits */
	bool grow;                   /* grown on first boot to the end of the disk (`grow`, or `size: 100%`) */
	bool hybrid;                 /* has an entry in a hybrid MBR: of this type, and active or not */
	uint8_t mbr_type;
	bool mbr_active;
	struct recipe_content content;
	struct pos pos;
};

struct recipe_disk {
	const char *name;
	const char *role;            /* DISK_SYSTEM, DISK_STATE, DISK_DATA, DISK_KEY; never NULL in what recipe_load() gives */
	const char *serial;          /* by which the machine knows it; never NULL but of the system's: its name by default */
	uint64_t image_size;         /* system: SIZE_AUTO: as small as the content allows */
	struct recipe_content content;
	struct pos pos;
};

struct recipe_lv {
	const char *name;
	const char *type;            /* "linear", "striped", "thin-pool", "thin", "raid0", "raid1", "raid5", … "raid10" */
	const char *pool;            /* thin: the pool's name */
	uint64_t size;               /* bytes, or … */
	int64_t percent;             /* … percent of what is free (1…100); 0: `size` counts */
	int64_t priority;            /* the order of making, lowest first (what takes all that is free comes last) */
	struct strv extra_args;
	struct recipe_content content; /* CONTENT_NONE: nothing (a pool) */
	struct pos pos;
};

struct recipe_vg {
	const char *name;
	struct recipe_lv *lvs;       /* in the order of making */
	size_t n_lvs;
	struct pos pos;
};

struct recipe_array {
	const char *name;
	int64_t level;               /* 0, 1, 4, 5, 6, 10 */
	const char *metadata;        /* "1.2" (default), "1.1", "1.0" */
	struct strv extra_args;
	struct recipe_content content;
	struct pos pos;
};

/* A mount without a device of its own. */
struct recipe_nodev {
	const char *mountpoint;
	const char *type;            /* "tmpfs", "bind", … */
	const char *device;          /* bind: the folder; never NULL */
	struct strv mount_options;
	struct pos pos;
};

/* Everything that is mounted, whatever it stands on; the immutable root is not among them. */
struct recipe_mount {
	const char *mountpoint;
	const char *what;            /* for people: "the partition 'state'", "the disk 'data'" */
	bool keeps;                  /* what lies there is there at the next start (a tmpfs's is not) */
	struct pos pos;
};

#endif
