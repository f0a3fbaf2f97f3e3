/* Layers of container images (OCI image specification, "Image Layer Filesystem Changeset"), by libarchive. */
#ifndef EDGE_CHANGESET_H
#define EDGE_CHANGESET_H

#include <stdint.h>

#include "base/err.h"

/* Applies the host's file `archive`, a tar in whatever compression, to the tree open as `root_fd`, with owners, modes,
 * `user.*` attributes (but an overlay's) and file capabilities. Times are dropped, and so are devices and sockets: a container
 * has its own.
 *
 * Whiteouts hide what the layers below have, wherever in the archive they stand, and nothing of the layer's own. A folder that
 * the layer brings is a new one where there was none, so that nothing below it is hidden by way of a link that was there.
 * Otherwise paths are followed as if the tree were the file system's root, and what a link on the way leads to is made. A hard
 * link may lead to a file that the same layer hides.
 *
 * `left_bytes` is what all files together may still have, and goes down. -EFBIG when that is not enough, -EBADMSG for paths
 * that lead upward, for whiteouts that hide nothing that can be (`.wh...`), and for what is damaged. */
int changeset_apply(const char *archive, int root_fd, uint64_t *left_bytes, struct err *err);

#endif
