/* Encrypted volumes: what has to be done beside making and opening them (ways.h). */
#ifndef MACHINE_DISKS_LUKS_H
#define MACHINE_DISKS_LUKS_H

#include "machine/disks/stage.h"

/* Keeps the recovery keys that were made since the last call below `var`, where /var is mounted. 0 or -errno. */
int luks_keep_recovery(const char *var);

/* Forgets them. */
void luks_forget_recovery(void);

/* Whether the volume was made in such a way that a recovery key has to be kept. */
bool luks_has_recovery(const struct node *node);

/* Binds the volume, which `recovery` (a key of it) opens, to its key as it is now: a new TPM, a new key disk, a new secret. */
int luks_bind_again(struct stage *stage, struct node *node, const char *recovery);

#endif
