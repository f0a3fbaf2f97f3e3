/* The lock as text. */
#ifndef LOCK_FILE_H
#define LOCK_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "lock/lock.h"

/* Appends the lock's text. */
void lock_print(struct buf *text, const struct lock *lock);

/* Reads a lock's text; `path` is its file, for errors. -EINVAL, with the place, for what lock_print() would not have
 * written. */
int lock_parse(struct arena *arena, const char *path, const char *text, size_t size, struct lock **ret_lock,
	       struct err *err);

#endif
