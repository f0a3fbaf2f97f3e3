/* QEMU's command line, as data: what it is of is decided elsewhere. */
#ifndef RUN_QEMU_COMMAND_H
#define RUN_QEMU_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "host/accel.h"
#include "run/qemu/ports.h"

/* One machine. Its own files lie in its folder, which is QEMU's working directory, by these names. */
#define MACHINE_DISK "disk.qcow2"
#define MACHINE_STATE "state.raw"
#define MACHINE_OTHER "disk-%s.raw"  /* with its serial number, but for the state's */
#define MACHINE_SEED "seed.iso"
#define MACHINE_IDENTITY "identity.iso"
#define MACHINE_VARIABLES "variables"
#define MACHINE_CONSOLE "console"
#define MACHINE_AGENT "agent"
#define MACHINE_MONITOR "monitor"

struct qemu {
	const char *name;            /* the guest's */
	enum accel accel;
	uint64_t memory_bytes;
	struct strv disks;           /* further ones, by their serial numbers (letters, digits and "._-") */
	bool identity;               /* a disc that brings the identity to which the machine's secrets are encrypted */
	const char *firmware;        /* the code of a UEFI, whose variables are in the folder; NULL: BIOS */
	bool console;                /* the serial console is our terminal, and goes to its file as well */
	const struct forwards *forwards;
};

/* The program. */
#define QEMU "qemu-system-x86_64"

/* The file of a further disk; in `arena`. */
const char *qemu_disk_file(struct arena *arena, const char *serial);

/* The whole vector, NULL-terminated, in `arena`. */
const char *const *qemu_command(struct arena *arena, const struct qemu *qemu);

#endif
