/* The disc that a seed is on: iso9660 or vfat, labelled cidata (NoCloud, as cloud-init's documentation has it). */
#ifndef MACHINE_SEED_CIDATA_H
#define MACHINE_SEED_CIDATA_H

#include <stdbool.h>

#include "machine/seed/values.h"

enum cidata_name { META_DATA, USER_DATA, NETWORK_CONFIG, VENDOR_DATA, N_CIDATA };

/* What stands in the files; `bytes` is NULL for one that is not there. */
struct cidata {
	struct {
		const char *bytes;
		size_t size;
	} files[N_CIDATA];
};

/* The file's name: "meta-data". */
const char *cidata_name(enum cidata_name file);

/* Reads the files of a folder; what is no plain file, or larger than DOCUMENT_BYTES, is a remark. False when the folder
 * cannot be read. */
bool cidata_read(struct memory *memory, struct remarks *remarks, const char *folder, struct cidata *ret_cidata);

/* Waits for udev, mounts the disc where nobody else sees it, read-only, reads it, and lets go of it. False without a
 * disc, or when it cannot be read, which is a remark. */
bool cidata_find(struct memory *memory, struct remarks *remarks, struct cidata *ret_cidata);

#endif
