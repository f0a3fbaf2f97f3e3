/* One file of a disc: as much of ISO 9660 (ECMA-119) as that takes. Nothing is mounted: no driver of a file system reads what a
 * stranger may have made. */
#ifndef MACHINE_SECRETS_ISO9660_H
#define MACHINE_SECRETS_ISO9660_H

#include <stdint.h>

struct iso9660_file {
	int64_t offset;
	uint32_t size;
};

/* Finds the file `name` in the top folder of the file system on `fd`, if its label is `label`; cases do not count in names.
 * -ENOENT when there is no such, -EINVAL when it is broken, else what reading says. */
int iso9660_find(int fd, const char *label, const char *name, struct iso9660_file *ret_file);

#endif
