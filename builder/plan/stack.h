/* From what a recipe says of its disks to a stack (disk/stack.h): which device stands on which, where each is made, and what
 * the image has to have for it. */
#ifndef PLAN_STACK_H
#define PLAN_STACK_H

#include "disk/stack.h"
#include "plan/plan.h"

/* What is made as one: a partition of the system's disk, another disk, a volume group, an array, each with all that lies in it.
 * Groups that have something in common are made at the same place. */
struct stack_group {
	const void *of;              /* struct recipe_partition, recipe_disk, recipe_vg, recipe_array */
	const char *kind, *name;     /* STACK_VG or STACK_MD and its name: what members say; or NULL */
	const struct pos *pos;
	bool on_machine;             /* made on the first boot: something of it is on another disk, or is encrypted */
	size_t n_members;            /* devices that are to be in it … */
	struct strv members;         /* … and those that are there, by their ids */
	bool all_grow, some_grow;    /* its members */
	bool late;                   /* one of its members waits for a secret */
};

struct stack_groups {
	struct stack_group *items;
	size_t count;
};

/* Finds the groups of a recipe and decides where each is made. Members that name what is not there are errors. */
int stack_groups_make(struct arena *arena, const struct recipe *recipe, struct stack_groups *ret_groups, struct err *err);

struct stack_group *stack_group_of(const struct stack_groups *groups, const void *of);
struct stack_group *stack_group_named(const struct stack_groups *groups, const char *kind, const char *name);

/* A disk whose only content is the state as machines have had it from the beginning (IMAGE_STATE_DISK). */
bool stack_is_plain_state(const struct recipe_disk *disk);

/* Whether a partition of the system's disk has a node: it is not all made by mkfs in its file and mounted by /etc/fstab. */
bool stack_has_place(const struct recipe_partition *partition);

/* Whether mkfs makes its content straight into the partition's file. */
bool stack_is_direct(const struct recipe_content *content);

/* Whether the machine needs aether-disks. */
bool stack_is_needed(const struct recipe *recipe);

/* What the recipe's disks come to, beside nodes: mounts of what stands on them. Called by stack_make(). */
int stack_nodes_make(struct arena *arena, struct plan *plan, const struct stack_groups *groups, struct err *err);

/* Packages without which the machine can neither make nor open a node are errors. Called by stack_make(). */
int stack_needs_make(const struct plan *plan, struct err *err);

#endif
