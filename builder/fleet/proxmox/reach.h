/* Commands in a machine, by whoever gets through: its guest agent, else ssh. */
#ifndef FLEET_PROXMOX_REACH_H
#define FLEET_PROXMOX_REACH_H

#include "fleet/proxmox/work.h"

/* Runs a program by its path and words (fixed ones, that need no quotes) as root, and waits for its end: its exit status and
 * what it printed. -EAGAIN, with why, when nobody gets through; -EACCES or -EKEYREJECTED when Proxmox refuses; when it
 * does not answer, and ssh does not get through either, one of client_passes(). In the work's arena. */
int reach_run(struct work *work, const struct instance *machine, const struct strv *words, unsigned timeout_s, int *ret_status,
	      const char **ret_output, struct err *err);

/* What the machine's aether-agent says of it. */
int reach_status(struct work *work, const struct instance *machine, struct machine_status *ret_status, struct err *err);

/* Its health checks, run now. 0: all hold; 1: not, and *ret_reason says which, or that nobody gets through. -ENOTCONN, with
 * *ret_reason, when Proxmox does not answer, or ssh on this side is what does not get through (a key, a name): that says
 * nothing of the machine. */
int reach_health(struct work *work, const struct instance *machine, const char **ret_reason, struct err *err);

/* What such a report says. 0 or 1 as above, -EBADMSG for what is none. Pure. */
int reach_read_health(struct arena *arena, const char *text, size_t size, const char **ret_reason, struct err *err);

#endif
