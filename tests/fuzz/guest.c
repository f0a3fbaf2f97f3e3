/* wire_line(), guest_agent_answer(), guest_agent_ended(): what a guest's agent says, which is whatever runs in the guest. */
#include <sys/socket.h>

#include "run/qemu/guest_agent.h"
#include "fuzz.h"

/* The bytes at the end of a connection that is over. */
static struct wire connect_to(const uint8_t *data, size_t size)
{
	int fds[2];

	ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	ensure(send(fds[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size);
	close(fds[1]);
	return (struct wire){.fd = fds[0]};
}

static void hear(struct arena *arena, const char *line)
{
	_cleanup_jval_ struct jval *answer = NULL;
	struct guest_said said = {0};
	struct err err = {0};
	int status = -1, r = guest_agent_answer("guest-exec-status", line, &answer, &err);

	ensure((r == 0) == (answer != NULL));
	if (r == 0)
		r = guest_agent_ended(arena, answer, &status, &said, &err);
	ensure((r < 0) == (err.count > 0) && r <= 1);
	if (r == 1) {
		ensure(status >= 0 && status <= 255 && said.out && said.diagnostics);
		ensure(said.out[said.out_size] == 0 && strlen(said.diagnostics) <= strlen(line));
		ensure(said.out_size <= strlen(line));
	}
	err_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct wire wire = connect_to(data, size);
	const char *line;
	size_t n = 0;

	while (wire_line(&wire, arena, INT64_MAX, &line) == 0) {
		n += strlen(line) + 1;
		hear(arena, line);
	}
	ensure(n <= size);
	wire_close(&wire);
	return 0;
}
