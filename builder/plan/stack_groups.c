/* Where what stands on disks is made. The image has the system's disk alone, and no key: whatever has a member on another disk
 * or an encrypted volume in it is made by the machine on its first boot, whole. */
#include <errno.h>
#include <string.h>

#include "contract/image.h"
#include "contract/stack.h"
#include "plan/stack.h"

typedef void stack_groups_visit(void *data, const struct recipe_content *content);

static void stack_groups_walk(const struct recipe_content *content, stack_groups_visit *visit, void *data)
{
	visit(data, content);
	if (content->inner)
		stack_groups_walk(content->inner, visit, data);
	for (size_t i = 0; i < content->n_partitions; i++)
		stack_groups_walk(&content->partitions[i].content, visit, data);
}

/* --- which there are ------------------------------------------------------------------------------------------------- */

static bool stack_groups_is_system(const struct recipe *recipe, const struct recipe_disk *disk)
{
	return disk == recipe_disk(recipe, "system");
}

bool stack_is_plain_state(const struct recipe_disk *disk)
{
	const struct recipe_content *content = &disk->content;

	return (!disk->serial || strcmp(disk->serial, STATE_SERIAL) == 0) && strcmp(disk->role, "state") == 0 &&
	       content->type == CONTENT_FILESYSTEM && content->format && strcmp(content->format, "ext4") == 0 &&
	       content->mount_options.count == 0;
}

bool stack_is_direct(const struct recipe_content *content)
{
	return content->type == CONTENT_FILESYSTEM || content->type == CONTENT_BTRFS || content->type == CONTENT_ROOT ||
	       (content->type == CONTENT_SWAP && !content->random_encryption);
}

static bool stack_groups_has_var(const struct recipe_content *content)
{
	if (content->mountpoint && strcmp(content->mountpoint, "/var") == 0)
		return true;
	for (size_t i = 0; i < content->n_subvolumes; i++)
		if (content->subvolumes[i].mountpoint && strcmp(content->subvolumes[i].mountpoint, "/var") == 0)
			return true;
	return false;
}

/* The state as machines have had it from the beginning: aether-init finds it by its label. */
static bool stack_groups_is_plain_var(const struct recipe_partition *partition)
{
	return strcmp(partition->label, LABEL_STATE) == 0 && partition->content.type == CONTENT_FILESYSTEM &&
	       strcmp(partition->content.format, "ext4") == 0 && partition->content.mount_options.count == 0;
}

bool stack_has_place(const struct recipe_partition *partition)
{
	const struct recipe_content *content = &partition->content;

	if (content->type == CONTENT_NONE)
		return false;
	return !stack_is_direct(content) || (stack_groups_has_var(content) && !stack_groups_is_plain_var(partition));
}

bool stack_is_needed(const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->n_disks; i++) {
		const struct recipe_disk *disk = &recipe->disks[i];

		if (!stack_groups_is_system(recipe, disk) && disk->content.type != CONTENT_NONE && !stack_is_plain_state(disk))
			return true;
		for (size_t p = 0; stack_groups_is_system(recipe, disk) && p < disk->content.n_partitions; p++)
			if (stack_has_place(&disk->content.partitions[p]))
				return true;
	}
	return false;
}

static void stack_groups_add(struct arena *arena, struct stack_groups *groups, const void *of, const char *kind,
			     const char *name, const struct pos *pos)
{
	*arena_push(arena, groups->items, groups->count) = (struct stack_group){
		.of = of, .kind = kind, .name = name, .pos = pos, .all_grow = true,
	};
}

static void stack_groups_collect(struct arena *arena, const struct recipe *recipe, struct stack_groups *groups)
{
	for (size_t i = 0; i < recipe->n_disks; i++) {
		const struct recipe_disk *disk = &recipe->disks[i];

		if (!stack_groups_is_system(recipe, disk)) {
			stack_groups_add(arena, groups, disk, NULL, NULL, &disk->pos);
			groups->items[groups->count - 1].on_machine = true;
			continue;
		}
		for (size_t p = 0; p < disk->content.n_partitions; p++)
			stack_groups_add(arena, groups, &disk->content.partitions[p], NULL, NULL,
					 &disk->content.partitions[p].pos);
	}
	for (size_t i = 0; i < recipe->n_vgs; i++)
		stack_groups_add(arena, groups, &recipe->vgs[i], STACK_VG, recipe->vgs[i].name, &recipe->vgs[i].pos);
	for (size_t i = 0; i < recipe->n_arrays; i++)
		stack_groups_add(arena, groups, &recipe->arrays[i], STACK_MD, recipe->arrays[i].name, &recipe->arrays[i].pos);
}

