/* Files that say when they were written: an image says when its packages were, so that it is the same whenever it is made. */
#ifndef TREE_DATES_H
#define TREE_DATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The paths of such files, absolute; NULL-terminated. */
extern const char *const dates_paths[];

/* Appends to `new` what the file at `path`, whose content is `old`, is with all its dates at `when` (seconds since 1970).
 * False, and nothing is appended: it is no such file, or not in a form that is known. */
bool dates_set(const char *path, const struct buf *old, int64_t when, struct buf *new);

#endif
