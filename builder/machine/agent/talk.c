#include "machine/agent/talk.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine/say.h"

static void talk_wait_for(int fd, short events)
{
	struct pollfd fds = {fd, events, 0};
	int n;

	do
		n = poll(&fds, 1, TALK_PATIENCE_S * 1000);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		die("no data from the builder for %d seconds", TALK_PATIENCE_S);
	if (n < 0)
		die("cannot wait for the builder: %s", strerror(errno));
}

static void talk_fill(struct talk *talk)
{
	ssize_t n;

	do {
		talk_wait_for(talk->in, POLLIN);
		n = read(talk->in, talk->buffer, sizeof talk->buffer);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		die("the connection to the builder has ended");
	talk->from = 0;
	talk->to = (size_t)n;
}

void talk_bytes(struct talk *talk, void *out, size_t size)
{
	char *to = out;

	while (size) {
		size_t n;

		if (talk->from == talk->to)
			talk_fill(talk);
		n = talk->to - talk->from < size ? talk->to - talk->from : size;
		memcpy(to, talk->buffer + talk->from, n);
		talk->from += n;
		to += n;
		size -= n;
	}
}

void talk_line(struct talk *talk, char line[TALK_LINE_MAX])
{
	for (size_t n = 0; n < TALK_LINE_MAX; n++) {
		talk_bytes(talk, line + n, 1);
		if (line[n] == 0)
			break;
		if (line[n] == '\n') {
			line[n] = 0;
			return;
		}
	}
	die("protocol error: expected a line of text");
}

void talk_say(struct talk *talk, const char *format, ...)
{
	char line[TALK_LINE_MAX];
	va_list arguments;
	const char *at = line;
	size_t left;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof line - 1)
		die("bug: a line of %d bytes", n);
	line[n] = '\n';
	for (left = (size_t)n + 1; left;) {
		ssize_t written;

		talk_wait_for(talk->out, POLLOUT);
		written = write(talk->out, at, left);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			die("the connection to the builder has ended");
		if (written > 0) {
			at += written;
			left -= (size_t)written;
		}
	}
}
