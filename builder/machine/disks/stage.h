/* What all of aether-disks works on. */
#ifndef MACHINE_DISKS_STAGE_H
#define MACHINE_DISKS_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/disks/nodes.h"

/* Of this program alone, in memory: shadows, keys while they are needed. */
#define STAGE_ROOM "/run/aether/disks-room"

struct stage {
	struct nodes nodes;
	bool early;                    /* before systemd: /var is not there yet, and no udevd runs */
	bool late;                     /* behind the secrets: what waits for them, too */
	bool growing;                  /* what is open may have to grow: `grow` */
	bool shadow;                   /* the devices are those of shadows: what is made is seen by nobody */
	char problems[8192];           /* lines; "": all is well */
	char notes[4096];              /* lines that somebody should know, beside them */
};

/* Says what is wrong, and keeps it: it becomes a remark, and the program fails in the end. */
void stage_problem(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what is no failure. */
void stage_note(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Loads a module of the kernel with the image's modprobe: in the initrd the kernel finds none by itself. What cannot be loaded
 * is missed by whoever needs it. */
void stage_module(const char *name);

/* Whether the device "/dev/…" is there; waits for udev and drivers up to two seconds. */
bool stage_await(const char *device);

/* Sets the device that the node `at` has now. */
void stage_set_device(struct node *node, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
