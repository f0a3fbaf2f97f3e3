/* The list of all members of a template: what a container knows its files by, and takes the next ones by. Its form is the
 * machine's (contract/box.h). */
#ifndef ARTIFACT_LISTING_H
#define ARTIFACT_LISTING_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Appends the list of the tree at the host folder `root`: what template_write() puts into a template, in its order, without the
 * list's own file. The same tree always has the same list. */
int listing_make(const char *root, int64_t epoch, struct buf *out, struct err *err);

/* A file of a list. */
struct listing_file {
	uint64_t number;             /* of the member, from 0 */
	const char *path;            /* relative */
	uint64_t size;               /* bytes */
};

/* Reads the files that have a content of their own from a list, in their order, into `arena`; `text` is taken apart. -EBADMSG
 * for what is no list of ours. */
int listing_read(struct arena *arena, char *text, struct listing_file **ret_files, size_t *ret_n, struct err *err);

#endif
