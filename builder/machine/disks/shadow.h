/* Shadows of disks: files in memory without a byte in them, as large as the disks and with sectors of the same size, as
 * devices. What is made on them is seen by nobody, and memory is needed for what is written alone. */
#ifndef MACHINE_DISKS_SHADOW_H
#define MACHINE_DISKS_SHADOW_H

#include "machine/disks/nodes.h"

enum { SHADOWS_MAX = 32 };

struct shadow {
	struct node *node;
	int disk, file, loop;
	char real[NODE_DEVICE];        /* the node's device meanwhile */
};

struct shadows {
	struct shadow list[SHADOWS_MAX];
	unsigned n;
};

/* Mounts the room for shadows and for keys, in memory (shadow_end() ends it). 0 or -errno, and it was said why. */
int shadow_begin(void);
void shadow_end(void);

/* Gives the node (a disk, a place) a shadow as its device. 0 or -errno, and it was said why. */
int shadow_add(struct shadows *shadows, struct node *node);

/* Writes all shadows to the disks. Nobody has them open any more but this. 0 or -errno. */
int shadow_publish(struct shadows *shadows);

/* Takes the shadows away, and gives the nodes their devices back. */
void shadow_remove(struct shadows *shadows);

/* Mebibytes of memory that can be used for something. */
uint64_t shadow_memory_mib(void);

#endif
