/* Which slot starts next, whatever starts it. The EFI system partition has two loaders' files, and whatever is changed is
 * changed for both: a machine may be given the other firmware any day.
 *
 *   /EFI/Linux/NAME-SEQUENCE-SLOT[+LEFT[-DONE]].efi   systemd-boot starts the highest sequence first, counts LEFT down in the
 *                                                     name, and comes to one with none left when there is no other (entry.h)
 *   /grub/grubenv                                     aether_good: the slot that starts; aether_trial, aether_tries: the one
 *                                                     that starts instead while there are tries, which GRUB counts down
 *   /aether/SLOT/{linux,initrd,sums,grub.cfg}         what GRUB starts
 *   /aether/SLOT/image                                what is in the slot: lines KEY=VALUE, root= and generation=
 *   /aether/SLOT/failure                              why it is bad: when=, reason=
 *
 * A container has the same by other means, in a folder of its root (contract/box.h): books in place of what the loaders read,
 * and trees of files in place of partitions. Which of the two it is, is a struct boot_store.
 *
 * Functions end the program by die() when the machine's boot files cannot be read or written. */
#ifndef MACHINE_AGENT_BOOT_H
#define MACHINE_AGENT_BOOT_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/esp.h"
#include "contract/verity.h"
#include "machine/agent/grubenv.h"
#include "machine/block.h"
#include "machine/cmdline.h"
#include "machine/root/slot.h"
#include "machine/say.h"

enum slot_state {
	SLOT_EMPTY, /* nothing of it can be started */
	SLOT_GOOD,  /* starts whenever it is its turn */
	SLOT_TRIAL, /* starts first, a few times */
	SLOT_BAD,   /* starts when nothing else does */
};

/* "empty", "good", "trial", "bad". */
const char *slot_state_name(enum slot_state state);

struct slot {
	char letter;                   /* 'a', 'b' */
	struct partition partition;    /* root-a, root-b */
	uint64_t size_bytes;           /* of the partition */
	enum slot_state state;
	unsigned tries_left;           /* of a trial; less than SLOT_TRIES: it was tried */
	unsigned sequence;             /* later ones are higher */
	char file[128];                /* name of its unified kernel image in /EFI/Linux; "" for none */
	char root_hash[2 * ROOT_HASH_BYTES + 1]; /* of the image that it starts; "" for none */
	char generation[16];           /* number that the builder gave it; "" when nobody said */
	char failed_when[24], failed_reason[512]; /* seconds since 1970; "" when it did not fail */
	bool refused;                  /* a container's init did not start it, and why is not written down for good yet */
};

struct boot;

/* Where it is written what starts. Each leaves it to the caller to look again. */
struct boot_store {
	void (*reload)(struct boot *boot);
	void (*clear)(struct boot *boot, struct slot *slot);      /* boot_clear(), … */
	void (*try)(struct boot *boot, struct slot *slot);
	void (*bless)(struct boot *boot, struct slot *slot);
	void (*give_up)(struct boot *boot, struct slot *slot, char next); /* the slot has failed, `next` starts */
};
extern const struct boot_store boot_esp, boot_trees;

struct boot {
	char name[64], kind[8], format[8], epoch[24]; /* of the image that runs: /usr/lib/aether/image */
	struct cmdline cmdline;        /* which image runs, in the words of a kernel command line … */
	char root_hash[2 * ROOT_HASH_BYTES + 1]; /* … as text; "" in a container */
	char esp[32];                  /* folder where the EFI system partition is mounted, for this process alone */
	const char *history;           /* file on the state partition where failures are kept (history.h) */
	struct slot slots[2];
	size_t n_slots;                /* 0: not a machine with slots (a container) */
	struct slot *running, *other;  /* `other` NULL with one slot */
	char twins[TWINS_BYTES];       /* other disks with the image that runs; "" for none */
	const struct boot_store *store; /* NULL without slots */
	struct slot base;              /* of a container: its root (BOOT_BASE), when that runs and slot a is a tree */
	bool can_start_trees;          /* of a container: its init is ours */
	char remark[400];              /* of a container: why it runs something else than it should; "" for nothing */
};

enum { BOOT_BASE = 'r' };

enum boot_access {
	BOOT_CHANGE, /* alone: while another process has it, that is an error */
	BOOT_WAIT,   /* alone, when the other one is done */
	BOOT_LOOK,   /* changes nothing, beside anybody */
};

/* Looks at the machine, as root; nothing may be changed (BOOT_CHANGE) while other disks hold the same system. Mounts the EFI
 * system partition where no other process sees it, until the process ends; so it can be called once. */
void boot_open(struct boot *ret_boot, enum boot_access access);

/* Looks once more at what may have changed: states, files, failures. */
void boot_reload(struct boot *boot);

/* Only one process at a time may change anything: takes the lock (boot_open() did for BOOT_CHANGE and BOOT_WAIT), or
 * gives it back. What was seen before may have changed: boot_reload(). */
void boot_lock(enum boot_access access);
void boot_unlock(void);

/* Takes away all by which the slot could be started, durably: before its content is touched. */
void boot_clear(struct boot *boot, struct slot *slot);

/* Reads GRUB's environment block, which may be short or none at all: the rest is zeros. False when there is no such file (no
 * BIOS starts this disk). */
bool boot_grubenv(const struct boot *boot, char block[GRUBENV_BYTES]);

/* The parts of boot_open() and boot_reload() that are a container's, and a machine's. */
void slots_open(struct boot *boot);
void boot_esp_reload(struct boot *boot);

/* What a slot's folder says of its image and its failure. */
void boot_read_files(const struct boot *boot, struct slot *slot);

/* A text that is another one after every start: of the machine (the kernel's boot id), of its user space alone ("ID+1"), of a
 * container ("ID-TICKS": the kernel is the host's). */
void boot_start_id(const struct boot *boot, char *out, size_t size);

/* The folder of the slot's files, ESP/aether/SLOT, which exists. */
void boot_folder(const struct boot *boot, const struct slot *slot, char *out, size_t size);

/* Gives a slot up for what is to be taken into it: it cannot be started from here on, until boot_taken(). One that an
 * interrupted run has given up already is left as it is, with what is in it. */
void boot_take(struct boot *boot, struct slot *slot);

/* What was taken is whole, durable and checked: writes down what it is, and puts it on trial. */
void boot_taken(struct boot *boot, struct slot *slot, const uint8_t root_hash[ROOT_HASH_BYTES], unsigned generation);

/* Writes down what is in the slot. */
void boot_note_image(const struct boot *boot, const struct slot *slot, const char *root_hash, const char *generation);

/* Makes the slot the one that starts next, SLOT_TRIES times at most: all its files are in boot_folder(), and the
 * unified kernel image there is called `uki`. The last thing that is written, after all else is durable. */
void boot_try(struct boot *boot, struct slot *slot);

/* The slot that has failed last; NULL when none has. */
const struct slot *boot_latest_failure(const struct boot *boot);

/* The slot, which is on trial, is started by other means than a loader: counts a try, as a loader does before it starts one. */
void boot_count(struct boot *boot, struct slot *slot);

/* The slot proved itself: it starts from now on. */
void boot_bless(struct boot *boot, struct slot *slot);

/* The slot did not: the other one starts from now on. Why is kept beside its files, and on the state partition if there
 * is room. */
void boot_condemn(struct boot *boot, struct slot *slot, const char *reason);

#endif
