/* A machine (virtual machine or container) on a node of Proxmox: whether there is one, what it is, power. */
#ifndef FLEET_PROXMOX_INSTANCE_H
#define FLEET_PROXMOX_INSTANCE_H

#include "fleet/proxmox/client.h"
#include "fleet/proxmox/config.h"

struct instance {
	int64_t vmid;
	bool there, container;
	const char *node, *name; /* of one that is there */
	const char *path;	 /* of its requests: "/nodes/n/qemu/200" */
};

/* How it is at the moment. */
struct instance_now {
	bool running, managed; /* managed: HA starts and stops it */
	const char *lock;      /* why its configuration is locked ("backup"); NULL: it is not */
};

/* Looks for the machine of that id in the whole cluster. */
int instance_find(struct client *client, int64_t vmid, struct instance *ret_instance, struct err *err);

/* One that is about to be made. */
struct instance instance_new(struct client *client, const char *node, int64_t vmid, bool container);

int instance_now(struct client *client, const struct instance *machine, struct instance_now *ret_now, struct err *err);

/* Its configuration with what is pending, or (`current`) as it runs. */
int instance_config(struct client *client, const struct instance *machine, bool current, struct config *ret_config,
		    struct err *err);

/* What is pending, as config_read_pending() has it. */
int instance_pending(struct client *client, const struct instance *machine, struct config *ret_pending, struct err *err);

/* Sets what `form` says; with `digest` (may be NULL) only if nobody changed anything since. */
int instance_set(struct client *client, const struct instance *machine, struct form *form, const char *digest, struct err *err);

/* Lets it run; lets it end, with a grace time and then by force; stops it at once. Nothing is done to one that is so already.
 * These wait until it is so. */
int instance_start(struct client *client, const struct instance *machine, struct err *err);
int instance_shutdown(struct client *client, const struct instance *machine, struct err *err);
int instance_stop(struct client *client, const struct instance *machine, struct err *err);

/* Makes a disk or mount point as large as that, in GiB; smaller is never asked for. */
int instance_grow(struct client *client, const struct instance *machine, const char *key, uint64_t gib, struct err *err);

/* The same in bytes, unless it is that large already (an image may be larger than its recipe says). */
int instance_grow_to(struct client *client, const struct instance *machine, const char *key, uint64_t size, struct err *err);

/* Removes a volume that it has under `key` (unusedN). */
int instance_unlink(struct client *client, const struct instance *machine, const char *key, struct err *err);

#endif
