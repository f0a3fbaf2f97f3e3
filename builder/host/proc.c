#include "host/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { TAIL_BYTES = 4096, DIAGNOSTICS_BYTES = 1 << 22 };

static const char *const default_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL,
};

/* The three ends of a running child that the parent serves, and a descriptor that tells when it ended. */
struct streams {
	int in, out, diag, alive;
	size_t fed;
};

static void proc_close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Makes the descriptors the child's 0, 1, 2, whatever numbers they have now: a parent without standard streams has pipes
 * there. Returns where `report` is. No other is left open, not until exec either: what another thread of ours works on would
 * be busy. */
static int proc_take_streams(const int fds[3], int report)
{
	int high[4];

	for (int i = 0; i < 4; i++) {
		high[i] = fcntl(i < 3 ? fds[i] : report, F_DUPFD_CLOEXEC, 3);
		if (high[i] < 0)
			_exit(126);
	}
	for (int i = 0; i < 3; i++)
		dup2(high[i], i);
	dup3(high[3], 3, O_CLOEXEC);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	return 3;
}

static _Noreturn void proc_child(const struct proc *proc, const int fds[3], int report, pid_t parent)
{
	sigset_t none;
	int r = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before we asked */
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	report = proc_take_streams(fds, report);
	if (proc->cwd && chdir(proc->cwd) < 0)
		r = -errno;
	if (r == 0 && proc->prepare)
		r = proc->prepare(proc->prepare_data);
	if (r == 0) {
		const char *const *env = proc->env ? proc->env : default_env;

		execvpe(proc->argv[0], (char *const *)proc->argv, (char *const *)env);
		r = -errno;
	}
	if (write(report, &r, sizeof r) < 0)
		_exit(126);
	_exit(127);
}

/* Reads what is there; on end of file closes the descriptor. `also` may be NULL. */
static void proc_drain(const struct proc *proc, int *fd, struct buf *into, struct buf *also)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof chunk);

	if (n > 0) {
		buf_add(into, chunk, (size_t)n);
		if (also)
			buf_add(also, chunk, (size_t)n);
		if (proc->heard)
			proc->heard(proc->heard_data, chunk, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		proc_close_end(fd);
	}
}

static void proc_feed(const struct proc *proc, struct streams *s)
{
	ssize_t n = write(s->in, (const char *)proc->input + s->fed, proc->input_size - s->fed);

	if (n > 0)
		s->fed += (size_t)n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || s->fed == proc->input_size)
		proc_close_end(&s->in);
}

/* Forgets all but the last `keep` bytes, from a line's start, now and then: the output of an endless program must not
 * fill our memory. */
static void proc_keep_end(struct buf *buf, size_t keep)
{
	const char *from, *newline;

	if (buf->size <= 8 * keep)
		return;
	from = buf->data + buf->size - keep;
	newline = memchr(from, '\n', keep - 1);
	if (newline)
		from = newline + 1;
	buf->size = (size_t)(buf->data + buf->size - from);
	memmove(buf->data, from, buf->size + 1);
}

