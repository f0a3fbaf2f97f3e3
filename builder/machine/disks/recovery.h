/* Recovery keys: made with a volume, kept in STACK_RECOVERY until somebody fetches them. */
#ifndef MACHINE_DISKS_RECOVERY_H
#define MACHINE_DISKS_RECOVERY_H

#include <stddef.h>

enum { RECOVERY_BYTES = 32, RECOVERY_TEXT = 2 * RECOVERY_BYTES + RECOVERY_BYTES / 4 };

/* The key as people type it: the bytes as letters that stand at one place on all keyboards, in groups of eight with hyphens, as
 * systemd-cryptenroll(1) writes recovery keys. Pure. */
void recovery_print(const unsigned char bytes[RECOVERY_BYTES], char out[RECOVERY_TEXT]);

/* Keeps the key of the volume below the folder where /var is (to be) mounted. 0 or -errno. */
int recovery_keep(const char *var, const char *volume, const char *text);

/* Calls `visit` for each volume whose key waits; how many there are. */
size_t recovery_each(void (*visit)(const char *volume, void *data), void *data);

/* `recovery [--fetch NAME]`. */
int recovery_main(int argc, char **argv);

#endif
