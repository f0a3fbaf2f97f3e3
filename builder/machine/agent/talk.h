/* The conversation with the builder: lines of text in both directions, and blocks that it sends. A peer that is gone,
 * or says nothing for TALK_PATIENCE_S seconds, ends the program. */
#ifndef MACHINE_AGENT_TALK_H
#define MACHINE_AGENT_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "contract/offer.h"

enum { TALK_PATIENCE_S = 120, TALK_LINE_MAX = OFFER_LINE_BYTES };

struct talk {
	int in, out;
	char buffer[1 << 16];
	size_t from, to;               /* what of it was not taken yet */
};

/* The next line, without its newline; ends the program for one that is longer than TALK_LINE_MAX - 1, or has a NUL. */
void talk_line(struct talk *talk, char line[TALK_LINE_MAX]);

/* The next `size` bytes. */
void talk_bytes(struct talk *talk, void *out, size_t size);

/* Says a line; the newline is added. */
void talk_say(struct talk *talk, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
