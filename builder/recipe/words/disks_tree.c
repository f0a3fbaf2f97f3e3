/* The devices of a layout: what stands on what. */
#include <string.h>

#include "recipe/words/disks.h"

/* --- all of them ----------------------------------------------------------------------------------------------------- */

struct growing {
	struct arena *arena;
	struct disks_device *devices;
	size_t n;
};

static void disks_tree_add(struct growing *tree, struct disks_device device);

static void disks_tree_add_partitions(struct growing *tree, const struct recipe_content *table, int on, const char *path)
{
	for (size_t i = 0; i < table->n_partitions; i++) {
		struct recipe_partition *partition = &table->partitions[i];

		disks_tree_add(tree, (struct disks_device){
			.content = &partition->content, .partition = partition, .on = on, .pos = &partition->pos,
			.what = arena_printf(tree->arena, "the partition '%s'", partition->name),
			.path = arena_printf(tree->arena, "%s.content.partitions.%s", path, partition->name)});
	}
}

static void disks_tree_add(struct growing *tree, struct disks_device device)
{
	int at = (int)tree->n;
	struct recipe_content *content = device.content;

	*arena_push(tree->arena, tree->devices, tree->n) = device;
	if (content->type == CONTENT_GPT)
		disks_tree_add_partitions(tree, content, at, device.path);
	if (content->type == CONTENT_LUKS && content->inner)
		disks_tree_add(tree, (struct disks_device){
			.content = content->inner, .on = at, .pos = &content->pos,
			.what = arena_printf(tree->arena, "the encrypted volume '%s'", content->name),
			.path = arena_printf(tree->arena, "%s.content", device.path)});
}

static void disks_tree_add_group(struct growing *tree, struct recipe_vg *vg)
{
	for (size_t i = 0; i < vg->n_lvs; i++)
		disks_tree_add(tree, (struct disks_device){
			.content = &vg->lvs[i].content, .vg = vg, .lv = &vg->lvs[i], .on = DISKS_NOTHING,
				.pos = &vg->lvs[i].pos,
			.what = arena_printf(tree->arena, "the volume '%s/%s'", vg->name, vg->lvs[i].name),
			.path = arena_printf(tree->arena, "partitions.lvm_vg.%s.lvs.%s", vg->name, vg->lvs[i].name)});
}

struct disks_tree disks_tree_make(struct arena *arena, const struct recipe *recipe)
{
	struct growing tree = {.arena = arena};

	for (size_t i = 0; i < recipe->n_disks; i++)
		disks_tree_add(&tree, (struct disks_device){
			.content = &recipe->disks[i].content, .disk = &recipe->disks[i], .on = DISKS_NOTHING,
			.pos = &recipe->disks[i].pos, .what = arena_printf(arena, "the disk '%s'", recipe->disks[i].name),
			.path = arena_printf(arena, "partitions.disk.%s", recipe->disks[i].name)});
	for (size_t i = 0; i < recipe->n_vgs; i++)
		disks_tree_add_group(&tree, &recipe->vgs[i]);
	for (size_t i = 0; i < recipe->n_arrays; i++)
		disks_tree_add(&tree, (struct disks_device){
			.content = &recipe->arrays[i].content, .array = &recipe->arrays[i], .on = DISKS_NOTHING,
			.pos = &recipe->arrays[i].pos, .what = arena_printf(arena, "the array '%s'", recipe->arrays[i].name),
			.path = arena_printf(arena, "partitions.mdadm.%s", recipe->arrays[i].name)});
	return (struct disks_tree){tree.devices, (int)tree.n};
}

/* --- what stands on what --------------------------------------------------------------------------------------------- */

bool disks_tree_stands_on(const struct disks_tree *tree, int i, int other)
{
	const struct disks_device *device = &tree->devices[i];
	const struct recipe_content *member = tree->devices[other].content;

	if (device->on == other)
		return true;
	if (!member->name)
		return false;
	return (device->lv && member->type == CONTENT_LVM_PV && strcmp(member->name, device->vg->name) == 0) ||
	       (device->array && member->type == CONTENT_MDRAID && strcmp(member->name, device->array->name) == 0);
}

void disks_tree_mark(const struct disks_tree *tree, int device, bool *marks)
{
	if (marks[device])
		return;
	marks[device] = true;
	for (int other = 0; other < tree->n; other++)
		if (!marks[other] && disks_tree_stands_on(tree, device, other))
			disks_tree_mark(tree, other, marks);
}

bool *disks_tree_below(struct arena *arena, const struct disks_tree *tree, int device)
{
	bool *marks = arena_array(arena, bool, (size_t)tree->n + 1);

	if (device != DISKS_NOTHING)
		disks_tree_mark(tree, device, marks);
	return marks;
}

static bool disks_tree_is_at(const char *mountpoint, const char *wanted)
{
	return mountpoint && strcmp(mountpoint, wanted) == 0;
}

int disks_tree_mounted(const struct disks_tree *tree, const char *mountpoint)
{
	for (int i = 0; i < tree->n; i++) {
		const struct recipe_content *content = tree->devices[i].content;

		if (disks_tree_is_at(content->mountpoint, mountpoint))
			return i;
		for (size_t s = 0; s < content->n_subvolumes; s++)
			if (disks_tree_is_at(content->subvolumes[s].mountpoint, mountpoint))
				return i;
	}
	return DISKS_NOTHING;
}
