#include "machine/root/state_choice.h"

#include <stdio.h>
#include <string.h>

#include "contract/agent.h"
#include "contract/image.h"

static bool state_has_label(const struct state_disk *disk)
{
	return *disk->state && !disk->system;
}

/* The state of another system's disk, attached to be looked into, gives way to a disk of its own. */
static bool state_has_label_beside_system(const struct state_disk *disk)
{
	return *disk->state && disk->system;
}

static bool state_has_serial(const struct state_disk *disk)
{
	return strcmp(disk->serial, STATE_SERIAL) == 0;
}

static bool state_has_both(const struct state_disk *disk)
{
	return state_has_label(disk) && state_has_serial(disk);
}

static bool state_can_be_made(const struct state_disk *disk)
{
	return disk->blank && disk->size_bytes >= STATE_BYTES_MIN;
}

/* How many disks there are of a sort; the first of them, and the names of all. */
struct state_some {
	size_t n;
	const struct state_disk *first;
	char names[160];
};

static struct state_some state_filter(const struct state_disk *disks, size_t n, bool (*is)(const struct state_disk *disk))
{
	struct state_some some = {0};
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is(&disks[i]))
			continue;
		if (some.n++ == 0)
			some.first = &disks[i];
		if (used < sizeof some.names)
			used += (size_t)snprintf(some.names + used, sizeof some.names - used, "%s%s", used ? ", " : "",
						 disks[i].name);
	}
	return some;
}

static void state_take(struct state_choice *choice, enum state_act act, const char *device)
{
	choice->act = act;
	strcpy(choice->device, device);
}

/* Rule 1; false when there is no such disk. */
static bool state_choose_labelled(const struct state_disk *disks, size_t n, const char *own, struct state_choice *choice)
{
	struct state_some labelled = state_filter(disks, n, state_has_label), both = state_filter(disks, n, state_has_both);
	struct state_some others = state_filter(disks, n, state_has_label_beside_system);
	const struct state_disk *disk;

	if (labelled.n == 0)
		labelled = others;
	disk = labelled.n == 1 ? labelled.first : both.n == 1 ? both.first : NULL;
	if (labelled.n == 0)
		return false;
	if (!disk) {
		snprintf(choice->problem, sizeof choice->problem,
			 "several disks have a file system labelled '" STATE_LABEL "' (%s): take away all but one, or give "
			 "that one the serial number '" STATE_SERIAL "'", labelled.names);
		return true;
	}
	state_take(choice, STATE_MOUNT, disk->state);
	choice->certain = true;
	choice->settled = state_has_serial(disk);
	if (labelled.n > 1)
		snprintf(choice->remark, sizeof choice->remark,
			 "several disks have a file system labelled '" STATE_LABEL "' (%s): %s is used, because of its serial "
			 "number",
			 labelled.names, disk->name);
	else if (others.n && disk != others.first)
		snprintf(choice->remark, sizeof choice->remark,
			 "/var is on %s; there is another one beside a system, which is not used: %s", disk->state,
			 others.names);
	else if (*own)
		snprintf(choice->remark, sizeof choice->remark,
			 "/var is on %s; what the partition %s of the system's disk has is from before, and is not used",
			 disk->state, own);
	return true;
}

static void state_choose_blank(const struct state_disk *disks, size_t n, struct state_choice *choice)
{
	struct state_some named = state_filter(disks, n, state_has_serial), blank = state_filter(disks, n, state_can_be_made);

	if (named.n > 1) {
		snprintf(choice->problem, sizeof choice->problem,
			 "several disks have the serial number '" STATE_SERIAL "' (%s): take away all but one", named.names);
	} else if (named.n == 1 && state_can_be_made(named.first)) {
		state_take(choice, STATE_FORMAT, named.first->name);
		choice->certain = true;
	} else if (named.n == 1) {
		snprintf(choice->problem, sizeof choice->problem,
			 "%s has the serial number '" STATE_SERIAL "', but it is %s, and was left alone", named.first->name,
			 named.first->size_bytes < STATE_BYTES_MIN ?
				 "smaller than 64 MiB" : "neither blank nor an ext4 file system labelled '" STATE_LABEL "'");
	} else if (blank.n == 1) {
		state_take(choice, STATE_FORMAT, blank.first->name);
	} else if (blank.n > 1) {
		snprintf(choice->problem, sizeof choice->problem,
			 "several disks are blank (%s): give the one for the state the serial number '" STATE_SERIAL "'",
			 blank.names);
	} else {
		snprintf(choice->problem, sizeof choice->problem,
			 "there is no disk for the state: add an empty one, and give it the serial number '" STATE_SERIAL "'");
	}
}

void state_choose(const struct state_disk *disks, size_t n, const char *own, struct state_choice *ret_choice)
{
	*ret_choice = (struct state_choice){.act = STATE_MEMORY};
	if (state_choose_labelled(disks, n, own, ret_choice))
		return;
	if (!*own) {
		state_choose_blank(disks, n, ret_choice);
		return;
	}
	state_take(ret_choice, STATE_MOUNT, own);
	ret_choice->certain = true;
	snprintf(ret_choice->remark, sizeof ret_choice->remark,
		 REMARK_STATE_ON_SYSTEM " (%s), where a new image that is copied to it takes it along: see "
		 "'Moving the state' in docs/boot.md", own);
}
