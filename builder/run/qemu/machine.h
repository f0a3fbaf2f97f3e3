/* A virtual machine on a throw-away disk over an image. It never outlives the program. */
#ifndef RUN_QEMU_MACHINE_H
#define RUN_QEMU_MACHINE_H

#include "host/proc.h"
#include "run/guest.h"
#include "run/qemu/command.h"
#include "run/qemu/wire.h"
#include "run/target.h"
#include "run/workdir.h"

struct machine_spec {
	const struct target *target;
	const char *cache;           /* folder of the cache */
	bool keep, uefi, console;
	const char *accel;           /* "kvm", "tcg", or NULL: whichever works */
	const char *seed;            /* a folder, or NULL: one is made */
	uint64_t memory_bytes, disk_bytes; /* 0: what is usual */
	const struct forwards *forwards; /* with all ports chosen */
};

struct machine {
	struct arena *arena;         /* the caller's */
	const struct machine_spec *spec;
	struct workdir place;
	struct proc_side qemu;
	struct wire agent;
	enum accel accel;
	int64_t started_ms;
	bool up;                     /* the guest agent has answered */
};

/* Makes the disk and powers the machine on. When nobody has seen KVM work here, looks on until the guest shows life; when
 * it does not, starts it anew with TCG, and says so. `machine` is to be closed whatever this returns. */
int machine_start(struct arena *arena, const struct machine_spec *spec, struct machine *machine, struct err *err);

/* Waits until its guest agent answers. -ETIME past the deadline (of signals.h), -ECHILD when the machine ended, -EINTR;
 * with the end of its console in `err`. */
int machine_wait(struct machine *machine, int64_t deadline_ms, struct err *err);

/* Waits until it has been powered off: 0, or -EINTR. */
int machine_wait_off(struct machine *machine);

/* Shuts it down cleanly, and waits for that; ends it when it takes too long or we are told to stop again. */
void machine_power_off(struct machine *machine);

/* Ends it and removes its folder. */
void machine_close(struct machine *machine);

/* To give it commands. */
struct guest machine_guest(struct machine *machine);

#endif
