/* Single files: read from a tree, and put where the programs of the tools find them. Paths in a tree are as the tree's own
 * programs see them: no symbolic link leads out of it. */
#ifndef DISK_PICK_H
#define DISK_PICK_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* Appends the file `path` of the tree at `root` (a host folder), at most `max_bytes`. -ENOENT when there is none. */
int pick_file(const char *root, const char *path, size_t max_bytes, struct buf *out, struct err *err);

/* The same for a file that is compressed with xz, gzip or zstd, or not at all: appends what comes out. */
int pick_unpacked(const char *root, const char *path, size_t max_bytes, struct buf *out, struct err *err);

/* The names in the folder `path`, sorted by byte value, without those that begin with a dot. */
int pick_names(struct arena *arena, const char *root, const char *path, struct strv *ret_names, struct err *err);

/* Writes a new file `name` of the folder `work`, with folders above it and the time `epoch`. Nothing waits until it is on a
 * disk: it is not kept. */
int pick_put(const char *work, const char *name, const void *data, size_t size, int64_t epoch, struct err *err);

#endif
