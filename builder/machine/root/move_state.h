/* Moving the state from the system's disk to one of its own, when that was asked for (STATE_MOVE_FILE): before any service
 * has a file open in it. */
#ifndef MACHINE_ROOT_MOVE_STATE_H
#define MACHINE_ROOT_MOVE_STATE_H

#include <stdbool.h>

#include "machine/root/state_choice.h"

/* Whether it was asked for in the state that is mounted at `var`. */
bool move_is_wanted(const char *var);

/* The disk to move to: one that an interrupted move has begun with, else the blank one that would become the state of a
 * machine without any. False when there is none, and `why` says so. Pure. */
bool move_choose(const struct state_disk *disks, size_t n, struct state_choice *ret_choice, char *why, size_t size);

/* Copies /var of the root at `at` to the chosen disk, and gives that its label when all is there; cut off before, the next
 * start goes on. The old state stays mounted. 0, or -errno and it was said why. The request is gone then. */
int move_state(const char *at, const struct state_choice *choice);

#endif