/* Moves data until the child has closed stdout and stderr and has ended; -ETIME past the deadline. */
static int proc_serve(const struct proc *proc, struct streams *s, struct buf *tail)
{
	int64_t began = clock_ms(), patience = 1000LL * (proc->deadline_s ? proc->deadline_s : 3600);

	while (s->out >= 0 || s->diag >= 0 || s->alive >= 0) {
		struct pollfd fds[] = {{s->out, POLLIN, 0}, {s->diag, POLLIN, 0}, {s->in, POLLOUT, 0}, {s->alive, POLLIN, 0}};
		int64_t left = (proc->since_ms ? *proc->since_ms : began) + patience - clock_ms();

		if (left <= 0)
			return -ETIME;
		if (poll(fds, 4, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			proc_drain(proc, &s->out, proc->output ? proc->output : tail,
				   proc->output ? NULL : proc->diagnostics);
		if (fds[1].revents)
			proc_drain(proc, &s->diag, tail, proc->diagnostics);
		if (fds[2].revents)
			proc_feed(proc, s);
		if (fds[3].revents)
			proc_close_end(&s->alive);
		proc_keep_end(tail, TAIL_BYTES);
		if (proc->diagnostics)
			proc_keep_end(proc->diagnostics, DIAGNOSTICS_BYTES);
	}
	return 0;
}

/* Waits for a child to the end of it; its status. */
static int proc_wait_for_end(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Starts the child with these descriptors as its 0, 1, 2, and waits until its program runs, or could not be run. *ret_alive
 * tells when it ends. 0 or negative errno. */
static int proc_own_start(const struct proc *proc, const int fds[3], pid_t *ret_pid, int *ret_alive)
{
	int report[2], failed = 0, r = 0;
	pid_t parent = getpid(), pid;
	ssize_t n = 0;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		proc_child(proc, fds, report[1], parent);
	r = pid < 0 ? -errno : 0;
	proc_close_end(&report[1]);
	while (r == 0 && (n = read(report[0], &failed, sizeof failed)) < 0 && errno == EINTR)
		;
	proc_close_end(&report[0]);
	if (r == 0 && n == (ssize_t)sizeof failed) {
		proc_wait_for_end(pid);
		r = failed;
	}
	if (r < 0)
		return r;
	*ret_pid = pid;
	*ret_alive = (int)syscall(SYS_pidfd_open, pid, 0); /* always close-on-exec */
	return 0;
}

static int proc_spawn(const struct proc *proc, bool has_input, struct streams *s, pid_t *ret_pid, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, diag[2] = {-1, -1}, alive = -1, r = 0;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(diag, O_CLOEXEC) < 0)
		r = -errno;
	else if (has_input)
		r = pipe2(in, O_CLOEXEC) < 0 ? -errno : 0;
	else
		r = (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0 ? -errno : 0;
	if (r == 0)
		r = proc_own_start(proc, (const int[]){in[0], out[1], diag[1]}, ret_pid, &alive);
	proc_close_end(&in[0]);
	proc_close_end(&out[1]);
	proc_close_end(&diag[1]);
	*s = (struct streams){.in = in[1], .out = out[0], .diag = diag[0], .alive = alive};
	if (s->in >= 0)
		fcntl(s->in, F_SETFL, O_NONBLOCK);
	return r < 0 ? err_sys(err, r, "cannot run '%s'", proc->argv[0]) : 0;
}

/* Waits for the child, which a failure (`r` below 0, with `err` filled) ends. Returns its exit status or negative errno. */
static int proc_reap(const struct proc *proc, pid_t pid, int r, struct err *err)
{
	int status;

	if (r < 0)
		kill(pid, SIGKILL);
	status = proc_wait_for_end(pid);
	if (r < 0)
		return r;
	if (WIFSIGNALED(status))
		return err_set(err, -ECHILD, "'%s' was killed by signal %d (%s)", proc->argv[0], WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	return WEXITSTATUS(status);
}

static int proc_serve_failed(const struct proc *proc, int r, struct err *err)
{
	return err_set(err, r,
		       r == -ETIME ? "'%s' took too long and was stopped"
				   : "internal error: cannot read the output of '%s'",
		       proc->argv[0]);
}

static void proc_close_streams(struct streams *s)
{
	proc_close_end(&s->in);
	proc_close_end(&s->out);
	proc_close_end(&s->diag);
	proc_close_end(&s->alive);
}

static int proc_own_run(const struct proc *proc, struct buf *tail, struct err *err)
{
	struct streams s;
	pid_t pid;
	int r = proc_spawn(proc, proc->input != NULL, &s, &pid, err);

	if (r == 0) {
		r = proc_serve(proc, &s, tail);
		if (r == -ETIME && proc->late)
			proc->late(proc->heard_data, pid);
		if (r < 0)
			proc_serve_failed(proc, r, err);
		r = proc_reap(proc, pid, r, err);
	}
	proc_close_streams(&s);
	return r;
}

/* The last `TAIL_BYTES` of the text, from a line's start, without trailing newlines. */
static const char *proc_tail_text(struct buf *tail)
{
	char *text;

	buf_reserve(tail, 0);
	while (tail->size && tail->data[tail->size - 1] == '\n')
		tail->data[--tail->size] = 0;
	if (tail->size <= TAIL_BYTES)
		return tail->data;
	text = strchr(tail->data + tail->size - TAIL_BYTES, '\n');
	return text ? text + 1 : tail->data + tail->size - TAIL_BYTES;
}

int proc_run(const struct proc *proc, struct err *err)
{
	_cleanup_buf_ struct buf tail = {0};

	return proc_own_run(proc, &tail, err);
}

int proc_check(const struct proc *proc, struct err *err)
{
	_cleanup_buf_ struct buf tail = {0};
	int status = proc_own_run(proc, &tail, err);
	const char *said;

	if (status <= 0)
		return status;
	said = proc_tail_text(&tail);
	err_set(err, -EIO, "'%s' failed with exit status %d%s", proc->argv[0], status, *said ? "; its output:" : "");
	return *said ? err_wrap(err, "| %s", said) : -EIO;
}

/* --- a program with a dialogue ----------------------------------------------------------------------------------- */

struct proc_talk {
	struct proc proc;
	struct streams streams;
	struct buf tail;
	pid_t pid;
};

int proc_start(const struct proc *proc, struct proc_talk **ret_talk, struct err *err)
{
	struct proc_talk *talk = calloc(1, sizeof *talk);
	int r;

	if (!talk)
		return err_no_memory(err);
	talk->proc = *proc;
	r = proc_spawn(proc, true, &talk->streams, &talk->pid, err);
	if (r < 0) {
		proc_close_streams(&talk->streams);
		free(talk);
		return r;
	}
	*ret_talk = talk;
	return 0;
}

/* Waits until one end (its own stdin or stdout) is ready, and collects its stderr meanwhile. */
static int proc_wait_for(struct proc_talk *talk, int fd, short events, unsigned patience_s)
{
	int64_t deadline = clock_ms() + 1000LL * patience_s;

	for (;;) {
		struct pollfd fds[] = {{fd, events, 0}, {talk->streams.diag, POLLIN, 0}};
		int64_t left = deadline - clock_ms();
		int n = poll(fds, 2, left < 0 ? 0 : left > 60000 ? 60000 : (int)left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		if (n == 0 && left <= 0)
			return -ETIME;
		if (fds[1].revents) {
			proc_drain(&talk->proc, &talk->streams.diag, &talk->tail, talk->proc.diagnostics);
			proc_keep_end(&talk->tail, TAIL_BYTES);
		}
		if (fds[0].revents)
			return 0;
	}
}

ssize_t proc_read(struct proc_talk *talk, void *out, size_t size, unsigned patience_s)
{
	ssize_t n;
	int r;

	do {
		r = talk->streams.out < 0 ? 0 : proc_wait_for(talk, talk->streams.out, POLLIN, patience_s);
		if (r < 0 || talk->streams.out < 0)
			return r;
		n = read(talk->streams.out, out, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n < 0 ? -errno : n;
}

int proc_write(struct proc_talk *talk, const void *data, size_t size, unsigned patience_s)
{
	const char *at = data;

	while (size) {
		int r = talk->streams.in < 0 ? -EPIPE : proc_wait_for(talk, talk->streams.in, POLLOUT, patience_s);
		ssize_t n = r < 0 ? 0 : write(talk->streams.in, at, size);

		if (r < 0)
			return r;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

void proc_hang_up(struct proc_talk *talk)
{
	proc_close_end(&talk->streams.in);
}

int proc_finish(struct proc_talk *talk, unsigned patience_s, struct buf *ret_said, struct err *err)
{
	char scrap[4096];
	ssize_t n;
	int r;

	proc_close_end(&talk->streams.in);
	while ((n = proc_read(talk, scrap, sizeof scrap, patience_s)) > 0)
		;
	proc_close_end(&talk->streams.out);
	r = n < 0 ? (int)n : proc_wait_for(talk, talk->streams.alive, POLLIN, patience_s);
	while (r == 0 && talk->streams.diag >= 0 && proc_wait_for(talk, talk->streams.diag, POLLIN, 0) == 0)
		; /* the rest of its output */
	if (r < 0)
		proc_serve_failed(&talk->proc, r, err);
	r = proc_reap(&talk->proc, talk->pid, r, err);
	if (ret_said) {
		const char *text = proc_tail_text(&talk->tail);

		buf_puts(ret_said, text ? text : "");
	}
	proc_close_streams(&talk->streams);
	buf_free(&talk->tail);
	free(talk);
	return r;
}

/* --- a program in the background --------------------------------------------------------------------------------- */

int proc_launch(const struct proc *proc, const int streams[3], struct proc_side *ret_side, struct err *err)
{
	int r = proc_own_start(proc, streams, &ret_side->pid, &ret_side->alive);

	return r < 0 ? err_sys(err, r, "cannot run '%s'", proc->argv[0]) : 0;
}

void proc_kill(struct proc_side *side)
{
	if (side->pid <= 0)
		return;
	kill(side->pid, SIGKILL);
	proc_wait_for_end(side->pid);
	proc_close_end(&side->alive);
	*side = (struct proc_side){0, -1};
}
