#include "machine/root/format_state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/root/media.h"
#include "machine/say.h"

#define ROOM "/run/aether"
#define FILE_NAME "/run/aether/state.img"

enum { CHUNK_BYTES = 1 << 20 };

/* --- programs of the image ------------------------------------------------------------------------------------------- */

static _Noreturn void format_become(const char *at, const char *const *argv, int out)
{
	static char *const env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C", NULL};

	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (chroot(at) < 0 || chdir("/") < 0)
		_exit(127);
	execve(argv[0], (char *const *)argv, env);
	_exit(127);
}

/* Reads it to its end, and keeps the begin. */
static void format_listen(int fd, char *said, size_t size)
{
	char more[400];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, more, sizeof more)) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t i = 0; i < got && n < size - 1; i++)
			said[n++] = more[i];
	said[n] = 0;
	close(fd);
}

int format_run(const char *at, const char *const *argv)
{
	char said[700] = "";
	int fds[2], status = 0;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		format_become(at, argv, fds[1]);
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return -EAGAIN;
	}
	format_listen(fds[0], said, sizeof said);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (status != 0 && *said)
		say("%s: %s", argv[0], said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

/* --- publishing ------------------------------------------------------------------------------------------------------ */

static int format_copy_range(int from, int to, int64_t at, int64_t end)
{
	static char chunk[CHUNK_BYTES];

	while (at < end) {
		size_t n = end - at < CHUNK_BYTES ? (size_t)(end - at) : CHUNK_BYTES;
		ssize_t got = read_all(from, chunk, n, at);
		int r = got == (ssize_t)n ? write_all(to, chunk, n, at) : got < 0 ? (int)got : -EIO;

		if (r < 0)
			return r;
		at += (int64_t)n;
	}
	return 0;
}

int format_copy_data(int from, int to, int64_t at)
{
	for (;;) {
		int64_t data = lseek(from, at, SEEK_DATA), end;
		int r;

		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, data, SEEK_HOLE);
		r = end < 0 ? -errno : format_copy_range(from, to, data, end);
		if (r < 0)
			return r;
		at = end;
	}
}

/* The first block has the superblock, and takes the marker's place when all else is on the disk. */
int format_publish(int from, int to)
{
	uint8_t marker[DISK_MARKER_BYTES];
	int r;

	media_marker(marker);
	r = write_all(to, marker, sizeof marker, 0);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	if (r == 0)
		r = format_copy_data(from, to, DISK_MARKER_BYTES);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	if (r == 0)
		r = format_copy_range(from, to, 0, DISK_MARKER_BYTES);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	return r;
}

/* --- the file system ------------------------------------------------------------------------------------------------- */

/* Sizes as builder/disk/format.c has them: of large file systems, because it may grow. */
static int format_mkfs(const char *at, const char *label)
{
	const char *const argv[] = {
		"/usr/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-i", "16384", "-L", label, "-E",
		"lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0", FILE_NAME, NULL,
	};
	int status = format_run(at, argv);

	if (status == 127)
		say("the image has no /usr/sbin/mkfs.ext4: add the package 'e2fsprogs' to the recipe");
	return status < 0 ? status : status == 0 ? 0 : -EIO;
}

static int format_device(const char *at, const char *path, int to, const char *label)
{
	char file[256];
	uint64_t bytes;
	int from, r;

	if (ioctl(to, BLKGETSIZE64, &bytes) < 0)
		return -errno;
	snprintf(file, sizeof file, "%s" FILE_NAME, at);
	from = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = from < 0 || ftruncate(from, (off_t)bytes) < 0 ? -errno : format_mkfs(at, label);
	if (r == 0)
		r = format_publish(from, to);
	if (r < 0)
		say("cannot make a file system on %s: %s", path, strerror(-r));
	if (from >= 0)
		close(from);
	unlink(file);
	return r;
}

int format_state(const char *at, const char *device, const char *label)
{
	char path[64], room[256];
	int fd, r;

	snprintf(path, sizeof path, "/dev/%s", device);
	snprintf(room, sizeof room, "%s" ROOM, at);
	r = make_folder(room, 0755);
	fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC); /* O_EXCL: nobody has it mounted */
	if (r < 0 || fd < 0) {
		r = r < 0 ? r : -errno;
		say("cannot open %s: %s", path, strerror(-r));
		return r;
	}
	r = format_device(at, path, fd, label);
	close(fd);
	return r;
}
