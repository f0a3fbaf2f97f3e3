/* The mounts by which a tree becomes the root of a container. */
#ifndef MACHINE_BOX_STEPS_H
#define MACHINE_BOX_STEPS_H

#include <stdbool.h>
#include <stddef.h>

/* A call of mount(2). LXC's profile for an unprivileged container allows three kinds of them without nesting, and no other
 * is made: MS_BIND, MS_BIND | MS_REC, and changes of propagation. */
struct box_step {
	const char *source, *target;   /* `source` NULL: propagation alone */
	unsigned long flags;
	bool state;                    /* the source is a path of `state:`, and is made when it is missing */
};

struct box_steps {
	struct box_step *steps;
	size_t n;
	bool shared;                   /* what was mounted in the root, others saw, too */
};

/* What to mount for the tree in the folder `tree`, in order: by the text of mountinfo and that of BOX_STATE_FILE, which are
 * taken apart. All that is mounted in the root comes along; a path of `state:` that is no mount point is the root's own
 * folder. -EINVAL for a mountinfo that makes no sense, -ENOMEM. Whatever is returned, steps_free(). Pure. */
int steps_plan(const char *tree, char *mountinfo, char *state, struct box_steps *ret_steps);

void steps_free(struct box_steps *steps);

#endif
