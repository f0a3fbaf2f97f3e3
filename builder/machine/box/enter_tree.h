/* Making a tree the root of the container. */
#ifndef MACHINE_BOX_ENTER_TREE_H
#define MACHINE_BOX_ENTER_TREE_H

#include <stddef.h>

/* Mounts what has to be there (steps.h), and makes the tree in the folder `tree` the root; the old root is put away. 0, or a
 * negative errno with a sentence in `why`: then all is as it was. */
int enter_tree(const char *tree, char *why, size_t size);

#endif
