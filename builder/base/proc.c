#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TAIL_BYTES = 4096, DIAGNOSTICS_BYTES = 1 << 22 };

static const char *const default_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL,
};

/* The three ends of a running child that the parent serves, and a descriptor that tells when it ended. */
struct streams {
	int in, out, diag, alive;
	size_t fed;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Makes the descriptors the child's 0, 1, 2, whatever numbers they have now: a parent without standard streams has pipes there.
 * Returns where `report` is. */
static int take_streams(const int fds[3], int report)
{
	int high[4];

	for (int i = 0; i < 4; i++) {
		high[i] = fcntl(i < 3 ? fds[i] : report, F_DUPFD_CLOEXEC, 3);
		if (high[i] < 0)
			_exit(126);
	}
	for (int i = 0; i < 3; i++)
		dup2(high[i], i);
	return high[3];
}

static _Noreturn void child(const struct proc *proc, const int fds[3], int report, pid_t parent)
{
	sigset_t none;
	int r = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before we asked */
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	report = take_streams(fds, report);
	/* Also what we were handed down ourselves; on exec, because the report of its failure must get out. */
	syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
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
static void drain(const struct proc *proc, int *fd, struct buf *into, struct buf *also)
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
		close_end(fd);
	}
}

static void feed(const struct proc *proc, struct streams *s)
{
	ssize_t n = write(s->in, (const char *)proc->input + s->fed, proc->input_size - s->fed);

	if (n > 0)
		s->fed += (size_t)n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || s->fed == proc->input_size)
		close_end(&s->in);
}

/* Forgets all but the last `keep` bytes, from a line's start, now and then: a program that never stops talking must not
 * fill our memory. */
static void keep_end(struct buf *buf, size_t keep)
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
static int serve(const struct proc *proc, struct streams *s, struct buf *tail)
{
	int64_t deadline = now_ms() + 1000LL * (proc->deadline_s ? proc->deadline_s : 3600);

	while (s->out >= 0 || s->diag >= 0 || s->alive >= 0) {
		struct pollfd fds[] = {{s->out, POLLIN, 0}, {s->diag, POLLIN, 0}, {s->in, POLLOUT, 0}, {s->alive, POLLIN, 0}};
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return -ETIME;
		if (poll(fds, 4, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			drain(proc, &s->out, proc->output ? proc->output : tail, proc->output ? NULL : proc->diagnostics);
		if (fds[1].revents)
			drain(proc, &s->diag, tail, proc->diagnostics);
		if (fds[2].revents)
			feed(proc, s);
		if (fds[3].revents)
			close_end(&s->alive);
		keep_end(tail, TAIL_BYTES);
		if (proc->diagnostics)
			keep_end(proc->diagnostics, DIAGNOSTICS_BYTES);
	}
	return 0;
}

static int spawn(const struct proc *proc, struct streams *s, pid_t *ret_pid, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, diag[2] = {-1, -1}, report[2] = {-1, -1}, alive = -1, r = 0;
	pid_t parent = getpid(), pid = -1;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(diag, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		r = -errno;
	else if (proc->input)
		r = pipe2(in, O_CLOEXEC) < 0 ? -errno : 0;
	else
		r = (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0 ? -errno : 0;
	if (r == 0) {
		pid = fork();
		if (pid == 0)
			child(proc, (const int[]){in[0], out[1], diag[1]}, report[1], parent);
		r = pid < 0 ? -errno : 0;
	}
	if (r == 0)
		alive = (int)syscall(SYS_pidfd_open, pid, 0); /* always close-on-exec */
	close_end(&in[0]);
	close_end(&out[1]);
	close_end(&diag[1]);
	close_end(&report[1]);
	*s = (struct streams){.in = in[1], .out = out[0], .diag = diag[0], .alive = alive};
	if (r == 0) {
		int failed = 0;
		ssize_t n;

		while ((n = read(report[0], &failed, sizeof failed)) < 0 && errno == EINTR)
			;
		if (n == (ssize_t)sizeof failed) {
			r = failed;
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
	}
	close_end(&report[0]);
	if (s->in >= 0)
		fcntl(s->in, F_SETFL, O_NONBLOCK);
	*ret_pid = pid;
	return r < 0 ? err_sys(err, r, "cannot run '%s'", proc->argv[0]) : 0;
}

static int run(const struct proc *proc, struct buf *tail, struct err *err)
{
	struct streams s;
	int status = 0, r;
	pid_t pid;

	r = spawn(proc, &s, &pid, err);
	if (r == 0) {
		signal(SIGPIPE, SIG_IGN);
		r = serve(proc, &s, tail);
		if (r < 0) {
			kill(pid, SIGKILL);
			err_set(err, r, r == -ETIME ? "'%s' took too long and was stopped" : "lost track of '%s'",
				proc->argv[0]);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close_end(&s.in);
	close_end(&s.out);
	close_end(&s.diag);
	close_end(&s.alive);
	if (r < 0)
		return r;
	if (WIFSIGNALED(status))
		return err_set(err, -ECHILD, "'%s' was ended by signal %d (%s)", proc->argv[0], WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	return WEXITSTATUS(status);
}

/* The last `TAIL_BYTES` of the text, from a line's start, without trailing newlines. */
static const char *tail_text(struct buf *tail)
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

	return run(proc, &tail, err);
}

int proc_check(const struct proc *proc, struct err *err)
{
	_cleanup_buf_ struct buf tail = {0};
	int status = run(proc, &tail, err);
	const char *said;

	if (status <= 0)
		return status;
	said = tail_text(&tail);
	err_set(err, -EIO, "'%s' failed with exit status %d%s", proc->argv[0], status, *said ? "; it said:" : "");
	return *said ? err_wrap(err, "| %s", said) : -EIO;
}
