/* /var, mounted from its stack before systemd is there. */
#ifndef MACHINE_DISKS_VAR_MOUNTED_H
#define MACHINE_DISKS_VAR_MOUNTED_H

#include "machine/disks/stage.h"

/* Mounts it, grown to its device, and writes STACK_VAR_FILE. What is wrong is a problem of the stage's. */
void var_mount(struct stage *stage);

/* Grows the file systems that stand on nodes which are open, wherever they are mounted: /var, and those that are to grow. */
void var_grow_mounted(struct stage *stage);

#endif
