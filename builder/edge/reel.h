/* An archive that is read once, from its begin to its end, by libarchive: contents of members in the order they stand there. */
#ifndef EDGE_REEL_H
#define EDGE_REEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct reel;

/* Opens the archive at `path`, whatever compresses it, out of which come at most `max_bytes`. */
int reel_open(const char *path, uint64_t max_bytes, struct reel **ret_reel, struct err *err);

/* Goes on to the member of that name, which stands behind the present one; its content has `size` bytes. -EBADMSG when there is
 * none, or it has another size. */
int reel_find(struct reel *reel, const char *name, uint64_t size, struct err *err);

/* Reads the next `size` bytes of the member, all of them. */
int reel_read(struct reel *reel, void *out, size_t size, struct err *err);

void reel_close(struct reel *reel); /* NULL is fine */

#endif
