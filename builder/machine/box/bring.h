/* What a hypervisor writes into a container's root before each start, for the tree that starts instead. */
#ifndef MACHINE_BOX_BRING_H
#define MACHINE_BOX_BRING_H

#include <stddef.h>

/* Copies from the root ("" in a container) into the tree in the folder `tree` what is not as the root's own template had it:
 * somebody has written that for this container. A file that is as it was, or is not there, stays the tree's own, and so does
 * one that the tree keeps for itself by a `.pve-ignore.NAME` beside it. And the machine-id: where the root has none (its
 * hypervisor takes it from a copy) both get a new one. 0, or a negative errno with a sentence in `why`. */
int bring_all(const char *root, const char *tree, char *why, size_t size);

#endif
