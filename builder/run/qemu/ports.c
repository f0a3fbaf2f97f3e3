#include "run/qemu/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

enum { RANGE_MAX = 16, PORT_MAX = 65535 };

void ports_add(struct arena *arena, struct forwards *forwards, unsigned host, unsigned guest)
{
	for (size_t i = 0; i < forwards->count; i++)
		if (forwards->items[i].guest == guest) {
			if (host)
				forwards->items[i].host = host;
			return;
		}
	*arena_push(arena, forwards->items, forwards->count) = (struct forward){host, guest};
}

int ports_read(struct arena *arena, struct forwards *forwards, const char *text, struct err *err)
{
	unsigned host = 0, guest = 0;
	char rest;

	if (sscanf(text, "%5u:%5u%c", &host, &guest, &rest) != 2 || host == 0) {
		host = 0;
		if (sscanf(text, "%5u%c", &guest, &rest) != 1)
			guest = 0;
	}
	if (guest == 0 || guest > PORT_MAX || host > PORT_MAX) {
		err_set(err, -EINVAL, "'%s' is not a valid pair of ports", text);
		return err_hint(err, "write --port 8080:80: the host's port, then the machine's");
	}
	ports_add(arena, forwards, host, guest);
	return 0;
}

void ports_add_range(struct arena *arena, struct forwards *forwards, const char *range)
{
	unsigned first = 0, last = 0;
	int n = sscanf(range, "%5u-%5u", &first, &last);

	if (n < 1 || first == 0 || first > PORT_MAX)
		return;
	if (n == 1 || last < first)
		last = first;
	if (last >= first + RANGE_MAX)
		last = first + RANGE_MAX - 1;
	for (unsigned port = first; port <= last && port <= PORT_MAX; port++)
		ports_add(arena, forwards, 0, port);
}

/* Binds the port, 0: any. Returns the socket, which keeps it until it is closed, or negative errno. */
static int ports_take(unsigned port, unsigned *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1, r = 0;
	socklen_t size = sizeof address;

	/* As QEMU does: a port that was used a moment ago is free. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	*ret_port = ntohs(address.sin_port);
	return fd;
}

int ports_choose(struct forwards *forwards, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int *fds = arena_array(arena, int, forwards->count + 1), r = 0;
	size_t n;

	/* All are held until the last was chosen, or one would be chosen twice. */
	for (n = 0; n < forwards->count && r == 0; n++) {
		struct forward *forward = &forwards->items[n];

		fds[n] = ports_take(forward->host, &forward->host);
		if (fds[n] == -EACCES)
			r = err_set(err, fds[n], "only root may use port %u of this host", forward->host);
		else if (fds[n] < 0)
			r = err_sys(err, fds[n], "cannot use port %u of this host", forward->host);
	}
	while (n)
		if (fds[--n] >= 0)
			close(fds[n]);
	return r;
}

unsigned ports_find(const struct forwards *forwards, unsigned guest)
{
	for (size_t i = 0; i < forwards->count; i++)
		if (forwards->items[i].guest == guest)
			return forwards->items[i].host;
	return 0;
}
