/* Fallible calls that fail: the Nth of a function's system calls and allocations, for every N there is. */
#ifndef UNIT_FAIL_H
#define UNIT_FAIL_H

#include <stdbool.h>

#include "base/err.h"

/* What is tried. `prepare` makes the folder scratch() what it was before (NULL: nothing to do); `run` is the function under
 * test and returns what that returned; `check` (may be NULL) looks at what is left, whether it failed (`r` < 0) or not. */
struct fail_body {
	const char *name;
	void (*prepare)(void);
	int (*run)(struct err *err);
	void (*check)(int r);
	unsigned min_calls; /* at least so many failures have to be possible: else the calls are not seen any more */
	bool ends;          /* it may end the process instead, with status 1 and a word; check() is told -ECANCELED then */
};

/* Runs the body, makes its first call fail, then its second, and so on until none is left, each in a process of its own.
 * Each time it comes back with success, or with a negative errno that is told in words (with the reason of the call that
 * failed, when it returns that), has no more descriptors open than before, and works when it is called again. Out of
 * memory may also end the process, with status 1 and a word. Then each of its reads and writes is interrupted by a signal, and
 * does a part of what it should: that must be no failure. The test fails otherwise. Prints to how many calls something
 * happened. */
void fail_each(const struct fail_body *body);

/* For check(): says `what` and ends the process, in a way that no function under test does, unless it holds. */
void fail_demand(bool holds, const char *what);

#endif
