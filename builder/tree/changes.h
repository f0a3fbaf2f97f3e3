/* What a tree's own files change of the ground it stands on. */
#ifndef TREE_CHANGES_H
#define TREE_CHANGES_H

#include <stdint.h>

#include "tree/tree.h"

/* Writes what was changed in `tree`, made by tree_image(), as the new file `path`: a tar archive as layers of container images
 * are, a deleted file `x` being an empty file `.wh.x`, and `.wh..wh..opq` saying that a folder has nothing of the one below it
 * (OCI image specification, layer.md). Every time in it is `epoch`. It need not outlive a crash. */
int tree_changes(const struct tree *tree, int64_t epoch, const char *path, struct err *err);

#endif
