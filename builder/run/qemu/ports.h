/* Ports of this host that lead to ports of a machine. */
#ifndef RUN_QEMU_PORTS_H
#define RUN_QEMU_PORTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct forward {
	unsigned host, guest;        /* TCP; the host's on 127.0.0.1, 0: not chosen yet */
};

struct forwards {
	struct forward *items;
	size_t count;
};

/* Adds the guest's port, once however often it is named; `host` 0: any, else that one from now on. */
void ports_add(struct arena *arena, struct forwards *forwards, unsigned host, unsigned guest);

/* Adds what the user says: "8080:80" (host:guest) or "80". -EINVAL for anything else. */
int ports_read(struct arena *arena, struct forwards *forwards, const char *text, struct err *err);

/* Adds what a recipe says under `firewall: tcp`: "80", or "8000-8100", of which no more than the first 16 are taken. */
void ports_add_range(struct arena *arena, struct forwards *forwards, const char *range);

/* Chooses a free port of the host for each that has none, and makes sure that the others are free (-EADDRINUSE). */
int ports_choose(struct forwards *forwards, struct err *err);

/* The host's port of a guest's; 0 when there is none. */
unsigned ports_find(const struct forwards *forwards, unsigned guest);

#endif
