#include "machine/disks/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/lines.h"
#include "machine/say.h"

enum { SECONDS_MAX = 600, SAID_BYTES = 500, STATUS_NOT_THERE = 127 };

static bool programs_udev;

/* Which package has a program, for a message. */
static const struct { const char *path, *package; } packages[] = {
	{"cryptsetup", "cryptsetup-bin"}, {"systemd-cryptenroll", "systemd-cryptsetup"}, {"lvm", "lvm2"}, {"mdadm", "mdadm"},
	{"sfdisk", "fdisk"}, {"mkfs.ext4", "e2fsprogs"}, {"e2fsck", "e2fsprogs"}, {"mkfs.xfs", "xfsprogs"},
	{"mkfs.btrfs", "btrfs-progs"}, {"btrfs", "btrfs-progs"}, {"mkfs.vfat", "dosfstools"}, {"mkfs.f2fs", "f2fs-tools"},
	{"blkid", "util-linux"}, {"mkswap", "util-linux"}, {"udevadm", "udev"},
};

void programs_set_udev(bool running)
{
	programs_udev = running;
}

/* --- the words ------------------------------------------------------------------------------------------------------- */

void program_begin(struct program *program, const char *path)
{
	memset(program, 0, sizeof *program);
	program_add(program, path);
}

void program_add(struct program *program, const char *word)
{
	if (program->n == PROGRAM_WORDS)
		program->overflow = true;
	else
		program->argv[program->n++] = word;
}

void program_add_all(struct program *program, const char *const *words)
{
	for (; *words; words++)
		program_add(program, *words);
}

void program_addf(struct program *program, const char *format, ...)
{
	size_t left = sizeof program->room - program->used;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(program->room + program->used, left, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= left) {
		program->overflow = true;
		return;
	}
	program_add(program, program->room + program->used);
	program->used += (size_t)n + 1;
}

void program_add_values(struct program *program, const struct node *node, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < node->n_words; i++)
		if (strncmp(node->words[i], key, length) == 0 && node->words[i][length] == '=')
			program_add(program, node->words[i] + length + 1);
}

/* --- running --------------------------------------------------------------------------------------------------------- */

struct programs_pipes {
	int in, out[2], said[2];       /* what it reads; what it answers; what it complains of */
};

/* Without udev, libdevmapper, lvm and mdadm neither wait for it nor leave nodes to it. */
static _Noreturn void programs_become(const struct program *program, const struct programs_pipes *pipes)
{
	static char *const bare[] = {
		"PATH=/usr/sbin:/usr/bin", "LC_ALL=C", "DM_DISABLE_UDEV=1", "MDADM_NO_UDEV=1", "LVM_SUPPRESS_FD_WARNINGS=1",
		NULL,
	};
	static char *const usual[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C", "LVM_SUPPRESS_FD_WARNINGS=1", NULL};

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(pipes->in, STDIN_FILENO);
	dup2(pipes->out[1], STDOUT_FILENO);
	dup2(pipes->said[1], STDERR_FILENO);
	execve(program->argv[0], (char *const *)program->argv, programs_udev ? usual : bare);
	_exit(STATUS_NOT_THERE);
}

/* Keeps the begin of what comes; false at the end. */
static bool programs_take(int fd, char *out, size_t size, size_t *used)
{
	char chunk[1024];
	ssize_t n = read(fd, chunk, sizeof chunk);

	for (ssize_t i = 0; i < n; i++)
		if (out && *used + 1 < size)
			out[(*used)++] = chunk[i];
	if (out && size)
		out[*used] = 0;
	explicit_bzero(chunk, sizeof chunk); /* it may be a key */
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Reads both to their ends; false when that takes too long. */
static bool programs_listen(struct program *program, const struct programs_pipes *pipes, char *said)
{
	int64_t until = uptime_ms() + SECONDS_MAX * 1000LL;
	size_t answered = 0, complained = 0;
	struct pollfd fds[] = {{.fd = pipes->out[0], .events = POLLIN}, {.fd = pipes->said[0], .events = POLLIN}};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (uptime_ms() > until)
			return false;
		if (poll(fds, 2, 1000) <= 0)
			continue;
		if (fds[0].revents && !programs_take(fds[0].fd, program->output, program->output_size, &answered))
			fds[0].fd = -1;
		if (fds[1].revents && !programs_take(fds[1].fd, said, SAID_BYTES, &complained))
			fds[1].fd = -1;
	}
	return true;
}

/* The other end of a pipe that has all of it already. */
static int programs_open_input(const struct program *program)
{
	int fds[2], r;

	if (!program->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (program->input_size > PROGRAM_INPUT_MAX || pipe2(fds, O_CLOEXEC) < 0)
		return -E2BIG;
	r = write(fds[1], program->input, program->input_size) == (ssize_t)program->input_size ? fds[0] : -EIO;
	close(fds[1]);
	if (r < 0)
		close(fds[0]);
	return r;
}

static int programs_start(struct program *program, struct programs_pipes *pipes, char *said)
{
	int status = 0, r = 0;
	pid_t child = fork();

	if (child == 0)
		programs_become(program, pipes);
	close(pipes->out[1]);
	close(pipes->said[1]);
	pipes->out[1] = pipes->said[1] = -1;
	if (child < 0)
		return -EAGAIN;
	setpgid(child, child);
	if (!programs_listen(program, pipes, said)) {
		kill(-child, SIGKILL);
		r = -ETIME;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return r < 0 ? r : WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

static void programs_tell(const struct program *program, int result, char *said)
{
	const char *name = strrchr(program->argv[0], '/') + 1;

	for (size_t i = 0; result == -ENOENT && i < sizeof packages / sizeof *packages; i++)
		if (strcmp(packages[i].path, name) == 0)
			say("the image has no %s: add the package '%s' to the recipe", program->argv[0], packages[i].package);
	if (result == -ETIME)
		say("%s took more than %d s, and was ended", program->argv[0], SECONDS_MAX);
	lines_flatten(said);
	if (result != 0 && !program->quiet && *said)
		say("%s: %s", name, said);
}

static void programs_close(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int program_run(struct program *program)
{
	struct programs_pipes pipes = {.in = programs_open_input(program), .out = {-1, -1}, .said = {-1, -1}};
	char said[SAID_BYTES] = "";
	int r = pipes.in < 0 ? pipes.in : program->overflow ? -E2BIG : 0;

	if (program->output && program->output_size)
		*program->output = 0;
	if (r == 0 && (pipe2(pipes.out, O_CLOEXEC) < 0 || pipe2(pipes.said, O_CLOEXEC) < 0))
		r = -errno;
	if (r == 0)
		r = access(program->argv[0], X_OK) < 0 ? -ENOENT : programs_start(program, &pipes, said);
	programs_tell(program, r, said);
	programs_close(&pipes.in, 1);
	programs_close(pipes.out, 2);
	programs_close(pipes.said, 2);
	return r;
}

int program_do(struct program *program)
{
	int r = program_run(program);

	return r > 0 ? -EIO : r;
}
