/* Storages of a node, and the files in them. */
#ifndef FLEET_PROXMOX_STORAGE_H
#define FLEET_PROXMOX_STORAGE_H

#include "fleet/proxmox/client.h"

struct storage {
	const char *name, *type; /* type: "dir", "lvmthin", "cephfs", … */
	const char *content;	 /* "iso,vztmpl,import" */
	uint64_t available;	 /* bytes */
	bool shared;
};

/* A file or volume. Sizes are bytes: of the file. */
struct storage_volume {
	const char *volid; /* "local:import/gateway-7-3f9c2a1b7d10.qcow2" */
	uint64_t size;
	int64_t vmid; /* whose it is; 0: nobody's */
};

/* Looks at a storage as a node sees it. -ENOENT when it is disabled or not active; what the API says when there is none of that
 * name (-EREMOTEIO). */
int storage_look(struct client *client, const char *node, const char *name, struct storage *ret_storage, struct err *err);

/* Whether it may have that content ("import"); -ENOTSUP with what to do if not. */
int storage_has(const struct storage *storage, const char *content, struct err *err);

/* What is in it of that content; of one machine when `vmid` is not 0. In the client's arena. */
int storage_list(struct client *client, const char *node, const char *name, const char *content, int64_t vmid,
		 struct storage_volume **ret_volumes, size_t *ret_n, struct err *err);

/* Looks for one: *ret_there, and then *ret_volume. */
int storage_find(struct client *client, const char *node, const char *volid, bool *ret_there, struct storage_volume *ret_volume,
		 struct err *err);

/* Removes one. */
int storage_remove(struct client *client, const char *node, const char *volid, struct err *err);

/* The name of a volume's storage, what is between ":" and "/" ("import"), and the name of its file; "" for what it has not. In
 * `arena`. */
const char *volid_storage(struct arena *arena, const char *volid);
const char *volid_content(struct arena *arena, const char *volid);
const char *volid_file(const char *volid);

#endif
