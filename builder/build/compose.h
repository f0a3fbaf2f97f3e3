/* From a finished tree to a disk: the one function that knows all that is on it. */
#ifndef BUILD_COMPOSE_H
#define BUILD_COMPOSE_H

#include "disk/disk.h"
#include "disk/layout.h"
#include "disk/spec.h"
#include "edge/digest.h"

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
