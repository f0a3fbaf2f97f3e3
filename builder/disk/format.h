/* File systems, each in a sparse file of its own, with an identity that comes from the seed and every time at the epoch. */
#ifndef DISK_FORMAT_H
#define DISK_FORMAT_H

#include <stdbool.h>

#include "base/err.h"
#include "disk/layout.h"
#include "disk/spec.h"

/* Whether a content is a file system (or swap space) that format_make() makes. */
bool format_is_known(enum disk_content content);

/* The content that a recipe or a stack calls so ("ext4", "swap", …); DISK_EMPTY for what is none of them. */
enum disk_content format_named(const char *name);

/* The smallest size, in bytes, that its mkfs takes. */
uint64_t format_minimum(enum disk_content content);

/* Makes the file `name` of spec->work, as large as the partition, with an empty file system of its content made by the tools
 * and named like the partition. It is known by partition->node where that is said, else by its label: no two of a disk may be
 * the same. `*ret_fd` is open for reading and the caller's. */
int format_make(const struct disk_spec *spec, const struct disk_partition *partition, const char *name, int *ret_fd,
		struct err *err);

/* The serial number of the vfat file system of the partition named `label`, as people and GRUB write it: "8F3A-11C0". */
void format_vfat_serial(const char *seed, const char *label, char ret_serial[10]);

#endif
