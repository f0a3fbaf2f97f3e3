/* Tasks: what Proxmox does after it has answered. A UPID ("UPID:NODE:…:TYPE:ID:USER:") names one; only its exit status tells
 * whether what was asked for is done. */
#ifndef FLEET_PROXMOX_TASK_H
#define FLEET_PROXMOX_TASK_H

#include "fleet/proxmox/client.h"

/* Waits until it has ended, for `timeout_s` at most, and tells what it says of its progress. -EREMOTEIO when it ended badly,
 * with its verdict and the end of its log; -ETIME when it did not end. That nobody answers for a minute is borne. */
int task_wait(struct client *client, const char *upid, unsigned timeout_s, struct err *err);

/* A request that begins a task, and its end. */
int task_run(struct client *client, const char *path, const struct form *form, unsigned timeout_s, struct err *err);

/* The node of a UPID, in the client's arena; NULL for what is none. */
const char *task_node(struct client *client, const char *upid);

/* A task that runs on a machine, whoever began it, as "TYPE by USER", NULL for none; of `vmid` 0 those that copy uploads. */
int task_active(struct client *client, const char *node, int64_t vmid, const char **ret_task, struct err *err);

/* How much of a line of its log is done, in percent: "transferred 1.2 GiB of 1.6 GiB (75.00%)"; -1: it does not say. Pure. */
int task_percent(const char *line);

#endif
