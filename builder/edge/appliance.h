/* libguestfs: a small virtual machine that does with disks what cannot be done without privilege, and reads images that nobody
 * trusts. The library is loaded when it is needed, and not before; it runs in a child process of its own, which is ended when a
 * deadline passes. Hypervisor: KVM when it has been seen to work here, else emulation, with one processor (two corrupt guests
 * under QEMU 7.2). */
#ifndef EDGE_APPLIANCE_H
#define EDGE_APPLIANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct appliance;

struct appliance_drive {
	const char *path;            /* a file of this host */
	const char *format;          /* "raw", "qcow2"; never guessed */
	bool read_only;              /* nothing is written, not even a journal */
};

struct appliance_options {
	const struct appliance_drive *drives; /* at most 26 */
	size_t n_drives;
	const char *cache;           /* the cache's folder: remembers whether KVM works on this boot of the host */
	const char *work;            /* a folder for its own files */
	unsigned launch_seconds, work_seconds; /* deadlines; 0: the usual ones */
};

/* Makes what the appliance starts, from this host's packages, or makes it anew when those have changed; it is kept in the
 * cache's folder. appliance_run() does so by itself, but after userns_enter() it cannot: the files of root are nobody's then,
 * and an appliance of them does not start. Errors as there. */
int appliance_prepare(const char *cache, struct err *err);

/* Launches the appliance and calls `work` in the child process that runs it: what it changes in memory is not seen by the
 * caller, what it writes to files and descriptors is. Its error, or why the appliance could not be launched with the end of its
 * log, comes back in `err`. -ENOENT when the library, QEMU or a kernel is missing: the hint names the package. -ETIME when a
 * deadline has passed. */
int appliance_run(const struct appliance_options *options,
		  int (*work)(struct appliance *appliance, void *data, struct err *err), void *data, struct err *err);

/* --- for `work`, in the child ---------------------------------------------------------------------------------------- */

/* The path that drive number `n` has for programs in the appliance: the kernel finds disks in any order. In `arena`. */
const char *appliance_drive_path(struct arena *arena, size_t n);

/* The names of its disks for the calls of the library, in the order of the drives: "/dev/sda", … (It knows which is which;
 * programs of appliance_do() do not.) */
int appliance_list(struct appliance *appliance, struct arena *arena, struct strv *ret_devices, struct err *err);

/* Runs a program of the appliance's own; -EIO with what it said when it fails. (The library's calls know neither thin volumes
 * nor RAID of LVM, and pass no arguments on: this is the one way to make what stands on a disk.) */
int appliance_do(struct appliance *appliance, const struct strv *argv, struct err *err);

/* The size of a device, bytes. */
int appliance_size(struct appliance *appliance, const char *device, uint64_t *ret_bytes, struct err *err);

/* Writes `size` bytes at `offset` of a device. */
int appliance_write(struct appliance *appliance, const char *device, const void *data, size_t size, uint64_t offset,
		    struct err *err);

#endif
