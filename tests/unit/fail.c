#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "fail.h"

enum { CALLS_MAX = 3000, EXIT_DEMAND = 6, EXIT_BAD = 7, EXIT_DONE = 8 };

/* What happens to a call. The last two are no failures: a signal came, or less was moved than was asked for. */
enum fail_way { FAILS, IS_INTERRUPTED, IS_SHORT, WAYS };
static const char *const way_names[] = {"fails", "is interrupted", "does a part"};

/* The call that it happens to: the one that brings `countdown` to 0. What it was is in shared memory, for the parent. */
static struct fail_state {
	enum fail_way way;
	unsigned countdown;
	int error;
	const char *call;
} *state;

static __thread bool armed; /* the harness's own calls do not count, nor do those of other threads */

static __thread bool in_part;

static bool moves_bytes(const char *call)
{
	static const char *const calls[] = {"read", "pread64", "write", "pwrite64"};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(call, calls[i]) == 0)
			return true;
	return false;
}

static bool fail_now(const char *call, int error)
{
	if (!armed || state->countdown == 0 || (state->way != FAILS && !moves_bytes(call)) || --state->countdown > 0)
		return false;
	state->call = call;
	in_part = state->way == IS_SHORT;
	if (in_part)
		return false;
	errno = state->error = state->way == FAILS ? error : EINTR;
	return true;
}

static size_t part_of(size_t size)
{
	size_t part = in_part ? (size + 1) / 2 : size;

	in_part = false;
	return part;
}

#define CALL(result, name, error, failure, parameters, arguments)                                                      \
	result __real_##name parameters;                                                                              \
	result __wrap_##name parameters;                                                                              \
	result __wrap_##name parameters                                                                               \
	{                                                                                                             \
		return fail_now(#name, error) ? failure : __real_##name arguments;                                    \
	}
#define SYNC(name)                                                                                                     \
	int __wrap_##name(int fd);                                                                                    \
	int __wrap_##name(int fd) { return (void)fd, fail_now(#name, EIO) ? -1 : 0; }
#include "calls.h"
#undef CALL
#undef SYNC

static unsigned count_descriptors(void)
{
	unsigned n = 0;
	DIR *folder = opendir("/proc/self/fd");

	while (folder && readdir(folder))
		n++;
	if (folder)
		closedir(folder);
	return n;
}

static bool tells(const struct err *err, const char *reason)
{
	for (const struct err_item *item = err->first; item; item = item->next)
		if (strstr(item->text, reason))
			return true;
	return false;
}

static _Noreturn void bad(const struct fail_body *body, unsigned n, const char *what, int r, const struct err *err)
{
	fprintf(stderr, "%s, call %u (%s %s: %s): %s; it returned %d\n", body->name, n, state->call ? state->call : "none",
		way_names[state->way], strerror(state->error), what, r);
	err_print(err, stderr);
	fflush(stderr);
	_exit(EXIT_BAD);
}

/* What is left when the body came to its end, or to its process's; then it is run once more, with nothing in its way. */
static _Noreturn void fail_look(const struct fail_body *body, unsigned n, int r)
{
	struct err err = {0};

	if (body->check)
		body->check(r);
	if (r < 0 && (r = body->run(&err)) < 0)
		bad(body, n, "it does not work afterwards", r, &err);
	if (body->check)
		body->check(r);
	err_free(&err);
	_exit(state->call ? EXIT_SUCCESS : EXIT_DONE);
}

/* After a process that ended. */
static _Noreturn void fail_ended(const struct fail_body *body, enum fail_way way, unsigned n)
{
	(void)way;
	fail_look(body, n, -ECANCELED);
}

/* In a process of its own: the body with that happening to its `n`th call. */
static _Noreturn void fail_one(const struct fail_body *body, enum fail_way way, unsigned n)
{
	unsigned before = count_descriptors();
	struct err err = {0};
	int r;

	*state = (struct fail_state){.way = way, .countdown = n};
	armed = true;
	r = body->run(&err);
	armed = false;
	if ((r < 0) != (err.count > 0))
		bad(body, n, r < 0 ? "it failed without a word" : "it has an error and no failure", r, &err);
	if (r < 0 && r == -state->error && !tells(&err, strerror(state->error)) &&
	    !(r == -ENOMEM && tells(&err, "out of memory")))
		bad(body, n, "the words have another reason than the number", r, &err);
	if (r < 0 && !state->call)
		bad(body, n, "it failed by itself", r, &err);
	if (r < 0 && way != FAILS)
		bad(body, n, "it does not go on", r, &err);
	if (count_descriptors() != before)
		bad(body, n, "descriptors are left open", r, &err);
	err_free(&err);
	fail_look(body, n, r);
}

/* Runs `step` in a process of its own; returns its exit status. */
static int fail_apart(const struct fail_body *body, enum fail_way way, unsigned n,
		      void (*step)(const struct fail_body *body, enum fail_way way, unsigned n))
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = child_start();
	if (child == 0)
		step(body, way, n);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "%s, call %u (%s): ended by signal %d", body->name, n,
		      state->call ? state->call : "none", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* Does it to each call in its turn; how many there were. */
static unsigned fail_all(const struct fail_body *body, enum fail_way way)
{
	unsigned n = 0;
	int status;

	do {
		ck_assert_uint_lt(++n, CALLS_MAX);
		if (body->prepare)
			body->prepare();
		status = fail_apart(body, way, n, fail_one);
		if (status == EXIT_FAILURE && state->way == FAILS && body->ends)
			status = fail_apart(body, way, n, fail_ended);
		ck_assert_msg(status == EXIT_SUCCESS || status == EXIT_DONE ||
				      (status == EXIT_FAILURE && state->error == ENOMEM),
			      "%s, call %u (%s %s): exit status %d", body->name, n, state->call ? state->call : "none",
			      way_names[way], status);
	} while (status != EXIT_DONE);
	return n - 1;
}

void fail_demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	_exit(EXIT_DEMAND);
}

void fail_each(const struct fail_body *body)
{
	unsigned n;

	if (!state) {
		state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		ck_assert(state != MAP_FAILED);
	}
	n = fail_all(body, FAILS);
	ck_assert_msg(n >= body->min_calls, "%s: only %u calls were seen", body->name, n);
	for (enum fail_way way = FAILS + 1; way < WAYS; way++)
		n += fail_all(body, way);
	printf("%s: %u calls failed, were interrupted or did a part, one by one\n", body->name, n);
}
