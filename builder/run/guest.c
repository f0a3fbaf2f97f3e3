#include "run/guest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

enum { TAIL_BYTES = 4096, TIMEOUT_STATUS = 124, KILLED_STATUS = 137 };

const char *const guest_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", NULL,
};

const char *const *guest_limited(struct arena *arena, const char *const *argv, uint64_t timeout_ms)
{
	static const char *const before[] = {"/usr/bin/timeout", "-k", "5"};
	const char **all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		*arena_push(arena, all, n) = before[i];
	*arena_push(arena, all, n) =
		arena_printf(arena, "%" PRIu64 ".%03" PRIu64, timeout_ms / 1000, timeout_ms % 1000);
	for (size_t i = 0; argv[i]; i++)
		*arena_push(arena, all, n) = argv[i];
	*arena_push(arena, all, n) = NULL;
	return all;
}

void guest_judge(struct guest_said *said, int status, uint64_t took_ms, uint64_t timeout_ms)
{
	said->status = status;
	/* The command itself may exit with 124, but then before the time limit. */
	said->timed_out = (status == TIMEOUT_STATUS || status == KILLED_STATUS) && took_ms >= timeout_ms;
}

const char *guest_tail(struct arena *arena, const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = arena_alloc(arena, TAIL_BYTES + 1), *at = text, *line;
	off_t from;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return "";
	from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	n = pread(fd, text, TAIL_BYTES, from);
	text[n > 0 ? n : 0] = 0;
	for (ssize_t i = 0, skip; i < n; i += skip ? skip : 1) { /* what would move a terminal's cursor goes */
		skip = !text[i] ? 1 : strchr("\n\t", text[i]) ? 0 : (ssize_t)text_control(text + i);
		if (!skip)
			*at++ = text[i];
	}
	while (at > text && at[-1] == '\n')
		at--;
	*at = 0;
	line = from ? strchr(text, '\n') : NULL;
	return line ? line + 1 : text;
}
