/* Drives of a virtual machine and mount points of a container, as their configuration writes them:
 * "local:200/vm-200-disk-0.qcow2,discard=on,iothread=1,size=4G". Pure. */
#ifndef FLEET_PROXMOX_DRIVE_H
#define FLEET_PROXMOX_DRIVE_H

#include "fleet/proxmox/config.h"

struct drive {
	const char *volid;   /* "" for none */
	struct strv options; /* "size=4G" */
};

/* Takes a text apart; in `arena`. */
struct drive drive_parse(struct arena *arena, const char *text);

/* The value of an option, NULL when it has none of that name. */
const char *drive_option(const struct drive *drive, const char *name);

/* The text of a drive whose volume is `volid`, with the options of `drive` that may be said again: all but size, format, media,
 * file and import-from. In `arena`. */
const char *drive_print(struct arena *arena, const char *volid, const struct drive *drive);

/* Whether a key is that of a disk: scsi0, virtio3, sata1, ide0. */
bool drive_is_key(const char *key);

/* A disk that has a volume of its own: not a CD, not a seed. */
bool drive_is_disk(const char *key, const struct drive *drive);

/* The key of the disk that a machine boots from: the first one that `boot` (or else `bootdisk`) of its configuration names,
 * or its only disk when there are neither. NULL: it cannot be told; so where the one that is named is not there, because
 * what is left may be the state's. */
const char *drive_system(struct arena *arena, const struct config *config);

/* The key of the disk with that serial number; NULL: none. */
const char *drive_of_serial(struct arena *arena, const struct config *config, const char *serial);

/* The key of the disk with the state: the one whose serial number is `state`, else the only one without a serial number
 * beside the system's: those with another one are for something else. NULL: there is none, or it cannot be told. */
const char *drive_state(struct arena *arena, const struct config *config);

/* The key (unused0, …) under which a volume lies that no drive uses; NULL: none. */
const char *drive_unused(const struct config *config, const char *volid);

#endif
