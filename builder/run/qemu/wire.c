#include "run/qemu/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "host/signals.h"

/* An answer of the guest agent may hold 16 MiB of a command's output, as base64, twice. */
enum { LINE_BYTES_MAX = 48 << 20, CHUNK_BYTES = 1 << 16 };

int wire_open(const char *folder, const char *name, struct wire *wire)
{
	_cleanup_fd_ int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r = 0;

	if (folder_fd < 0)
		return -errno;
	/* A socket's path has a hundred bytes; that of our folder may have more. */
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%.64s", folder_fd, name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	*wire = (struct wire){.fd = fd};
	return 0;
}

void wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	buf_free(&wire->in);
	*wire = (struct wire){.fd = -1};
}

int wire_send(struct wire *wire, const void *data, size_t size, int64_t deadline_ms)
{
	const char *at = data;

	while (size) {
		ssize_t n = send(wire->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if (errno == EAGAIN) {
			r = signals_wait(wire->fd, POLLOUT, deadline_ms);
			if (r <= 0)
				return r < 0 ? r : -ETIME;
		} else if (errno != EINTR) {
			return -EPIPE;
		}
	}
	return 0;
}

int wire_request(struct wire *wire, const char *command, struct jval *arguments, int64_t deadline_ms)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_jval_ struct jval *request = jval_new_object();
	const char *text;

	jval_set(request, "execute", jval_text(command));
	if (arguments)
		jval_set(request, "arguments", arguments);
	text = arena_printf(arena, "%s\n", jval_print(arena, request, false));
	return wire_send(wire, text, strlen(text), deadline_ms);
}

int wire_line(struct wire *wire, struct arena *arena, int64_t deadline_ms, const char **ret_line)
{
	size_t looked = 0;

	for (;;) {
		char *end = wire->in.size > looked ? memchr(wire->in.data + looked, '\n', wire->in.size - looked) : NULL;
		ssize_t n;
		int r;

		if (end) {
			size_t length = (size_t)(end - wire->in.data), rest = wire->in.size - length - 1;

			*ret_line = arena_strndup(arena, wire->in.data, length);
			memmove(wire->in.data, end + 1, rest);
			wire->in.size = rest;
			return 0;
		}
		looked = wire->in.size;
		if (looked > LINE_BYTES_MAX)
			return -EFBIG;
		r = signals_wait(wire->fd, POLLIN, deadline_ms);
		if (r <= 0)
			return r < 0 ? r : -ETIME;
		n = recv(wire->fd, buf_reserve(&wire->in, CHUNK_BYTES), CHUNK_BYTES, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return -EPIPE;
		if (n > 0)
			wire->in.size += (size_t)n;
	}
}
