#include "machine/disks/group_acts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/keys.h"
#include "machine/disks/leaf_disks.h"
#include "machine/disks/programs.h"
#include "machine/disks/publish_shadows.h"
#include "machine/disks/ways.h"
#include "machine/root/media.h"
#include "machine/say.h"

/* --- deciding -------------------------------------------------------------------------------------------------------- */

struct group_count { unsigned blank, there, unfinished, missing, others; };

static struct group_count group_count(const struct nodes *nodes, size_t group)
{
	struct group_count count = {0};

	for (size_t i = 0; i < nodes->n; i++) {
		const struct node *node = &nodes->list[i];

		if (node->group != group)
			continue;
		count.others += !leaf_is(node);
		if (!leaf_is(node))
			continue;
		count.blank += node->state == NODE_BLANK;
		count.unfinished += node->state == NODE_THERE && node->unfinished;
		count.there += node->state == NODE_THERE && !node->unfinished;
		count.missing += node->state == NODE_MISSING || node->state == NODE_FAILED;
	}
	return count;
}

/* Whether all disks and places below the node are in the set. */
static bool group_stands_on(const struct nodes *nodes, size_t at, const bool set[NODES_MAX])
{
	bool below[NODES_MAX];

	nodes_below(nodes, at, below);
	for (size_t i = 0; i <= at; i++)
		if (below[i] && leaf_is(&nodes->list[i]) && !set[i])
			return false;
	return true;
}

/* Whether it is an array that goes on without the blank disk, from another one that is there. */
static bool group_goes_on(const struct nodes *nodes, size_t at, size_t blank)
{
	bool below[NODES_MAX], there = false;

	if (nodes->list[at].kind != NODE_MD || !md_is_redundant(&nodes->list[at]))
		return false;
	nodes_below(nodes, at, below);
	for (size_t i = 0; i <= at; i++)
		there |= below[i] && leaf_is(&nodes->list[i]) && nodes->list[i].state == NODE_THERE;
	return there && below[blank];
}

static bool group_can_repair(const struct nodes *nodes, const struct unit *unit)
{
	for (size_t blank = 0; blank < nodes->n; blank++) {
		bool goes_on = !unit->blank[blank];

		for (size_t at = blank + 1; !goes_on && at < nodes->n; at++)
			goes_on = group_goes_on(nodes, at, blank);
		if (!goes_on)
			return false;
	}
	return true;
}

/* All that stands on the blank ones alone. In the early stage, what needs /var for its key is left for later, and so is what
 * stands on that. */
static void group_choose(const struct nodes *nodes, size_t group, bool early, struct unit *unit)
{
	bool late[NODES_MAX] = {false};

	memset(unit, 0, sizeof *unit);
	for (size_t i = 0; i < nodes->n; i++)
		unit->blank[i] = nodes->list[i].group == group && leaf_is(&nodes->list[i]) && nodes->list[i].state ==
		NODE_BLANK;
	for (size_t i = 0; i < nodes->n; i++) {
		const struct node *node = &nodes->list[i];

		late[i] = node->passed || (early && key_is_late(node));
		for (size_t k = 0; k < node->n_on; k++)
			late[i] |= late[node->on[k]];
		unit->chosen[i] = node->group == group && !leaf_is(node) && !late[i] && group_stands_on(nodes, i, unit->blank);
	}
}

/* The power went while they were written: as long as not one of them has its first block, nothing is there. */
static void group_take_unfinished(struct nodes *nodes, size_t group)
{
	for (size_t i = 0; i < nodes->n; i++) {
		struct node *node = &nodes->list[i];

		if (node->group == group && node->unfinished && node->state == NODE_THERE) {
			node->state = NODE_BLANK;
			node->unfinished = false;
		}
	}
}

enum group_act group_decide(struct nodes *nodes, size_t group, bool early, struct unit *ret_unit)
{
	struct group_count count = group_count(nodes, group);

