/* The initrd of an immutable image: aether-init, and the kernel modules without which it finds no root. */
#ifndef BOOT_INITRD_H
#define BOOT_INITRD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "disk/spec.h"

/* Finds the version of the kernel in the tree: the one folder of /usr/lib/modules. -ENOENT when there is none, -EINVAL when
 * there are several. Text in `arena`. */
int initrd_kernel(struct arena *arena, const char *root, const char **ret_version, struct err *err);

/* Appends an initrd for kernel `version` of the tree spec->root to `out`, compressed by the tools' zstd. */
int initrd_make(const struct disk_spec *spec, const char *version, struct buf *out, struct err *err);

#endif
