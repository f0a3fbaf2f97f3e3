/* What is mounted where, as /proc/self/mountinfo says it (proc(5)). */
#ifndef MACHINE_MOUNTINFO_H
#define MACHINE_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>

struct mountinfo {
	unsigned long id, parent;      /* of the mount, and of the one that it is in */
	const char *root;              /* which folder of its file system it shows */
	const char *point;             /* where */
	bool shared;                   /* what is mounted in it, others see, too */
};

/* Cuts the next line off *text and takes it apart, in place. 1, 0 at the end, -EINVAL for what is no such line. Pure. */
int mountinfo_next(char **text, struct mountinfo *ret_mount);

/* The whole text, for the caller to free; NULL when it cannot be read. */
char *mountinfo_load(void);

/* The slot ('a', 'b') whose tree is mounted at / by that text, which is taken apart; 0 when it is none. Pure. */
char mountinfo_slot(char *text);

#endif
