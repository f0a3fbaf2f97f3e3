#include "machine/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *speaker = "aether", *place;

void say_as(const char *program, const char *path)
{
	speaker = program;
	place = path;
}

/* One write is one record of the kernel's log; <3> is the level "error", which reaches every console. */
static void say_vsay(const char *format, va_list arguments)
{
	char line[1024];
	int fd = place ? open(place, O_WRONLY | O_CLOEXEC) : -1;
	int start = snprintf(line, sizeof line, "%s%s: ", fd >= 0 ? "<3>" : "", speaker), n; /* (a container has no such log) */

	n = vsnprintf(line + start, sizeof line - (size_t)start - 1, format, arguments);
	strcat(line, fd >= 0 ? "" : "\n");
	if (n > 0 && write(fd < 0 ? STDERR_FILENO : fd, line, strlen(line)) < 0)
		n = 0; /* there is no other place to report it */
	if (fd >= 0)
		close(fd);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_vsay(format, arguments);
	va_end(arguments);
}

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_vsay(format, arguments);
	va_end(arguments);
	exit(EXIT_FAILURE);
}

ssize_t read_all(int fd, void *out, size_t size, int64_t offset)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = pread(fd, (char *)out + have, size - have, offset + (int64_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : read_all(fd, out, size, 0);

	if (fd >= 0)
		close(fd);
	if (n == (ssize_t)size)
		n = -EFBIG;
	if (n > 0 && out[n - 1] == '\n')
		n--;
	out[n < 0 ? 0 : n] = 0;
	return (int)n;
}

int write_all(int fd, const void *data, size_t size, int64_t offset)
{
	const char *from = data;

	while (size) {
		ssize_t n = pwrite(fd, from, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		from += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

int write_whole(const char *folder, const char *name, const char *text)
{
	int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, r;

	if (folder_fd < 0)
		return -errno;
	fd = openat(folder_fd, "new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0444);
	r = fd < 0 ? -errno : write_all(fd, text, strlen(text), 0);
	if (r == 0 && (fsync(fd) < 0 || renameat(folder_fd, "new", folder_fd, name) < 0 || fsync(folder_fd) < 0))
		r = -errno;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		unlinkat(folder_fd, "new", 0); /* (there may be none) */
	close(folder_fd);
	return r;
}

int64_t uptime_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int make_folder(const char *path, unsigned mode)
{
	char parent[256];
	const char *slash = strrchr(path, '/');
	int r;

	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !slash || slash == path || (size_t)(slash - path) >= sizeof parent)
		return -errno;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = 0;
	r = make_folder(parent, 0755);
	if (r < 0)
		return r;
	return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}
