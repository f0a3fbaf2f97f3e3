/* The parent's side of the appliance: starts the child, hears it, and ends it when it takes too long. */
#include "edge/appliance.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "edge/appliance_host.h"
#include "edge/appliance_sockets.h"
#include "edge/appliance_wire.h"
#include "host/accel.h"
#include "host/signals.h"
#include "host/userns.h"

/* The first start on a host makes the appliance, which takes half a minute more. */
enum { LAUNCH_SECONDS = 300, TRIAL_SECONDS = 90, WORK_SECONDS = 3600, LOG_BYTES = 1 << 20, LOG_SHOWN = 2048 };

/* A child that is being listened to. */
struct watch {
	const struct appliance_options *options;
	struct buf came, log;
	size_t told;                 /* bytes of the log that were shown already */
	int64_t deadline_ms;
	bool launched, ended;
	int result;
};

static void appliance_watch_tell(struct watch *watch)
{
	char *from = watch->log.data + watch->told, *end = watch->log.size ? strrchr(from, '\n') : NULL;

	if (!log_is_verbose() || !end)
		return;
	*end = 0;
	log_output(from);
	*end = '\n';
	watch->told = (size_t)(end + 1 - watch->log.data);
}

static void appliance_watch_said(struct watch *watch, const struct buf *part)
{
	for (size_t i = 0; i < part->size; i++)
		if (part->data[i] && part->data[i] != '\r')
			buf_add(&watch->log, part->data + i, 1);
	appliance_watch_tell(watch);
	if (watch->log.size > LOG_BYTES) { /* what counts is its end */
		memmove(watch->log.data, watch->log.data + watch->log.size - LOG_BYTES / 2, LOG_BYTES / 2 + 1);
		watch->log.size = LOG_BYTES / 2;
		watch->told = 0;
	}
}

static void appliance_watch_take(struct watch *watch, enum wire_kind kind, const struct buf *part, struct err *problems)
{
	uint64_t numbers[2];
	int32_t result;

	if (kind == WIRE_SAID) {
		appliance_watch_said(watch, part);
	} else if (kind == WIRE_PROGRESS && part->size == sizeof numbers) {
		memcpy(numbers, part->data, sizeof numbers);
		if (numbers[1])
			log_progress(numbers[0] * 100 / numbers[1], 100, "%");
	} else if (kind == WIRE_LAUNCHED) {
		watch->launched = true;
		watch->deadline_ms =
			clock_ms() + 1000LL * (watch->options->work_seconds ? watch->options->work_seconds : WORK_SECONDS);
	} else if (kind == WIRE_PROBLEM) {
		appliance_wire_problem(part, -EIO, problems);
	} else if (kind == WIRE_ENDED && part->size == sizeof result) {
		memcpy(&result, part->data, sizeof result);
		watch->ended = true;
		watch->result = result > 0 ? -EBADMSG : result;
	}
}

/* Takes what is there. 0 when there may be more, 1 at the end, or negative errno. */
static int appliance_watch_read(struct watch *watch, int wire, struct err *problems)
{
	char chunk[16384];
	ssize_t n = read(wire, chunk, sizeof chunk);
	int r;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return 1;
	buf_add(&watch->came, chunk, (size_t)n);
	do {
		_cleanup_buf_ struct buf part = {0};
		enum wire_kind kind = WIRE_KINDS;

		r = appliance_wire_take(&watch->came, &kind, &part);
		if (r == 1)
			appliance_watch_take(watch, kind, &part, problems);
	} while (r == 1);
	return r < 0 ? r : watch->ended;
}

/* Listens to the end: 0, -ETIME, -EINTR when we are told to stop, or what reading failed with. */
static int appliance_watch_listen(struct watch *watch, int wire, struct err *problems)
{
	int r = 0;

	while (r == 0) {
		r = signals_wait(wire, POLLIN, watch->deadline_ms);
		if (r == 0)
			return -ETIME;
		if (r == 1)
			r = appliance_watch_read(watch, wire, problems);
	}
	return r < 0 ? r : 0;
}

/* The last lines of the log. */
static void appliance_watch_show_log(struct watch *watch, struct err *err)
{
	const char *from = watch->log.data;

	if (!watch->log.size || log_is_verbose())
		return;
	while (watch->log.size && watch->log.data[watch->log.size - 1] == '\n')
		watch->log.data[--watch->log.size] = 0;
	if (watch->log.size > LOG_SHOWN) {
		from = strchr(watch->log.data + watch->log.size - LOG_SHOWN, '\n');
		from = from ? from + 1 : watch->log.data + watch->log.size - LOG_SHOWN;
	}
	err_wrap(err, "the end of the appliance's log:\n| %s", from);
}

static int appliance_watch_judge(struct watch *watch, int r, int status, struct err *problems, struct err *err)
{
	const char *when = watch->launched ? "at its work" : "while it started";

	if (r == 0 && watch->ended && watch->result == 0)
		return 0;
	if (r == 0 && watch->ended && problems->first) {
		err_take(err, problems);
		r = watch->result;
	} else if (r == -ETIME) {
		err_set(err, r, "libguestfs's appliance took too long %s and was ended", when);
		err_hint(err, "--verbose shows all that it says");
	} else if (r == -EINTR) {
		return err_set(err, r, "stopped");
	} else if (r == 0 && WIFSIGNALED(status)) {
		r = err_set(err, -ECHILD, "libguestfs's appliance ended by signal %d %s", WTERMSIG(status), when);
	} else {
		r = err_set(err, r < 0 ? r : -EIO, "libguestfs's appliance ended %s without a word", when);
	}
	if (!watch->launched)
		appliance_watch_show_log(watch, err);
	return r;
}

