/* How each kind of device comes to be. Everything here is called from what is below upwards (closing: downwards), with the
 * devices of what the node stands on set. Results are 0 or -errno, and it was said why, as a problem of the stage's. */
#ifndef MACHINE_DISKS_WAYS_H
#define MACHINE_DISKS_WAYS_H

#include "machine/disks/stage.h"

struct ways {
	int (*make)(struct stage *stage, struct node *node);  /* writes it to what it stands on, which is blank */
	int (*open)(struct stage *stage, struct node *node);  /* holds that it is what it is to be, and sets the device */
	void (*close)(struct stage *stage, struct node *node);/* nobody uses it any more */
	int (*grow)(struct stage *stage, struct node *node);  /* to the end of what it stands on, which may have grown */
	const char *modules[8];        /* of the kernel */
};

/* By kind; members may be NULL: there is nothing to do. */
extern const struct ways ways[NODE_KINDS];

/* Makes, then opens, the nodes that are chosen, in their order. */
int ways_make(struct stage *stage, const bool chosen[NODES_MAX]);

/* Opens a node whose bases are open: sets its state. */
int ways_open(struct stage *stage, struct node *node);

/* Closes the chosen nodes that are open, in the opposite order. */
void ways_close(struct stage *stage, const bool chosen[NODES_MAX]);

/* Loads the modules of a kind. */
void ways_load(enum node_kind kind);

int gpt_make(struct stage *stage, struct node *node);
int gpt_open(struct stage *stage, struct node *node);
int gpt_grow(struct stage *stage, struct node *node);
int part_open(struct stage *stage, struct node *node);

int luks_make(struct stage *stage, struct node *node);
int luks_open(struct stage *stage, struct node *node);
void luks_close(struct stage *stage, struct node *node);
int luks_grow(struct stage *stage, struct node *node);

int vg_make(struct stage *stage, struct node *node);
int vg_open(struct stage *stage, struct node *node);
void vg_close(struct stage *stage, struct node *node);
int vg_grow(struct stage *stage, struct node *node);
int lv_make(struct stage *stage, struct node *node);
int lv_open(struct stage *stage, struct node *node);
int lv_grow(struct stage *stage, struct node *node);

int md_make(struct stage *stage, struct node *node);
int md_open(struct stage *stage, struct node *node);
void md_close(struct stage *stage, struct node *node);
int md_grow(struct stage *stage, struct node *node);

/* Whether the array goes on without one of its members. */
bool md_is_redundant(const struct node *node);

/* Adds the device to the array, which is open and lacks it. */
int md_add(struct stage *stage, struct node *node, const char *device);

int fs_make(struct stage *stage, struct node *node);
int fs_open(struct stage *stage, struct node *node);

/* Grows the file system, which is mounted at `folder`. */
int fs_grow(struct stage *stage, struct node *node, const char *folder);

int subvolume_make(struct stage *stage, struct node *node);
int subvolume_open(struct stage *stage, struct node *node);
int swap_make(struct stage *stage, struct node *node);
int swap_open(struct stage *stage, struct node *node);

#endif
