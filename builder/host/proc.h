/* Running other programs: an argument vector, never a shell; an explicit environment; a deadline; no inherited
 * descriptors; the tail of what it said on stderr goes into the error. SIGPIPE must be ignored (main does): a program
 * that does not listen is a failed write. */
#ifndef HOST_PROC_H
#define HOST_PROC_H

#include <stdint.h>
#include <sys/types.h>

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
	const int64_t *since_ms;     /* clock_ms() that the deadline counts from; `heard` may move it. NULL: its start */
	void (*late)(void *data, pid_t pid); /* told (with heard_data) past the deadline, before it is killed; or NULL */
	int (*prepare)(void *data);  /* runs in the child before exec (only async-signal-safe work); negative errno fails */
	void *prepare_data;
};

/* Runs `proc` to its end. Returns its exit status (0…255), or a negative errno with `err` filled: -ENOENT when the program
 * does not exist, -ETIME past the deadline (it is killed), -ECHILD when a signal ended it. A status other than 0 fills nothing;
 * proc_check() does. */
int proc_run(const struct proc *proc, struct err *err);

/* proc_run(), but a status other than 0 is an error (-EIO) that shows the end of its output. */
int proc_check(const struct proc *proc, struct err *err);

/* A program that we exchange data with while it runs. */
struct proc_talk;

/* Starts `proc`; of it, `input`, `output` and `deadline_s` say nothing here. `*ret_talk` is ended by proc_finish(). */
int proc_start(const struct proc *proc, struct proc_talk **ret_talk, struct err *err);

/* Reads at most `size` bytes of its stdout, waiting up to `patience_s` seconds for the first of them. Returns how many there
 * were; 0 at the end, -ETIME when it said nothing. What it says on stderr meanwhile is taken in by all of these functions. */
ssize_t proc_read(struct proc_talk *talk, void *out, size_t size, unsigned patience_s);

/* Writes all of `data` to its stdin: 0, -ETIME when it takes nothing for `patience_s` seconds, -EPIPE when it listens
 * no more. It must not wait for us to read meanwhile. */
int proc_write(struct proc_talk *talk, const void *data, size_t size, unsigned patience_s);

/* Closes its stdin: there is no more. Its output may be read on. */
void proc_hang_up(struct proc_talk *talk);

/* Closes its stdin, reads its output to the end, waiting `patience_s` seconds for each part and for its exit; then it
 * is killed. Returns as proc_run(); `*ret_said`, unless NULL, becomes the end of what it said on stderr: the caller
 * frees it. */
int proc_finish(struct proc_talk *talk, unsigned patience_s, struct buf *ret_said, struct err *err);

/* A program that runs beside us; it is ended by proc_kill(), or with us. */
struct proc_side {
	pid_t pid;
	int alive;                   /* a descriptor that becomes readable when it ends */
};

/* Starts `proc`, whose standard streams are `streams`; of it, `input`, `output`, `diagnostics`, `heard` and `deadline_s` say
 * nothing here. */
int proc_launch(const struct proc *proc, const int streams[3], struct proc_side *ret_side, struct err *err);

/* Ends it, if it has not ended, and forgets it. A zeroed one is fine. */
void proc_kill(struct proc_side *side);

#endif
