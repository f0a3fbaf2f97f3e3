/* A machine or a container of an image, from power on to power off: what `run` and `test` have in common. */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "run/lxc/container.h"
#include "run/qemu/machine.h"

struct session_spec {
	struct target target;
	const char *cache;           /* folder of the cache */
	bool keep, uefi, console;
	const char *accel, *seed;    /* as struct machine_spec has them */
	uint64_t memory_bytes, disk_bytes;
	uint64_t timeout_ms;         /* to come up; 0: what is usual */
	struct forwards forwards;
};

struct session {
	const struct session_spec *spec;
	union {
		struct machine_spec machine;
		struct container_spec container;
	} of;
	struct machine machine;      /* when the target is a disk */
	struct container container;  /* else */
	struct guest guest;
};

/* Chooses ports and starts it. SIGINT, SIGTERM and SIGHUP are -EINTR from here on. `session` is to be closed whatever
 * this returns; it and `spec` stay where they are. */
int session_start(struct arena *arena, struct session_spec *spec, struct session *session, struct err *err);

/* Until when it has to be up (signals.h). */
int64_t session_deadline_ms(const struct session *session);

/* Waits until commands can be given to it; errors as machine_wait() has them. */
int session_wait(struct session *session, struct err *err);

/* Waits until somebody powers it off: 0, or -EINTR. */
int session_wait_off(struct session *session);

void session_power_off(struct session *session);
void session_close(struct session *session);

/* "kvm", "tcg" or "lxc": what it runs by. */
const char *session_means(const struct session *session);

/* Its folder, with its disk and its console, and the console's file. */
const char *session_folder(const struct session *session);

/* The words that let one in from another terminal: ssh's, or lxc-attach's; in `arena`. No words when there is no port 22.
 * */
struct strv session_way_in(struct arena *arena, const struct session *session);

#endif
