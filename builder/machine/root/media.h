/* Disks of this machine, as far as its state may be on them. */
#ifndef MACHINE_ROOT_MEDIA_H
#define MACHINE_ROOT_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISKS_MAX = 32, DISK_NAME = 32, DISK_SERIAL = 64 };

struct state_disk {
	char name[DISK_NAME];          /* "vdb" */
	char serial[DISK_SERIAL];      /* as the hypervisor says it; "" when it says none */
	uint64_t size_bytes;
	bool blank;                    /* nothing is written on it, as far as that can be seen, or our own marker alone */
	char state[DISK_NAME];         /* its device (itself, a partition) with a file system STATE_LABEL; "": none */
	bool system;                   /* it has a partition `root…`: a system of ours, beside its state, too */
	char coming[DISK_NAME];        /* the same for STATE_LABEL_COMING */
};

/* The block that says that a file system is on its way to a blank disk (format_state.c): such a disk is as good as blank. */
enum { DISK_MARKER_BYTES = 4096 };
void media_marker(uint8_t block[DISK_MARKER_BYTES]);

/* Whether the device at `path` (of `size` bytes) has nothing on it, as far as that can be seen, or the marker alone. What
 * cannot be read is not blank. */
bool media_is_blank(const char *path, uint64_t size);

/* The serial number of a disk ("vdb"), as the hypervisor says it; "" when it says none. */
void media_serial(const char *sys, const char *name, char ret_serial[DISK_SERIAL]);

/* Looks at all disks but `without`, by name: at most DISKS_MAX of them. Those that cannot be written, and what is no disk of
 * the machine's (memory, files, optical drives), are passed over. `sys` and `dev` are where sysfs and the devices are. */
size_t media_look(const char *sys, const char *dev, const char *without, struct state_disk disks[DISKS_MAX]);

/* The label of an ext4 file system on the file or device at `path`; false when it has none. */
bool media_label(const char *path, char ret_label[17]);

#endif
