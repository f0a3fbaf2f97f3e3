/* What the token has to be allowed to do. */
#ifndef FLEET_PROXMOX_RIGHTS_H
#define FLEET_PROXMOX_RIGHTS_H

#include "fleet/proxmox/client.h"

enum rights_for {
	RIGHTS_UPLOAD = 1, /* images and templates */
	RIGHTS_PRUNE = 2,  /* and to remove old ones */
	RIGHTS_VM = 4,	   /* to make and change virtual machines */
	RIGHTS_AGENT = 8,  /* to ask what runs in them */
	RIGHTS_CONTAINER = 16,
	RIGHTS_DISC = 32, /* to bring a disc to a virtual machine, and to take it away: `images` is its storage */
};

/* What it concerns; NULL and 0: nothing of the kind. */
struct rights_of {
	int64_t vmid, spare_vmid;
	const char *images, *storage;
	bool bridges;
};

/* Asks the API for all that `uses` (of enum rights_for) needs. -EACCES with everything that is missing, path by path, when
 * anything is. Which privileges there are depends on the version. */
int rights_check(struct client *client, unsigned uses, const struct rights_of *of, struct err *err);

/* Whether the token has a privilege at a path; not when that cannot be found out. */
bool rights_has(struct client *client, const char *path, const char *privilege);

#endif
