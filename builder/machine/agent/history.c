#include "machine/agent/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/say.h"

/* The text from the first record on that begins in it: text that was cut off at its start may begin with half a record. */
static const char *history_whole(const char *text)
{
	const char *end = strstr(text, "\n\n");

	return end ? end + 2 : "";
}

int history_read(const char *path, char out[HISTORY_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t skipped = 0, size;
	ssize_t n;

	*out = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	size = lseek(fd, 0, SEEK_END);
	if (size > HISTORY_BYTES - 1)
		skipped = size - (HISTORY_BYTES - 1);
	n = read_all(fd, out, HISTORY_BYTES - 1, skipped);
	close(fd);
	out[n < 0 ? 0 : n] = 0;
	if (skipped) {
		const char *whole = history_whole(out);

		memmove(out, whole, strlen(whole) + 1);
	}
	return n < 0 ? (int)n : 0;
}

int history_add(const char *path, const char *record)
{
	static char text[HISTORY_BYTES];
	const char *kept = text, *slash = strrchr(path, '/');
	static char whole[HISTORY_BYTES];
	char folder[256];
	int r;

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof folder || strlen(record) >= HISTORY_BYTES)
		return -EINVAL;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	r = history_read(path, text);
	if (r < 0)
		return r;
	while (strlen(kept) + strlen(record) >= HISTORY_BYTES)
		kept = history_whole(kept);
	snprintf(whole, sizeof whole, "%s%s", kept, record);
	r = make_folder(folder, 0755);
	return r == 0 ? write_whole(folder, slash + 1, whole) : r;
}
