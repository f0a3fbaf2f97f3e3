/* Why there is no disk to start from: which disks there are, which controllers have a driver, which have none. `sys` is where
 * sysfs is mounted. */
#ifndef MACHINE_ROOT_DRIVES_H
#define MACHINE_ROOT_DRIVES_H

#include <stddef.h>

/* Writes the names of the disks ("vda, sdb"), as many as there is room for; how many there are. */
int drives_list(const char *sys, char *out, size_t size);

/* The same for the controllers, in the words of hypervisors, that the kernel has a driver for. */
int drives_controllers(const char *sys, char *out, size_t size);

/* The same for PCI devices that are controllers of disks, and that no driver has taken: "1000:0012 at 0000:00:05.0". */
int drives_orphans(const char *sys, char *out, size_t size);

#endif
