/* What the disks of this machine are to hold: STACK_FILE (contract/stack.h), read. */
#ifndef MACHINE_DISKS_NODES_H
#define MACHINE_DISKS_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NODES_MAX = 256, NODE_ON_MAX = 32, NODE_WORDS_MAX = 64, NODE_DEVICE = 96, NODE_NONE = NODES_MAX };

/* In the order of the table in nodes.c. */
enum node_kind {
	NODE_DISK, NODE_PLACE, NODE_GPT, NODE_PART, NODE_LUKS, NODE_VG, NODE_LV, NODE_MD, NODE_FS, NODE_SUBVOLUME, NODE_SWAP,
	NODE_VAR,
	NODE_KINDS,
};

/* What is known of it now. */
enum node_state {
	NODE_UNKNOWN,
	NODE_MISSING,                  /* a disk or a place that is not there */
	NODE_BLANK,                    /* the same, with nothing on it, or a marker of ours alone */
	NODE_THERE,                    /* the same, with something on it, whatever that is */
	NODE_OPEN,                     /* it is what it is to be, and its device can be used */
	NODE_FAILED,                   /* it is not; why was said */
};

struct node {
	enum node_kind kind;
	const char *id;
	size_t on[NODE_ON_MAX], n_on;  /* what it stands on, all before it */
	const char *words[NODE_WORDS_MAX]; /* KEY=VALUE or KEY, but for `on`, `early` and `late` */
	size_t n_words;
	bool early;                    /* /var needs it */
	bool late;                     /* it waits for a secret's value … */
	bool passed;                   /* … which is not there in this stage: nothing is made or opened */
	size_t group;                  /* the first of all nodes that are connected with it, by what stands on them */
	bool wanted;                   /* the program looks at it now */
	enum node_state state;
	char device[NODE_DEVICE];      /* "/dev/…"; "" when it has none (now) */
	bool fresh;                    /* it was made at this start, because a member of an array was missing */
	bool unfinished;               /* a leaf with all but its first block (publish_shadows.h) */
};

struct nodes {
	struct node list[NODES_MAX];
	size_t n;
};

/* Reads the text, which is taken apart in place and kept: the nodes point into it. 0; or -EINVAL with the number of the line
 * and what is wrong with it. Pure. */
int nodes_parse(char *text, struct nodes *ret_nodes, unsigned *ret_line, const char **ret_problem);

/* The value of the word `key` ("" for a word without one), or NULL. Pure. */
const char *node_word(const struct node *node, const char *key);

/* The same as a number; 0 without it. (The parser has seen that it is one.) */
uint64_t node_word_number(const struct node *node, const char *key);

/* The name of a kind: STACK_…. */
const char *node_kind_name(enum node_kind kind);

/* The node with the id, or NODE_NONE. Pure. */
size_t nodes_find(const struct nodes *nodes, const char *id);

/* What the node `at` stands on first (whatever has a base has that one). */
struct node *nodes_base(struct nodes *nodes, const struct node *node);

/* Sets `ret_below[i]` for each node that `at` stands on, however far below, and for `at` itself. Pure. */
void nodes_below(const struct nodes *nodes, size_t at, bool ret_below[NODES_MAX]);

/* Sets the group of each node; a disk with the role `key` is none's. Pure. */
void nodes_group(struct nodes *nodes);

/* Whether something can stand on it now: it is open, or a disk or a place with something on it. */
bool node_is_usable(const struct node *node);

#endif
