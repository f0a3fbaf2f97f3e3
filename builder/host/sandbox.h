/* The sandbox: a program runs inside a tree, in pid, mount, network, uts and ipc namespaces of its own. It sees that
 * tree and nothing of the host, has no network and no terminal, and nothing it starts outlives it. It is root with what
 * root needs to install packages, and no more: it makes no devices and mounts nothing. The mounts are data, a list of
 * operations that one function performs. */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "host/proc.h"

enum sandbox_op_type {
	SANDBOX_BIND,      /* source (host) on target, read-write */
	SANDBOX_BIND_RO,   /* source (host) on target, read-only */
	SANDBOX_TMPFS,     /* an empty tmpfs on target; options are tmpfs(5)'s */
	SANDBOX_OVERLAY,   /* overlayfs on target; options name its folders (of the host) */
	SANDBOX_PROC,      /* a fresh /proc on target; the kernel's settings in it are read-only */
	SANDBOX_DEV,       /* a minimal /dev on target: null zero full random urandom tty, fd links, shm, pts */
};

/* Targets are inside the tree, and are resolved there: a symbolic link in the tree cannot lead out of it. The last part of
 * a bind's target is made when it is missing. */
struct sandbox_op {
	enum sandbox_op_type type;
	const char *source, *target, *options;
};

/* The name of a machine that has none yet. No other text has it in it, so where it was written can be found. */
#define SANDBOX_HOSTNAME "aether-unnamed"

struct sandbox {
	const char *root;              /* host folder that becomes / */
	bool read_only;                /* the tree itself cannot be written (its binds can) */
	const struct sandbox_op *ops;  /* performed in order, after /proc, /dev, /sys (empty), /tmp and /run were made */
	size_t n_ops;
	const char *cwd;               /* inside; NULL: / */
	const char *hostname;          /* what the machine is called inside; NULL: SANDBOX_HOSTNAME */
	unsigned first_pid;            /* processes inside get numbers from here on, where the kernel lets us; 0: from 1 */
	bool network_admin;            /* may change the network, which is an empty one of its own */
	bool keep_syncs;               /* let fsync and friends through; by default they succeed without doing anything */
};

/* Runs `proc` inside; `proc->cwd`, `prepare` and `prepare_data` must be unset, and argv[0] is looked for in the tree. Same
 * results as proc_run() and proc_check(). */
int sandbox_run(const struct sandbox *sandbox, const struct proc *proc, struct err *err);
int sandbox_check(const struct sandbox *sandbox, const struct proc *proc, struct err *err);

/* Restricts the mount that `fd` is open on, and all mounts in it: its device nodes are no devices, and it cannot be
 * written when `read_only` is set. Only adds to what a user namespace may have locked. 0 or negative errno. */
int mount_restrict(int fd, bool read_only);

/* Unmounts what is at `path`. A child that another thread has just forked may have it open for an instant: that is waited for.
 * 0 or negative errno. */
int mount_end(const char *path);

#endif
