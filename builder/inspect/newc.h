/* An archive of cpio(5) in its form "newc", as it comes: many files in one stream. (tar's has more to understand.) */
#ifndef INSPECT_NEWC_H
#define INSPECT_NEWC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NEWC_HEAD = 110, NEWC_NAME_MAX = 65536 };

/* Zeroed but for the callbacks; freed by newc_free(). What a callback returns below 0 ends the reading. */
struct newc {
	int (*begin)(void *data, const char *name, uint64_t size, struct err *err);
	int (*take)(void *data, const void *bytes, size_t size, struct err *err);
	int (*end)(void *data, struct err *err);
	void *data;

	enum { NEWC_IN_HEAD, NEWC_IN_NAME, NEWC_IN_FILE, NEWC_IN_PADDING, NEWC_ENDED } state;
	char head[NEWC_HEAD];
	char *name;
	size_t got;                  /* of the head or the name */
	size_t name_size, padding;   /* bytes; the name's with its NUL and what follows it up to a multiple of 4 */
	uint64_t left;               /* of the file */
};

/* The next bytes of the stream. -EBADMSG for what is none. Nothing counts behind the archive's end. */
int newc_feed(struct newc *newc, const void *bytes, size_t size, struct err *err);

void newc_free(struct newc *newc);

#endif
