/* A system container of a template, as a hypervisor starts one: by LXC, unpacked as Proxmox unpacks it, with ids of its
 * own where root has subordinate ids. Its network is a loopback interface and nothing else. It never outlives the
 * program. */
#ifndef RUN_LXC_CONTAINER_H
#define RUN_LXC_CONTAINER_H

#include "host/proc.h"
#include "run/guest.h"
#include "run/target.h"
#include "run/workdir.h"

struct container_spec {
	const struct target *target;
	const char *cache;           /* folder of the cache */
	bool keep, console;
};

struct container {
	struct arena *arena;         /* the caller's */
	const struct container_spec *spec;
	struct workdir place;
	struct proc_side lxc;
	const char *cgroup;          /* our own, where the host has cgroups of the first version as well; or NULL */
	unsigned long first_id;      /* of its ids; 0: it is privileged */
};

/* Unpacks the template and starts it. This process moves into a mount namespace of its own. -EPERM when we are not root,
 * -ENOENT with the package to install. `container` is to be closed whatever this returns. */
int container_start(struct arena *arena, const struct container_spec *spec, struct container *container, struct err *err);

/* Waits until commands can be given to it: as machine_wait(). */
int container_wait(struct container *container, int64_t deadline_ms, struct err *err);

/* Waits until it has halted: 0, or -EINTR. */
int container_wait_off(struct container *container);

/* Shuts it down cleanly, and waits for that. */
void container_power_off(struct container *container);

/* Ends it and removes its folder. */
void container_close(struct container *container);

/* To give it commands. */
struct guest container_guest(struct container *container);

/* The words that give a shell in it, from another terminal. */
struct strv container_shell(struct arena *arena, const struct container *container);

#endif
