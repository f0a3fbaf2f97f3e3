/* Tar archives (POSIX.1-1988 ustar) and Debian packages, written byte by byte: also what no honest program would write. */
#ifndef UNIT_TARS_H
#define UNIT_TARS_H

#include <stddef.h>

#include "base/buf.h"

/* One member of a tar; `text` is the content of a file, or where a link leads. */
struct member {
	char type; /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' folder, '6' pipe, 'x' pax header */
	const char *name, *text;
	unsigned mode, uid;
	unsigned long long claims; /* a size other than the real one */
};

/* Appends one member. */
void tars_put_member(struct buf *tar, const struct member *member);

/* Appends `n` members and the end of the archive. */
void tars_put(struct buf *tar, const struct member *members, size_t n);

/* Appends `data` to the ar(5) archive `ar`, under that name. */
void tars_put_ar(struct buf *ar, const char *name, const void *data, size_t size);

/* Appends the Debian package 'evil', version 1, with `n` members as its files. */
void tars_put_deb(struct buf *deb, const struct member *members, size_t n);

#endif
