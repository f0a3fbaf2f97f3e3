/* Block stacks as a tree of devices: what stands on what, in an order in which it can be made. The same nodes are made by the
 * appliance (those of the image) and written into the image for the machine (contract/stack.h has their kinds and words). */
#ifndef DISK_STACK_H
#define DISK_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

struct stack_node {
	const char *kind;            /* STACK_… */
	const char *id;
	struct strv on;              /* ids of what it stands on */
	struct strv words;           /* "key=value" or "key", as in the contract; without `on`, `early` and `late` */
	bool in_image;               /* made by the appliance when the image is; else on the machine's first boot. (What mkfs
				      * makes straight into a partition's file is not; its place has the word `made`.) */
	bool early;                  /* /var needs it */
	bool late;                   /* it waits for a secret's value */
	struct pos pos;
};

struct stack {
	struct stack_node *nodes;    /* each after all that it stands on */
	size_t n_nodes;
};

/* The value of the word `key` ("" for a word without a value), or NULL. */
const char *stack_word(const struct stack_node *node, const char *key);

/* The node with the id, or NULL. */
const struct stack_node *stack_find(const struct stack *stack, const char *id);

#endif