struct stack_group *stack_group_of(const struct stack_groups *groups, const void *of)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i].of == of)
			return &groups->items[i];
	return NULL;
}

struct stack_group *stack_group_named(const struct stack_groups *groups, const char *kind, const char *name)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i].kind && strcmp(groups->items[i].kind, kind) == 0 &&
		    strcmp(groups->items[i].name, name) == 0)
			return &groups->items[i];
	return NULL;
}

/* --- where each is made ---------------------------------------------------------------------------------------------- */

/* What is in a group, while it is looked at. */
struct groups_look {
	const struct stack_groups *groups;
	struct stack_group *own;
	bool changed;
	struct err *err;             /* NULL: members are not counted */
};

static struct stack_group *stack_groups_joined(const struct groups_look *look, const struct recipe_content *content)
{
	if (content->type != CONTENT_LVM_PV && content->type != CONTENT_MDRAID)
		return NULL;
	return stack_group_named(look->groups, content->type == CONTENT_LVM_PV ? STACK_VG : STACK_MD, content->name);
}

static void stack_groups_count(void *data, const struct recipe_content *content)
{
	struct groups_look *look = data;
	struct stack_group *joined = stack_groups_joined(look, content);

	if (content->type == CONTENT_LUKS)
		look->own->on_machine = true;
	if (joined)
		joined->n_members++;
	else if (content->type == CONTENT_LVM_PV || content->type == CONTENT_MDRAID)
		err_at(look->err, -ENOENT, &content->pos, NULL, "there is no %s '%s'",
		       content->type == CONTENT_LVM_PV ? "volume group" : "array", content->name);
}

static void stack_groups_spread(void *data, const struct recipe_content *content)
{
	struct groups_look *look = data;
	struct stack_group *joined = stack_groups_joined(look, content);

	if (!joined || joined->on_machine == look->own->on_machine)
		return;
	joined->on_machine = look->own->on_machine = true;
	look->changed = true;
}

/* Looks at all that is in a group, but not at what is in the groups that it is a member of. */
static void stack_groups_look(const struct recipe *recipe, struct groups_look *look, stack_groups_visit *visit)
{
	for (size_t g = 0; g < look->groups->count; g++) {
		const void *of = (look->own = &look->groups->items[g])->of;

		for (size_t i = 0; i < recipe->n_disks; i++) {
			const struct recipe_disk *disk = &recipe->disks[i];

			if (of == disk)
				stack_groups_walk(&disk->content, visit, look);
			for (size_t p = 0; p < disk->content.n_partitions; p++)
				if (of == &disk->content.partitions[p])
					stack_groups_walk(&disk->content.partitions[p].content, visit, look);
		}
		for (size_t i = 0; i < recipe->n_vgs; i++)
			for (size_t v = 0; of == &recipe->vgs[i] && v < recipe->vgs[i].n_lvs; v++)
				stack_groups_walk(&recipe->vgs[i].lvs[v].content, visit, look);
		for (size_t i = 0; i < recipe->n_arrays; i++)
			if (of == &recipe->arrays[i])
				stack_groups_walk(&recipe->arrays[i].content, visit, look);
	}
}

int stack_groups_make(struct arena *arena, const struct recipe *recipe, struct stack_groups *ret_groups, struct err *err)
{
	struct groups_look look = {.groups = ret_groups, .err = err};

	*ret_groups = (struct stack_groups){0};
	stack_groups_collect(arena, recipe, ret_groups);
	stack_groups_look(recipe, &look, stack_groups_count);
	do {
		look.changed = false;
		stack_groups_look(recipe, &look, stack_groups_spread);
	} while (look.changed);
	return err_result(err);
}
