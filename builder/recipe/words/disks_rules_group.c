/* What is made of several devices, volume groups and arrays: what must hold of them. */
#include <inttypes.h>
#include <string.h>

#include "recipe/words/disks.h"

/* --- members --------------------------------------------------------------------------------------------------------- */

static unsigned disks_group_count(const struct disks_tree *tree, enum recipe_content_type type, const char *name)
{
	unsigned n = 0;

	for (int i = 0; i < tree->n; i++) {
		const struct recipe_content *content = tree->devices[i].content;

		n += content->type == type && strcmp(content->name, name) == 0;
	}
	return n;
}

/* That what a member names is declared. */
static void disks_group_check_member(struct decoder *decoder, const struct disks_device *device)
{
	const struct recipe *recipe = decoder->recipe;
	bool pv = device->content->type == CONTENT_LVM_PV;
	const char *name = device->content->name, *near;
	struct strv known = {0};

	for (size_t i = 0; pv && i < recipe->n_vgs; i++)
		strv_push(decoder->arena, &known, recipe->vgs[i].name);
	for (size_t i = 0; !pv && i < recipe->n_arrays; i++)
		strv_push(decoder->arena, &known, recipe->arrays[i].name);
	if (strv_has(&known, name))
		return;
	near = text_nearest(name, known.items, known.count);
	err_at(decoder->err, -EINVAL, &device->content->pos, device->path, "there is no %s '%s'", pv ? "volume group" : "array",
	       name);
	if (near)
		err_hint(decoder->err, "did you mean '%s'?", near);
	else
		err_hint(decoder->err, pv ? "add it beside 'disk': 'lvm_vg: { %s: { lvs: { … } } }'"
					  : "add it beside 'disk': 'mdadm: { %s: { level: 1, content: { … } } }'", name);
}

/* The disks that a device stands on, one letter of `marks` each. */
static bool *disks_group_disks(struct arena *arena, const struct disks_tree *tree, int device)
{
	bool *marks = disks_tree_below(arena, tree, device);

	for (int i = 0; i < tree->n; i++)
		marks[i] = marks[i] && tree->devices[i].disk;
	return marks;
}

static bool disks_group_overlap(const bool *one, const bool *other, int n)
{
	for (int i = 0; i < n; i++)
		if (one[i] && other[i])
			return true;
	return false;
}

/* --- cycles ---------------------------------------------------------------------------------------------------------- */

static bool disks_group_stands_on_itself(struct arena *arena, const struct disks_tree *tree, int device)
{
	bool *marks = arena_array(arena, bool, (size_t)tree->n);

	for (int other = 0; other < tree->n; other++)
		if (disks_tree_stands_on(tree, device, other))
			disks_tree_mark(tree, other, marks);
	return marks[device];
}

static bool disks_group_check_cycles(struct decoder *decoder, const struct disks_tree *tree)
{
	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];

		if (!(device->lv || device->array) || !disks_group_stands_on_itself(decoder->arena, tree, i))
			continue;
		err_at(decoder->err, -EINVAL, device->pos, device->path, "%s would stand on itself", device->what);
		err_hint(decoder->err, "a member of a group or array must not be made of it");
		return false;
	}
	return true;
}

/* --- what a new image replaces ---------------------------------------------------------------------------------------- */

/* The system's disk is exchanged with each new image, the others are not: what stands on both loses a part. */
static void disks_group_check_split(struct decoder *decoder, const struct disks_tree *tree, int device, const char *what,
					  const struct pos *pos, const char *path, bool redundant)
{
	const bool *disks = disks_group_disks(decoder->arena, tree, device);
	const struct recipe_disk *system = NULL, *other = NULL;

	for (int i = 0; i < tree->n; i++)
		if (disks[i] && disks_is_system(tree->devices[i].disk))
			system = tree->devices[i].disk;
		else if (disks[i])
			other = tree->devices[i].disk;
	if (!system || !other)
		return;
	if (redundant)
		err_warn(decoder->err, pos, path, "%s stands on the system's disk '%s' and on '%s': each new image takes a "
			 "member away",
			 what, system->name, other->name);
	else
		err_at(decoder->err, -EINVAL, pos, path, "%s stands on the system's disk '%s' and on '%s': a new image would "
		       "destroy it",
		       what, system->name, other->name);
	err_hint(decoder->err, "make it of disks that are not the system's");
}

/* --- arrays ---------------------------------------------------------------------------------------------------------- */

static const struct { int64_t level; unsigned members; } levels[] = {{0, 2}, {1, 2}, {4, 3}, {5, 3}, {6, 4}, {10, 2}};

