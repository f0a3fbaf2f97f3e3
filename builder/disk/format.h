/* Empty file systems, each in a sparse file of its own, with an identity that comes from the seed. */
#ifndef DISK_FORMAT_H
#define DISK_FORMAT_H

#include "base/err.h"
#include "disk/layout.h"
#include "disk/spec.h"

/* Makes the file `name` of spec->work, as large as the partition, with an ext4 or vfat file system made by the tools and
 * named like the partition. `*ret_fd` is open for reading and the caller's. */
int format_ext4(const struct disk_spec *spec, const struct disk_partition *partition, const char *name, int *ret_fd,
		struct err *err);
int format_vfat(const struct disk_spec *spec, const struct disk_partition *partition, const char *name, int *ret_fd,
		struct err *err);

/* The serial number of the vfat file system of the partition named `label`, as people and GRUB write it: "8F3A-11C0". */
void format_vfat_serial(const char *seed, const char *label, char ret_serial[10]);

#endif
