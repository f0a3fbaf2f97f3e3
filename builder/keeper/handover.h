/* The disc that brings a machine its identity, once: ISO 9660 with the label SECRETS_DISC_LABEL (contract/secrets.h). */
#ifndef KEEPER_HANDOVER_H
#define KEEPER_HANDOVER_H

#include "base/err.h"

/* Writes the present identity of machine `name` to the new disc `path`, which nobody else may read: 0600. -EEXIST for what is
 * there already, -ENOENT when the machine has no identity here. */
int handover_disc(const char *name, const char *path, struct err *err);

/* The same in memory that nobody else has a name for, so that nothing of it is left behind: *ret_fd, the caller's to close. */
int handover_memory(const char *name, int *ret_fd, struct err *err);

#endif
