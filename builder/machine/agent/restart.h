/* Restarting into the generation that is next: all of the machine, or its user space alone. */
#ifndef MACHINE_AGENT_RESTART_H
#define MACHINE_AGENT_RESTART_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/cmdline.h"

/* Which image comes after a soft-reboot: written by `restart`, read by `mount-next`. Lines in the words of a kernel command
 * line. */
#define RESTART_ROOM "/run/aether"
#define RESTART_NEXT "next"
/* How often user space has restarted since the kernel started. */
#define RESTART_COUNT "restarts"

/* `aether-agent restart [--reboot]`: see contract/agent.h. */
int restart_main(int argc, char **argv);

/* `aether-agent mount-next`: mounts the next root where systemd looks for it, when all else is unmounted
 * (aether-next.service). It restarts the machine when that is not possible: the loader starts what its books say. */
int next_main(int argc, char **argv);

/* The words of the kernel command line in GRUB's entry of a slot, as the kernel gets them. False when it has none, or it does
 * not fit. Pure. */
bool restart_words(const char *entry, char *out, size_t size);

/* Whether two command lines are the same but for the image that they name. Pure. */
bool restart_words_same(const char *one, const char *other);

#endif
