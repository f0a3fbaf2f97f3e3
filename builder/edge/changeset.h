/* Layers of container images (OCI image specification, "Image Layer Filesystem Changeset"), by libarchive. */
#ifndef EDGE_CHANGESET_H
#define EDGE_CHANGESET_H

#include <stdint.h>

#include "base/err.h"

/* Applies the host's file `archive`, a tar in whatever compression, to the tree open as `root_fd`: what its whiteouts
 * name goes, then all it has comes, with owners, modes, `user.*` attributes and file capabilities. Times are dropped,
 * and so are devices and sockets: a container has its own. Paths are followed as if the tree were the file system's
 * root. `left_bytes` is what all files together may still have, and goes down. -EFBIG when that is not enough, -EBADMSG
 * for paths that lead upward and for what is damaged. */
int changeset_apply(const char *archive, int root_fd, uint64_t *left_bytes, struct err *err);

#endif
