/* Files that only their owner may read: private keys, and what comes near them. */
#ifndef KEEPER_PRIVATE_H
#define KEEPER_PRIVATE_H

#include "base/err.h"
#include "sealed/pool.h"

enum { PRIVATE_BYTES_MAX = 1 << 20 };

/* Reads it whole, at most PRIVATE_BYTES_MAX. -EACCES for a file that its group or others may read (a pipe is no file), with the
 * chmod to run. The bytes are in `pool`. */
int private_read(struct pool *pool, const char *path, struct bytes *ret_bytes, struct err *err);

/* Makes the file with mode 0600, whole or not at all, and durable; the last folder of its path is made with 0700. What is
 * there already is never touched: -EEXIST. */
int private_create(const char *path, const void *data, size_t size, struct err *err);

/* The same, in the place of what is there. */
int private_replace(const char *path, const void *data, size_t size, struct err *err);

#endif