	if (!count.others)
		return GROUP_NOTHING;
	if (count.unfinished && count.blank && !count.there) {
		group_take_unfinished(nodes, group);
		count = group_count(nodes, group);
	}
	group_choose(nodes, group, early, ret_unit);
	if (!count.blank)
		return GROUP_OPEN;
	if (!count.there && !count.unfinished && !count.missing)
		return memchr(ret_unit->chosen, true, sizeof ret_unit->chosen) ? GROUP_MAKE : GROUP_OPEN;
	return (count.there || count.unfinished) && group_can_repair(nodes, ret_unit) ? GROUP_REPAIR : GROUP_LEAVE;
}

/* --- doing ----------------------------------------------------------------------------------------------------------- */

static void group_finish(struct stage *stage, size_t group)
{
	for (size_t i = 0; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];
		int fd, r;

		if (node->group != group || !node->unfinished || node->state != NODE_THERE)
			continue;
		fd = open(node->device, O_RDWR | O_EXCL | O_CLOEXEC);
		r = fd < 0 ? -1 : publish_finish(fd);
		if (r == 0)
			ioctl(fd, BLKRRPART);
		else
			stage_problem(stage, "%s (%s) cannot be written", leaf_called(node), node->device);
		if (fd >= 0)
			close(fd);
		node->unfinished = false;
	}
}

static void group_leave(struct stage *stage, const struct unit *unit, const struct group_count *count)
{
	for (size_t i = 0; i < stage->nodes.n; i++) {
		const struct node *node = &stage->nodes.list[i];

		if (unit->blank[i])
			stage_problem(stage, "%s (%s) is blank, but %s: nothing is made on it. Connect the disk that was "
				      "there before; or, if "
				      "nothing of it is needed any more, give the machine blank disks for all of its group",
				      leaf_called(node), node->device,
				      count->there ? "others of its group have something on them" : "others of its group are "
				      "missing");
	}
}

/* Members that are whole disks need nothing made: the array writes to them. */
static void group_repair(struct stage *stage, struct unit *unit)
{
	bool any = false;

	for (size_t i = 0; i < stage->nodes.n; i++) {
		bool used = false;

		for (size_t k = 0; unit->blank[i] && k < stage->nodes.n; k++)
			for (size_t on = 0; unit->chosen[k] && on < stage->nodes.list[k].n_on; on++)
				used |= stage->nodes.list[k].on[on] == i;
		unit->blank[i] = used;
		any |= used;
	}
	if (!any || unit_make(stage, unit) < 0)
		return;
	for (size_t i = 0; i < stage->nodes.n; i++)
		stage->nodes.list[i].fresh = unit->chosen[i];
}

