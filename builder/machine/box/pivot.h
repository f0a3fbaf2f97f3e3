/* Making a tree the root of the container. */
#ifndef MACHINE_BOX_PIVOT_H
#define MACHINE_BOX_PIVOT_H

#include <stddef.h>

/* Mounts what has to be there (steps.h), and makes the tree in the folder `tree` the root; the old root is put away. 0, or a
 * negative errno with a sentence in `why`: then all is as it was. */
int pivot_into(const char *tree, char *why, size_t size);

#endif