static void disks_group_check_level(struct decoder *decoder, const struct disks_tree *tree, const struct disks_device *device)
{
	const struct recipe_array *array = device->array;
	unsigned n = disks_group_count(tree, CONTENT_MDRAID, array->name);

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (levels[i].level != array->level)
			continue;
		if (n >= levels[i].members)
			return;
		err_at(decoder->err, -EINVAL, &array->pos, device->path,
		       "an array of level %" PRId64 " has at least %u members, this one %u",
		       array->level, levels[i].members, n);
		err_hint(decoder->err, "write 'content: { type: mdraid, name: %s }' at disks or partitions", array->name);
		return;
	}
	err_at(decoder->err, -EINVAL, &array->pos, device->path, "there is no level %" PRId64 " of RAID", array->level);
	err_hint(decoder->err, "levels are 0, 1, 4, 5, 6 and 10");
}

/* Redundancy that goes with one disk is none. */
static void disks_group_check_apart(struct decoder *decoder, const struct disks_tree *tree, int at)
{
	const struct disks_device *device = &tree->devices[at];
	bool *seen = arena_array(decoder->arena, bool, (size_t)tree->n);

	for (int i = 0; i < tree->n; i++) {
		const bool *disks;

		if (!disks_tree_stands_on(tree, at, i))
			continue;
		disks = disks_group_disks(decoder->arena, tree, i);
		if (disks_group_overlap(seen, disks, tree->n)) {
			err_warn(decoder->err, device->pos, device->path,
				 "two members of '%s' are on one disk: when that fails, both are gone", device->array->name);
			err_hint(decoder->err, "put each member on a disk of its own");
			return;
		}
		for (int d = 0; d < tree->n; d++)
			seen[d] |= disks[d];
	}
}

static void disks_group_check_array(struct decoder *decoder, const struct disks_tree *tree, int at)
{
	const struct disks_device *device = &tree->devices[at];

	disks_group_check_level(decoder, tree, device);
	if (device->array->level)
		disks_group_check_apart(decoder, tree, at);
	disks_group_check_split(decoder, tree, at, device->what, device->pos, device->path, device->array->level);
}

/* --- volumes --------------------------------------------------------------------------------------------------------- */

static const struct { const char *type; unsigned members; } lv_types[] = {
	{"striped", 2}, {"raid0", 2}, {"raid1", 2}, {"raid5", 3}, {"raid6", 5}, {"raid10", 4}};

static void disks_group_check_lv_name(struct decoder *decoder, const struct disks_device *device)
{
	static const char *const reserved[] = {"_cdata", "_cmeta", "_corig", "_cvol", "_mlog", "_mimage", "_pmspare", "_rimage",
					       "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin", "_imeta", "_iorig"};
	bool taken = text_has_prefix(device->lv->name, "snapshot") || text_has_prefix(device->lv->name, "pvmove");

	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		taken |= strstr(device->lv->name, reserved[i]) != NULL;
	if (taken)
		err_at(decoder->err, -EINVAL, device->pos, device->path, "LVM keeps the name '%s' for itself",
		       device->lv->name);
}

static void disks_group_check_thin(struct decoder *decoder, const struct disks_device *device)
{
	const struct recipe_lv *lv = device->lv, *pool = NULL;

	for (size_t i = 0; lv->pool && i < device->vg->n_lvs; i++)
		if (strcmp(device->vg->lvs[i].name, lv->pool) == 0 && strcmp(device->vg->lvs[i].type, "thin-pool") == 0)
			pool = &device->vg->lvs[i];
	if (strcmp(lv->type, "thin") != 0) {
		if (lv->pool) {
			err_at(decoder->err, -EINVAL, device->pos, device->path,
			       "only a volume with 'lvm_type: thin' has a 'pool'");
			err_hint(decoder->err, "leave it out, or write 'lvm_type: thin'");
		}
		return;
	}
	if (!lv->pool) {
		err_at(decoder->err, -EINVAL, device->pos, device->path,
		       "'pool' is missing: where a thin volume takes its space from");
		err_hint(decoder->err, "add a volume with 'lvm_type: thin-pool' to the group, and name it here");
	} else if (!pool) {
		err_at(decoder->err, -EINVAL, device->pos, device->path, "'%s' has no volume '%s' with 'lvm_type: thin-pool'",
		       device->vg->name, lv->pool);
	}
	if (lv->percent) {
		err_at(decoder->err, -EINVAL, device->pos, device->path,
		       "a thin volume has a size of its own, which may be more than "
		       "there is");
		err_hint(decoder->err, "write it: 'size: 10G'");
	}
}