void groups_prepare(struct stage *stage)
{
	static struct unit unit;

	for (size_t group = 0; group < stage->nodes.n; group++) {
		struct node *first = &stage->nodes.list[group];
		struct group_count count;
		enum group_act act;

		if (first->group != group || !first->wanted)
			continue;
		act = group_decide(&stage->nodes, group, stage->early, &unit);
		count = group_count(&stage->nodes, group);
		group_finish(stage, group);
		if (act == GROUP_MAKE)
			unit_make(stage, &unit);
		else if (act == GROUP_REPAIR)
			group_repair(stage, &unit);
		else if (act == GROUP_LEAVE)
			group_leave(stage, &unit, &count);
	}
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static bool group_has_bases(const struct stage *stage, const struct node *node)
{
	size_t usable = 0;

	for (size_t i = 0; i < node->n_on; i++) {
		const struct node *base = &stage->nodes.list[node->on[i]];

		usable += node_is_usable(base);
	}
	return node->kind == NODE_VG || node->kind == NODE_MD ? usable > 0 : usable == node->n_on;
}

/* What needed /var for its key was left blank when all around it was made. */
static void group_make_late(struct stage *stage, size_t at)
{
	static struct unit unit;
	const struct node *node = &stage->nodes.list[at], *base = nodes_base(&stage->nodes, node);
	int fd;
	uint64_t bytes = 0;

	if (stage->early || !key_is_late(node) || leaf_is(base))
		return;
	fd = open(base->device, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		bytes = 0;
	if (fd >= 0)
		close(fd);
	if (!bytes || !media_is_blank(base->device, bytes))
		return;
	memset(&unit, 0, sizeof unit);
	unit.blank[node->on[0]] = unit.chosen[at] = true;
	for (size_t i = at + 1; i < stage->nodes.n; i++)
		for (size_t k = 0; !stage->nodes.list[i].passed && k < stage->nodes.list[i].n_on; k++)
			unit.chosen[i] |= unit.chosen[stage->nodes.list[i].on[k]];
	unit_make(stage, &unit);
	stage->nodes.list[node->on[0]].state = NODE_OPEN;
}

static void group_add_members(struct stage *stage, struct node *array)
{
	for (size_t i = 0; i < array->n_on; i++) {
		struct node *base = &stage->nodes.list[array->on[i]];

		if (!*base->device || base->state == NODE_FAILED)
			continue;
		if (base->state == NODE_BLANK) {
			if (md_add(stage, array, base->device) == 0)
				base->state = NODE_THERE;
		} else if (base->fresh) {
			md_add(stage, array, base->device);
		}
	}
}

static bool group_is_top(const struct nodes *nodes, size_t at)
{
	for (size_t i = at + 1; i < nodes->n; i++)
		for (size_t k = 0; k < nodes->list[i].n_on; k++)
			if (nodes->list[i].on[k] == at)
				return false;
	return true;
}

/* A disk that is missing is a failure for what cannot be used without it, and else (it was one of an array's) something to
 * know. */
static void group_tell_missing(struct stage *stage, size_t disk)
{
	bool below[NODES_MAX], used = false;

	for (size_t i = disk + 1; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		nodes_below(&stage->nodes, i, below);
		used |= below[disk] && node->state == NODE_OPEN;
		if (below[disk] && node->state == NODE_FAILED && group_is_top(&stage->nodes, i))
			stage_problem(stage, "%s: it cannot be used without %s, which is not there: connect it, and run "
				      "'systemctl "
				      "restart " STACK_UNIT "' or restart the machine", node->id,
				      leaf_called(&stage->nodes.list[disk]));
	}
	if (used)
		stage_note(stage, "%s is not there: what is on its group's other disks is used without it",
			   leaf_called(&stage->nodes.list[disk]));
}

void groups_open(struct stage *stage)
{
	for (size_t i = 0; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		if (leaf_is(node) || !node->wanted || node->passed || (stage->early && !node->early))
			continue;
		if (!group_has_bases(stage, node)) {
			node->state = NODE_FAILED;
			continue;
		}
		group_make_late(stage, i);
		if (ways_open(stage, node) < 0)
			continue;
		if (node->kind == NODE_MD && md_is_redundant(node))
			group_add_members(stage, node);
		if (ways[node->kind].grow && (node->kind != NODE_LUKS || stage->growing))
			ways[node->kind].grow(stage, node);
	}
	for (size_t i = 0; i < stage->nodes.n; i++)
		if (leaf_is(&stage->nodes.list[i]) && stage->nodes.list[i].state == NODE_MISSING)
			group_tell_missing(stage, i);
}

int group_open_below(struct stage *stage, size_t at, const char *volume)
{
	bool below[NODES_MAX];

	for (size_t i = at + 1; i < stage->nodes.n; i++) {
		const struct node *node = &stage->nodes.list[i];

		if (node->kind != NODE_LUKS || strcmp(node_word(node, "name"), volume) != 0)
			continue;
		nodes_below(&stage->nodes, i, below);
		return below[at] ? ways_open(stage, &stage->nodes.list[at]) : 0;
	}
	return 0;
}