/* --- the child ------------------------------------------------------------------------------------------------------- */

static _Noreturn void appliance_watch_child(const struct appliance_start *start, pid_t parent)
{
	struct err err = {0};
	sigset_t none;
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), r;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before we asked */
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (nothing >= 0)
		dup2(nothing, STDIN_FILENO);
	r = start->child(start, &err);
	appliance_wire_end(start->wire, r, &err);
	_exit(0);
}

/* Waits for the child; one that has not ended by itself is ended, with its QEMU and what both would leave. Its status. */
static int appliance_watch_end(pid_t pid, bool by_force)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *sockets = by_force ? appliance_sockets_of(arena, pid) : NULL;
	struct err ignored = {0};
	int status = 0;

	if (by_force)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (sockets)
		path_remove(sockets, &ignored);
	err_free(&ignored);
	return status;
}

/* Runs the child to its end. `watch` tells how far it came. */
static int appliance_watch_run(struct appliance_start *start, struct watch *watch, struct err *err)
{
	struct err problems = {0};
	pid_t parent = getpid(), pid;
	int wire[2], status, r;

	if (pipe2(wire, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	start->wire = wire[1];
	pid = fork();
	if (pid == 0)
		appliance_watch_child(start, parent);
	close(wire[1]);
	if (pid < 0) {
		close(wire[0]);
		return err_sys(err, -errno, "cannot start a process for libguestfs");
	}
	setpgid(pid, pid); /* whoever of us is first */
	r = appliance_watch_listen(watch, wire[0], &problems);
	status = appliance_watch_end(pid, r < 0 || !watch->ended);
	close(wire[0]);
	r = appliance_watch_judge(watch, r, status, &problems, err);
	err_free(&problems);
	return r;
}

/* --- tries ----------------------------------------------------------------------------------------------------------- */

int appliance_try(struct appliance_start *start, unsigned seconds, bool *ret_launched, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct watch watch = {.options = start->options, .deadline_ms = clock_ms() + 1000LL * seconds};
	char *folder = arena_printf(arena, "%s/appliance-XXXXXX", start->options->work);
	struct err ignored = {0};
	int r;

	*ret_launched = false;
	if (!mkdtemp(folder))
		return err_sys(err, -errno, "cannot make the folder '%s'", folder);
	start->folder = folder;
	r = appliance_watch_run(start, &watch, err);
	path_remove(folder, &ignored);
	err_free(&ignored);
	buf_free(&watch.came);
	buf_free(&watch.log);
	*ret_launched = watch.launched;
	return r;
}

/* 1: it is to be tried without KVM. */
static int appliance_watch_trial(struct appliance_start *start, unsigned seconds, struct err *err)
{
	const char *cache = start->options->cache;
	struct accel_choice choice = accel_known(cache);
	struct err failure = {0};
	bool launched = false;
	int r;

	if (choice.accel == ACCEL_TCG)
		return 1;
	if (choice.on_trial && seconds > TRIAL_SECONDS)
		seconds = TRIAL_SECONDS;
	r = appliance_try(start, seconds, &launched, &failure);
	if (launched && choice.on_trial)
		accel_remember(cache, true);
	if (launched || r == 0 || r == -EINTR) {
		err_take(err, &failure);
		return r;
	}
	err_free(&failure);
	return 1;
}

int appliance_try_both(struct appliance_start *start, unsigned seconds, struct err *err)
{
	bool launched = false;
	int r = appliance_watch_trial(start, seconds, err);

	if (r <= 0)
		return r;
	start->emulated = true;
	r = appliance_try(start, seconds, &launched, err);
	if (launched && accel_known(start->options->cache).accel == ACCEL_KVM) {
		/* It is by KVM then that the first try failed. */
		log_note("KVM does not work on this host: libguestfs's appliance is emulated, which is slow");
		accel_remember(start->options->cache, false);
	}
	return r;
}

static struct appliance_start appliance_watch_start(struct arena *arena, const struct appliance_options *options)
{
	return (struct appliance_start){
		.options = options, .verbose = log_is_verbose(), .library = "libguestfs.so.0",
		.kept = arena_printf(arena, "%s/appliance", options->cache),
	};
}

int appliance_prepare(const char *cache, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct appliance_options options = {.cache = cache, .work = arena_printf(arena, "%s/appliance", cache)};
	struct appliance_start start = appliance_watch_start(arena, &options);
	const struct appliance_host host = appliance_host_here();
	bool launched;
	int r = appliance_host_check(&host, err);

	start.child = appliance_prepare_child;
	if (r == 0)
		r = folder_make(start.kept, 0755, err);
	return r == 0 ? appliance_try(&start, LAUNCH_SECONDS, &launched, err) : r;
}

int appliance_run(const struct appliance_options *options,
		  int (*work)(struct appliance *appliance, void *data, struct err *err), void *data, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct appliance_start start = appliance_watch_start(arena, options);
	int r = userns_is_entered() ? 0 : appliance_prepare(options->cache, err);

	start.child = appliance_child;
	start.work = work;
	start.data = data;
	if (r == 0)
		r = appliance_try_both(&start, options->launch_seconds ? options->launch_seconds : LAUNCH_SECONDS, err);
	return r;
}
