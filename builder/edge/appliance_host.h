/* What the appliance needs of this host, looked for before it is started: the library's own words for what is missing help
 * nobody. */
#ifndef EDGE_APPLIANCE_HOST_H
#define EDGE_APPLIANCE_HOST_H

#include "base/err.h"

struct appliance_host {
	const char *path;            /* folders with programs, separated by colons */
	const char *boot, *modules;  /* where kernels and their modules are: /boot, /lib/modules */
};

/* This one. What the library is told in its environment (LIBGUESTFS_HV, LIBGUESTFS_PATH, SUPERMIN_KERNEL) is not looked
 * for: NULL. */
struct appliance_host appliance_host_here(void);

/* -ENOENT with the package to install when QEMU or a kernel with modules is missing. A NULL is not looked for. */
int appliance_host_check(const struct appliance_host *host, struct err *err);

#endif
