/* Files that say when they were written: an image says when its packages were, so that it is the same whenever it is made. */
#ifndef TREE_DATES_H
#define TREE_DATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { DATED_BYTES_MAX = 16 << 20 }; /* what such a file may have */

/* The path of such a file, absolute; NULL when there are no more than `i`. */
const char *dates_path(size_t i);

/* Whether `path` is that of such a file. */
bool dates_has(const char *path);

/* Appends to `new` what the file at `path`, whose content is `old`, is with all its dates at `when` (seconds since 1970).
 * False, and nothing is appended: it is no such file, or not in a form that is known. */
bool dates_set(const char *path, const struct buf *old, int64_t when, struct buf *new);

#endif
