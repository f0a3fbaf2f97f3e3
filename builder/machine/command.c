#include "machine/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/say.h"

/* A group of its own: what it starts ends with it. */
static _Noreturn void machine_command_become(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", 1);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* Reads what it says until it has ended, and keeps the end of it. Returns false when that took too long. */
static bool machine_command_listen_to(int fd, long long until, char *tail, size_t size)
{
	size_t n = 0;

	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		long long left = until - uptime_ms();
		char chunk[512];
		ssize_t got;

		if (left <= 0)
			return false;
		if (poll(&poll_fd, 1, (int)(left > 1000 ? 1000 : left)) <= 0)
			continue;
		got = read(fd, chunk, sizeof chunk);
		if (got == 0 || (got < 0 && errno != EINTR))
			return true;
		for (ssize_t i = 0; i < got; i++) {
			if (n == size - 1)
				memmove(tail, tail + 1, --n);
			tail[n++] = chunk[i];
		}
		tail[n] = 0;
	}
}

static void machine_command_last_line(char *tail, char *said, size_t size)
{
	size_t n = strlen(tail);
	const char *line;

	while (n && strchr("\n\r ", tail[n - 1]))
		tail[--n] = 0;
	line = strrchr(tail, '\n');
	line = line ? line + 1 : tail;
	strncpy(said, line, size - 1);
	said[size - 1] = 0;
}

/* It may have closed its output and go on. */
static int machine_command_await(pid_t child, long long until, int *ret_status)
{
	while (waitpid(child, ret_status, WNOHANG) == 0) {
		if (uptime_ms() >= until)
			return -ETIME;
		usleep(20000);
	}
	return 0;
}

int command_run(const char *const *argv, unsigned seconds, char *said, size_t size)
{
	long long until = uptime_ms() + seconds * 1000LL;
	char tail[1024] = "";
	int fds[2], status = 0, r = 0;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		machine_command_become(argv, fds[1]);
	close(fds[1]);
	if (child > 0) {
		setpgid(child, child); /* whoever is first */
		r = machine_command_listen_to(fds[0], until, tail, sizeof tail)
			    ? machine_command_await(child, until, &status)
			    : -ETIME;
		if (r < 0) {
			kill(-child, SIGKILL);
			waitpid(child, &status, 0);
		}
	}
	close(fds[0]);
	if (said)
		machine_command_last_line(tail, said, size);
	if (child < 0)
		return -EAGAIN;
	return r < 0 ? r : WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}
