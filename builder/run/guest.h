/* What runs, seen from a test: something that commands can be given to. A virtual machine and a container are each one.
 * */
#ifndef RUN_GUEST_H
#define RUN_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* What a command said before it ended; in the arena it was asked with. */
struct guest_said {
	int status;                  /* exit status; 128 and the signal's number when a signal ended it */
	bool timed_out;              /* … because its time was over */
	const char *out, *diagnostics; /* of its stdout and stderr, each followed by a NUL; never NULL */
	size_t out_size;
};

struct guest {
	void *data;                  /* handed to: */
	/* Runs `argv` (argv[0] absolute) as root. -ENOENT when there is no such program, -EINTR when we are told to stop,
	 * other errors when the guest cannot be reached; all with `err` filled. */
	int (*run)(void *data, struct arena *arena, const char *const *argv, uint64_t timeout_ms, struct guest_said *ret_said,
		   struct err *err);
	/* The end of what it wrote on its console; "" when that is nothing. */
	const char *(*console)(void *data, struct arena *arena);
};

/* The environment of commands in a guest, NAME=value, NULL-terminated: it depends on nobody's shell. */
extern const char *const guest_env[];

/* `argv` with a program of the guest before it that ends it when its time is over; in `arena`. */
const char *const *guest_limited(struct arena *arena, const char *const *argv, uint64_t timeout_ms);

/* Reads what became of such a command from its exit status. It took `took_ms`. */
void guest_judge(struct guest_said *said, int status, uint64_t took_ms, uint64_t timeout_ms);

/* The end of a file, from a line's start, at most some 4 KiB; "" when there is none. For consoles. */
const char *guest_tail(struct arena *arena, const char *path);

#endif
