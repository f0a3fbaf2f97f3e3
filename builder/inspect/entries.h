/* Lists of files, as the appliance's find(1), sha256sum(1) and getfattr(1) write them (scripts.h). */
#ifndef INSPECT_ENTRIES_H
#define INSPECT_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { ENTRIES_MAX = 2000000 };

struct inspect_entry {
	const char *path;            /* below where the list begins: bytes, as entries_path_stays() says; "" for that itself */
	char type;                   /* as find's %y: f d l b c p s */
	unsigned mode;               /* the lowest 12 bits */
	uint32_t uid, gid;
	uint64_t size;
	int64_t time;                /* seconds */
	const char *target;          /* of a link: bytes */
	const char *sha256;          /* of a file, if it was taken: 64 digits; NULL: unknown, or it cannot be read */
	const char *attributes;      /* extended ones, lines NAME=0xHEX, sorted; "" without */
};

struct inspect_entries {
	struct inspect_entry *items; /* by their paths */
	size_t n;
};

/* Reads records; -EBADMSG for what no find(1) of ours writes, -EFBIG for more than ENTRIES_MAX. */
int entries_read(struct arena *arena, const char *records, size_t size, struct inspect_entries *ret_entries, struct err *err);

/* The one with that path, or NULL. */
struct inspect_entry *entries_find(const struct inspect_entries *entries, const char *path);

/* Whether a path, of any bytes, is relative and stays below where it begins: no empty part, no "." and no "..". */
bool entries_path_stays(const char *path);

/* Turns a backslash and three octal digits into the byte that they stand for, in place: so fstab(5) and getfattr(1) write. */
void entries_unescape(char *word);

#endif
