/* Which disk has the state of the machine. The rules, which docs/boot.md tells to people:
 *
 *   1. A disk with an ext4 file system labelled STATE_LABEL (on the whole disk, or on a partition of it) is the state. Of
 *      several, the one with the serial number STATE_SERIAL; when that does not tell, none.
 *      A file system beside a system of ours, on its disk, counts only when there is no other.
 *   2. Without one, the partition LABEL_STATE of the system's own disk, as older layouts have it.
 *   3. Without that, a blank disk with the serial number STATE_SERIAL is formatted; without such a disk, the only blank one.
 *   4. Else /var is in memory, and the machine is not well.
 *
 * No rule asks in which order disks were found. */
#ifndef MACHINE_ROOT_STATE_CHOICE_H
#define MACHINE_ROOT_STATE_CHOICE_H

#include "machine/root/media.h"

/* What is smaller is for something else. */
#define STATE_BYTES_MIN (UINT64_C(64) << 20)

enum state_act { STATE_MOUNT, STATE_FORMAT, STATE_MEMORY };

struct state_choice {
	enum state_act act;
	char device[DISK_NAME];        /* to mount or to format */
	bool settled;                  /* no disk that may come later can change it; */
	bool certain;                  /* … or none of those that are usual: a label or a serial number stands for it */
	char problem[400];             /* STATE_MEMORY: why the machine is not well */
	char remark[400];              /* else: what somebody should know; "" for nothing */
};

/* Chooses among `disks` (without the system's); `own` is the system disk's own partition ("" for none). Pure. */
void state_choose(const struct state_disk *disks, size_t n, const char *own, struct state_choice *ret_choice);

#endif
