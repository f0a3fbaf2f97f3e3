/* Where a machine runs, and as what: the words `proxmox` and `guard` of a recipe. Nothing of them is in the image or in the
 * plan: who builds needs no hypervisor. Sizes are bytes, text that was not written is NULL. */
#ifndef RECIPE_PROXMOX_H
#define RECIPE_PROXMOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* A disk of a virtual machine; `system` is the image. */
struct proxmox_disk {
	const char *name;            /* "system", one of the layout ("state"), or the recipe's own */
	uint64_t size;               /* 0: of `system` what the image has */
	const char *storage;         /* never NULL */
	const char *serial;          /* what the machine knows it by: the layout's, or its name; NULL of `system` */
	bool backup, discard, ssd;   /* true unless the recipe says otherwise, but `ssd` */
	struct pos pos;
};

/* A volume of a container that outlives it. */
struct proxmox_mount {
	const char *path;            /* in the container */
	uint64_t size;
	const char *storage;         /* never NULL */
	bool backup;
	struct pos pos;
};

/* A network card, in the order of the list: net0, net1, … */
struct proxmox_nic {
	const char *bridge;
	int64_t vlan;                /* 0: none */
	const char *mac;             /* upper case; NULL: Proxmox chooses, once */
	bool firewall;
	int64_t mtu;                 /* 0: the bridge's */
	const char *address, *gateway;   /* IPv4: with prefix length, or "dhcp"; NULL: none is told */
	const char *address6, *gateway6; /* IPv6: with prefix length, "dhcp" or "auto"; NULL */
	struct pos pos;
};

/* A setting of Proxmox's that has no word here, as it is: "usb0", "host=10c4:ea60". */
struct proxmox_option {
	const char *value, *key;     /* the value first: it is what a table's element is read into */
	struct pos pos;
};

struct proxmox {
	const char *node;            /* NULL: the recipe does not say where the machine runs */
	int64_t vmid;
	int64_t spare_vmid;          /* of a container: the id that a replacement gets, and by turns the other; 0: none */
	const char *ssh;             /* what ssh knows the machine by; never NULL */
	const char *images, *storage; /* storages: of uploaded images, of disks (which is each disk's, unless it has its own) */
	const char *pool;
	int64_t cores;
	uint64_t memory, swap;
	const char *cpu, *machine, *bios; /* of virtual machines; bios: "seabios" or "ovmf" */
	struct proxmox_disk *disks;  /* of virtual machines: `system`, the layout's by their roles, the others as written */
	size_t n_disks;
	bool one_disk;               /* the layout has the state, if any, on the system's disk alone */
	uint64_t rootfs;             /* of a container: the size of its root; the storage is `storage` */
	struct proxmox_mount *mounts; /* of a container: as written, then one for each path of `state` that none covers */
	size_t n_mounts;
	bool nesting;                /* of a container */
	struct proxmox_nic *nics;
	size_t n_nics;
	struct strv nameservers;
	const char *search_domain;
	struct strv tags;            /* sorted; "aether" is not among them */
	bool onboot, agent, protection;
	int64_t order;               /* in which it is started with the node; 0: any */
	struct proxmox_option *options;
	size_t n_options;
	struct pos pos;
};

/* When and how far `guard` acts on a machine that is bad. */
struct recipe_guard {
	bool said;                   /* the recipe has the word */
	uint64_t after_ms;           /* it has to be bad for so long */
	int64_t tries;               /* of each rung of the ladder, before the next */
	uint64_t cool_down_ms;       /* after a rung, before the next try */
	struct pos pos;
};

#endif
