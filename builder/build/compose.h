/* From a finished tree to a disk: the one function that knows all that is on it. */
#ifndef BUILD_COMPOSE_H
#define BUILD_COMPOSE_H

#include "disk/disk.h"
#include "disk/layout.h"
#include "edge/digest.h"
#include "host/sandbox.h"

struct disk_spec {
	const char *name;            /* the machine's, for the boot menu */
	struct disk_layout layout;
	const char *cmdline;         /* the kernel's, without what tells the root (that is added here) */
	const char *seed;            /* 64 hex digits; all identity on the disk is derived from it */
	int64_t epoch;               /* every time stamp on the disk */
	const char *root;            /* host folder: the tree */
	const char *ground;          /* host path of a root image by root_ground() that the tree's is made from, by … */
	const char *changes;         /* … the changes in this tar archive; both NULL: the tree's is made whole */
	const char *init;            /* host path of aether-init, the program of the initrd */
	struct toolbox tools;        /* programs that shape bytes */
	const char *uki;             /* host path: the unified kernel image is kept there, too */
	const char *work;            /* host folder of the disk's own, empty: what extents refer to is made there */
};

/* What was made, for the manifest. Texts in the disk's arena. */
struct disk_facts {
	char root_hash[65];          /* of the dm-verity tree */
	const char *kernel;          /* its version */
	uint64_t root_bytes;         /* of the root image with its verity tree, … */
	uint64_t hash_offset;        /* … which is here */
	uint64_t uki_bytes;          /* of the unified kernel image */
	char uki_sha256[SHA256_HEX];
	uint64_t data_bytes;         /* of the disk that are not holes */
	struct disk_layout layout;   /* as placed */
};

/* Makes the disk. Extents refer to files in spec->work, which stay open until disk_close(). Errors: -ENOSPC for a partition
 * that is too small, -ENOENT for what the tree or the tools lack (a kernel, a loader), and those of the programs run. */
int disk_compose(struct arena *arena, const struct disk_spec *spec, struct disk *ret_disk, struct disk_facts *ret_facts,
		 struct err *err);

#endif
