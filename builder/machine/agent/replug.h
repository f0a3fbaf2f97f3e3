/* What devices start. systemd starts the units that a device wants (SYSTEMD_WANTS, systemd.device(5)) when it appears; after
 * a restart of user space alone all devices are there already, and nobody would. */
#ifndef MACHINE_AGENT_REPLUG_H
#define MACHINE_AGENT_REPLUG_H

#include <stddef.h>

/* Starts what the devices in udev's database want. */
void replug(void);

enum { REPLUG_UNITS = 32, REPLUG_NAME = 256 };

/* The units that the devices in udev's database (the folder `data`) want, each once; a template has its device's name in it,
 * for which `sys` is sysfs. How many: at most REPLUG_UNITS. */
size_t replug_find(const char *data, const char *sys, char units[REPLUG_UNITS][REPLUG_NAME]);

#endif
