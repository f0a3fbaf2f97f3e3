/* Files of networkd, udev and resolved in their folders. */
#ifndef MACHINE_SEED_NETWORKD_PUT_H
#define MACHINE_SEED_NETWORKD_PUT_H

#include "machine/seed/networkd.h"

/* Puts the files into the tree `root`, and takes away those of an earlier seed. What fails is a remark. */
void networkd_put(struct memory *memory, struct remarks *remarks, const char *root, const struct networkd_file *files,
		  size_t n);

#endif
