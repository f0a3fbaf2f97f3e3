/* The disc that brings a new virtual machine its identity: onto a storage, into the machine for its first boot, and away again,
 * whatever comes of that. It is a private key that lies on a storage: its volume is in the journal before it is there, and in
 * the machine's mark as long as it may be. */
#ifndef FLEET_PROXMOX_KEYDISC_H
#define FLEET_PROXMOX_KEYDISC_H

#include "fleet/proxmox/work.h"

/* Where work->disc is to go: work->disc_storage, NULL where none of the machine's storages takes ISO images, which is told.
 * -EACCES with the privileges that are missing for it. Nothing is changed. */
int keydisc_choose(struct work *work, struct err *err);

/* The volume that it is to be: under a name that is this deploy's, and tells nothing. In the work's arena. */
const char *keydisc_volid(const struct work *work);

/* Uploads it as work->journal.disc. */
int keydisc_upload(struct work *work, struct err *err);

/* Adds it to what a machine is made with. */
void keydisc_attach(const struct work *work, struct form *form);

/* Takes `volid` (NULL, "": nothing to do) out of the drive of work->machine, which stays empty, and away from the storage. What
 * is so already is left; what is no such disc, too. Errors say what to do by hand. */
int keydisc_take(struct work *work, const char *volid, struct err *err);

/* The same, where there is no machine. */
int keydisc_drop(struct work *work, const char *volid, struct err *err);

#endif
