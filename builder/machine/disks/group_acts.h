/* What is to be done with disks that are connected by what stands on them: all of them, or none.
 *
 *   1. All are blank: what is to be on them is made.
 *   2. None is blank: what is on them is opened.
 *   3. Some are blank, and each of these is a member of an array that goes on without it: what is to be on them alone is made,
 *      and they become members again.
 *   4. Else nothing is made: the blank ones are left alone, and what the others have is opened as far as it goes. */
#ifndef MACHINE_DISKS_GROUP_ACTS_H
#define MACHINE_DISKS_GROUP_ACTS_H

#include "machine/disks/stage.h"
#include "machine/disks/unit.h"

enum group_act { GROUP_NOTHING, GROUP_MAKE, GROUP_OPEN, GROUP_REPAIR, GROUP_LEAVE };

/* Decides for the group, and sets what is to be made (GROUP_MAKE, GROUP_REPAIR). Pure, but for states: a disk that lacks its
 * first block alone counts as blank when others of a group that is not there yet are. */
enum group_act group_decide(struct nodes *nodes, size_t group, bool early, struct unit *ret_unit);

/* Does that for all groups that are wanted. */
void groups_prepare(struct stage *stage);

/* Opens all nodes that are wanted, and grows them; what an array lacks, and is there, becomes its member. */
void groups_open(struct stage *stage);

/* Opens the node `at` if the encrypted volume of that name stands on it, as far as nothing is mounted: for who opens the volume
 * by another key. 0 or -errno. */
int group_open_below(struct stage *stage, size_t at, const char *volume);

#endif
