#include "machine/secrets/here.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/lines.h"
#include "machine/put.h"
#include "machine/remark_files.h"
#include "machine/say.h"

#define PROGRAM "secrets" /* as the file of its remarks is called */

enum { CHUNK = 64 << 10 };

const char *here_path(const struct here *here, const char *path)
{
	return pool_printf(here->pool, "%s%s", here->root, path);
}

void here_remark(struct here *here, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	lines_flatten(line);
	say("%s", line);
	here->remarks.pool = here->pool;
	growing_puts(&here->remarks, line);
	growing_puts(&here->remarks, "\n");
}

void here_tell(struct here *here)
{
	int r = remarks_set(here->root, PROGRAM, here->remarks.size ? (const char *)here->remarks.data : "");

	if (r < 0)
		say(REMARKS ": %s", strerror(-r));
}

int here_read_fd(const struct here *here, int fd, size_t max, struct bytes *ret_bytes)
{
	struct growing all = {.pool = here->pool};
	size_t size = max < CHUNK ? max + 1 : CHUNK;
	char *chunk = pool_alloc(here->pool, size); /* what comes may be secret */
	ssize_t n;

	while ((n = read(fd, chunk, size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (all.size + (size_t)n > max)
			return -EFBIG;
		growing_add(&all, chunk, (size_t)n);
	}
	*ret_bytes = growing_bytes(&all);
	return 0;
}

int here_read(const struct here *here, const char *path, size_t max, struct bytes *ret_bytes)
{
	int fd = open(here_path(here, path), O_RDONLY | O_NONBLOCK | O_CLOEXEC), r;
	struct stat stat;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &stat) < 0 ? -errno : S_ISREG(stat.st_mode) ? 0 : -EINVAL;
	if (r == 0)
		r = here_read_fd(here, fd, max, ret_bytes);
	close(fd);
	return r;
}

int here_put(const struct here *here, const char *path, struct bytes bytes)
{
	return put_file(here->root, &(struct put){.path = path, .bytes = (const char *)bytes.data, .size = bytes.size,
						  .mode = 0600});
}

int here_keep(const struct here *here, const char *path, struct bytes bytes)
{
	int r = make_folder(here_path(here, SECRETS_STATE), 0700);

	if (r < 0)
		return r;
	return here_put(here, path, bytes);
}

int here_lock(const struct here *here)
{
	const char *path = here_path(here, SECRETS_STATUS ".lock");
	char *folder = pool_text(here->pool, path);
	int fd, r;

	*strrchr(folder, '/') = 0;
	r = make_folder(folder, 0755);
	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			r = -errno;
			close(fd);
			return r;
		}
	return 0;
}
