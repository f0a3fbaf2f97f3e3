/* Running other programs: an argument vector, never a shell; an explicit environment; a deadline; no inherited
 * descriptors; the tail of what it said on stderr goes into the error. */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/buf.h"
#include "base/err.h"

struct proc {
	const char *const *argv;     /* argv[0] is looked up in PATH of the host (unless it has a slash), NULL-terminated */
	const char *const *env;      /* NAME=value, NULL-terminated; NULL means just PATH, LC_ALL=C.UTF-8, TZ=UTC */
	const char *cwd;             /* NULL: unchanged */
	const void *input;           /* fed to stdin; NULL: /dev/null */
	size_t input_size;
	struct buf *output;          /* stdout is appended here; NULL: stdout is discarded into the error tail */
	struct buf *diagnostics;     /* stderr is appended here as well (its last 4 MiB at least); may be NULL */
	void (*heard)(void *data, const char *bytes, size_t n); /* told all output as it comes; may be NULL */
	void *heard_data;
	unsigned deadline_s;         /* 0: an hour */
	int (*prepare)(void *data);  /* runs in the child before exec (only async-signal-safe work); negative errno fails */
	void *prepare_data;
};

/* Runs `proc` to its end. Returns its exit status (0…255), or a negative errno with `err` filled: -ENOENT when the program
 * does not exist, -ETIME past the deadline (it is killed), -ECHILD when a signal ended it. A status other than 0 fills nothing;
 * proc_check() does. */
int proc_run(const struct proc *proc, struct err *err);

/* proc_run(), but a status other than 0 is an error (-EIO) that shows the end of its output. */
int proc_check(const struct proc *proc, struct err *err);

#endif
