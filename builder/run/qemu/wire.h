/* A line of JSON at a time, over a Unix socket: how QEMU's monitor (QMP) and the guest agent talk. */
#ifndef RUN_QEMU_WIRE_H
#define RUN_QEMU_WIRE_H

#include <stdint.h>

#include "base/buf.h"
#include "edge/jval.h"

struct wire {
	int fd;                      /* -1: not connected */
	struct buf in;               /* what came and was not read yet */
};

/* Connects to the socket `name` in `folder`, whose path may be long. 0 or negative errno: whoever listens may not be
 * there yet. */
int wire_open(const char *folder, const char *name, struct wire *wire);
void wire_close(struct wire *wire);

/* Sends `size` bytes. 0, -ETIME, -EPIPE or -EINTR (signals.h). */
int wire_send(struct wire *wire, const void *data, size_t size, int64_t deadline_ms);

/* Sends the request `{"execute": command, "arguments": …}` and a newline; takes `arguments`, which may be NULL. */
int wire_request(struct wire *wire, const char *command, struct jval *arguments, int64_t deadline_ms);

/* The next line, without its end; in `arena`. 0, -ETIME, -EPIPE at the end, -EINTR, -EFBIG for one that does not end. */
int wire_line(struct wire *wire, struct arena *arena, int64_t deadline_ms, const char **ret_line);

#endif
