/* What a throw-away machine is told: its seed, a NoCloud disc (cloud-init's documentation, "NoCloud"), labelled cidata. */
#ifndef RUN_QEMU_SEED_H
#define RUN_QEMU_SEED_H

#include "base/err.h"

/* Writes the disc `path`: the files user-data, meta-data, network-config and vendor-data of `folder`, or, when that is
 * NULL, the name `hostname` and DHCP on the one card. */
int seed_write(const char *path, const char *hostname, const char *folder, struct err *err);

#endif