static void disks_group_check_lv(struct decoder *decoder, const struct disks_device *device, unsigned members)
{
	const struct recipe_lv *lv = device->lv;

	disks_group_check_lv_name(decoder, device);
	disks_group_check_thin(decoder, device);
	if (strcmp(lv->type, "thin-pool") == 0 && lv->content.type != CONTENT_NONE)
		err_at(decoder->err, -EINVAL, device->pos, device->path, "a pool holds thin volumes, and no 'content'");
	for (size_t i = 0; i < sizeof lv_types / sizeof *lv_types; i++)
		if (strcmp(lv_types[i].type, lv->type) == 0 && members && members < lv_types[i].members) {
			err_at(decoder->err, -EINVAL, device->pos, device->path,
			       "a volume of the type '%s' needs %u devices in the group, which has %u", lv->type,
				       lv_types[i].members,
			       members);
			err_hint(decoder->err, "write 'content: { type: lvm_pv, vg: %s }' at more disks or partitions",
				 device->vg->name);
		}
	for (const struct recipe_lv *before = device->vg->lvs; before < lv; before++)
		if (before->percent == 100 && strcmp(lv->type, "thin") != 0) {
			err_at(decoder->err, -EINVAL, device->pos, device->path,
			       "nothing is left for it: '%s' takes all that is free",
			       before->name);
			err_hint(decoder->err, "give one of them a size");
		}
}

/* Names below /dev that are not for a group. */
static bool disks_group_is_taken(const char *name)
{
	static const char *const taken[] = {"mapper", "disk", "block", "char", "shm", "pts", "fd", "net", "bus", "input", "snd",
					    "dri",
					    "md", "mqueue", "hugepages", "cpu", "vfio", "virtio-ports", "null", "zero", "full",
					    "random", "urandom", "tty", "console", "kmsg", "log", "loop-control", "fuse", "rtc",
					    "stdin", "stdout", "stderr", "core", "ptmx", "initctl", "vda", "vdb", "sda", "sdb"};

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(taken[i], name) == 0)
			return true;
	return false;
}

static void disks_group_check_vg(struct decoder *decoder, const struct disks_tree *tree, const struct recipe_vg *vg)
{
	const char *path = problem_path(decoder->arena, "partitions.lvm_vg", vg->name);
	unsigned members = disks_group_count(tree, CONTENT_LVM_PV, vg->name);
	int first = DISKS_NOTHING;

	if (disks_group_is_taken(vg->name))
		err_at(decoder->err, -EINVAL, &vg->pos, path, "a group cannot be called '%s': its volumes would be below "
		       "'/dev/%s', which is "
		       "another's", vg->name, vg->name);
	if (!members) {
		err_at(decoder->err, -EINVAL, &vg->pos, path, "no device belongs to the group '%s'", vg->name);
		err_hint(decoder->err, "write 'content: { type: lvm_pv, vg: %s }' at a disk or partition", vg->name);
	}
	if (!vg->n_lvs) {
		err_at(decoder->err, -EINVAL, &vg->pos, path, "the group '%s' has no volumes", vg->name);
		err_hint(decoder->err, "add one: 'lvs: { data: { size: 100%%, content: { … } } }'");
	}
	for (int i = 0; i < tree->n; i++) {
		if (tree->devices[i].vg != vg)
			continue;
		first = first == DISKS_NOTHING ? i : first;
		disks_group_check_lv(decoder, &tree->devices[i], members);
	}
	if (first != DISKS_NOTHING)
		disks_group_check_split(decoder, tree, first, arena_printf(decoder->arena, "the group '%s'", vg->name),
					      &vg->pos, path, false);
}

bool disks_check_groups(struct decoder *decoder, const struct disks_tree *tree)
{
	const struct recipe *recipe = decoder->recipe;

	for (int i = 0; i < tree->n; i++) {
		enum recipe_content_type type = tree->devices[i].content->type;

		if (type == CONTENT_LVM_PV || type == CONTENT_MDRAID)
			disks_group_check_member(decoder, &tree->devices[i]);
	}
	if (!disks_group_check_cycles(decoder, tree))
		return false;
	for (size_t i = 0; i < recipe->n_vgs; i++)
		disks_group_check_vg(decoder, tree, &recipe->vgs[i]);
	for (int i = 0; i < tree->n; i++)
		if (tree->devices[i].array)
			disks_group_check_array(decoder, tree, i);
	return true;
}
