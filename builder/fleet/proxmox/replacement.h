/* The container that takes another one's place. */
#ifndef FLEET_PROXMOX_REPLACEMENT_H
#define FLEET_PROXMOX_REPLACEMENT_H

#include "fleet/proxmox/work.h"

/* Makes it, at journal.other: of journal.image, with all that makes the old one (work->config) what it is to others, but no
 * mount points, and not started with its node yet. */
int replacement_create(struct work *work, struct err *err);

/* A key of a container's configuration that its replacement cannot have, because a token may not say it; NULL: none. */
const char *replacement_lacks(const struct config *config);

#endif
