/* The nodes of a stack, each after all that it stands on: what is on a device follows it, and a group of several devices
 * follows the last of them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "contract/image.h"
#include "contract/stack.h"
#include "plan/config.h"
#include "plan/mounts.h"
#include "plan/stack.h"

/* A device, for what is on it. */
struct nodes_device {
	const char *id;
	const char *label;           /* what a file system on it is called */
	bool in_image;
	bool direct;                 /* mkfs makes its content, and /etc/fstab mounts it by its partition */
	bool grows, late;
};

struct nodes {
	struct arena *arena;
	struct plan *plan;
	const struct stack_groups *groups;
	struct err *err;
};

static void stack_nodes_content(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on);

/* --- one node -------------------------------------------------------------------------------------------------------- */

enum { ID_MOST = 56 }; /* the machine's limit is 64 */

/* An ID of what names it; two that come to the same are told apart by a number. */
static const char *stack_nodes_id(const struct nodes *nodes, const char *text)
{
	char *id = arena_strndup(nodes->arena, text, strnlen(text, ID_MOST));
	const char *unique = id;

	for (char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".-_@", *c))
			*c = '_';
	for (unsigned n = 2; stack_find(&nodes->plan->stack, unique); n++)
		unique = arena_printf(nodes->arena, "%s@%u", id, n);
	return unique;
}

static struct stack_node *stack_nodes_add(struct nodes *nodes, const char *kind, const char *id, const struct nodes_device *on,
					  const struct pos *pos)
{
	struct stack_node *node;

	id = stack_nodes_id(nodes, id);
	node = arena_push(nodes->arena, nodes->plan->stack.nodes, nodes->plan->stack.n_nodes);
	*node = (struct stack_node){.kind = kind, .id = id, .pos = *pos};
	if (!on)
		return node;
	strv_push(nodes->arena, &node->on, on->id);
	node->in_image = on->in_image;
	node->late = on->late;
	return node;
}

static void stack_nodes_word(struct nodes *nodes, struct stack_node *node, const char *key, const char *value)
{
	if (value)
		strv_push(nodes->arena, &node->words, arena_printf(nodes->arena, "%s=%s", key, value));
}

static void stack_nodes_flag(struct nodes *nodes, struct stack_node *node, const char *key, bool set)
{
	if (set)
		strv_push(nodes->arena, &node->words, key);
}

static void stack_nodes_words(struct nodes *nodes, struct stack_node *node, const char *key, const struct strv *values)
{
	for (size_t i = 0; i < values->count; i++)
		stack_nodes_word(nodes, node, key, values->items[i]);
}

static void stack_nodes_number(struct nodes *nodes, struct stack_node *node, const char *key, uint64_t value)
{
	if (value)
		stack_nodes_word(nodes, node, key, arena_printf(nodes->arena, "%" PRIu64, value));
}

/* --- file systems and swap ------------------------------------------------------------------------------------------- */

/* vfat has capital letters, digits and little else. */
static const char *stack_nodes_vfat_label(const struct nodes *nodes, const char *label)
{
	char *capitals = arena_strndup(nodes->arena, label, strnlen(label, 11));

	for (char *c = capitals; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
	return capitals;
}

/* Formats have room for so many bytes. */
static const char *stack_nodes_label(const struct nodes *nodes, const char *format, const char *label)
{
	static const struct { const char *format; size_t most; } formats[] = {
		{"xfs", 12}, {"swap", 15}, {"ext4", 16},
	};

	if (strcmp(format, "vfat") == 0)
		return stack_nodes_vfat_label(nodes, label);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(format, formats[i].format) == 0)
			return arena_strndup(nodes->arena, label, strnlen(label, formats[i].most));
	return label;
}

/* aether-init mounts /var; all else is /etc/fstab's. */
static void stack_nodes_mount(struct nodes *nodes, const struct recipe_content *content,
			      const struct recipe_subvolume *subvolume, const char *fs, const struct nodes_device *on)
{
	const char *mountpoint = subvolume ? subvolume->mountpoint : content->mountpoint;
	const struct strv *options = subvolume ? &subvolume->mount_options : &content->mount_options;
	const struct pos *pos = subvolume ? &subvolume->pos : &content->pos;
	struct stack_node *var;

	if (!mountpoint)
		return;
	if (strcmp(mountpoint, "/var") != 0) {
		if (!on->direct)
			mounts_add_stack(nodes->arena, nodes->plan, content, subvolume,
					 &(struct mounts_device){on->id, on->grows, on->late});
		return;
	}
	var = stack_nodes_add(nodes, STACK_VAR, "var", &(struct nodes_device){.id = fs, .late = on->late}, pos);
	stack_nodes_word(nodes, var, "subvolume", subvolume ? subvolume->name : NULL);
	stack_nodes_word(nodes, var, "options", options->count ? strv_join(nodes->arena, options, ",") : NULL);
}

static void stack_nodes_fs(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on)
{
	struct stack_node *node = stack_nodes_add(nodes, STACK_FS, arena_printf(nodes->arena, "fs-%s", on->id), on,
						  &content->pos);
	const char *fs = node->id, *format = content->type == CONTENT_BTRFS ? "btrfs" : content->format;

	stack_nodes_word(nodes, node, "format", format);
	stack_nodes_word(nodes, node, "label", stack_nodes_label(nodes, format, on->label));
	stack_nodes_words(nodes, node, STACK_ARGUMENT, &content->extra_args);
	stack_nodes_flag(nodes, node, "grow", on->grows && strcmp(format, "vfat") != 0);
	for (size_t i = 0; i < content->n_subvolumes; i++) {
		const struct recipe_subvolume *subvolume = &content->subvolumes[i];
		struct nodes_device in = *on;

		in.id = fs;
		node = stack_nodes_add(nodes, STACK_SUBVOLUME,
				       arena_printf(nodes->arena, "subvolume-%s.%s", on->id, subvolume->name), &in,
				       &subvolume->pos);
		stack_nodes_word(nodes, node, "path", subvolume->name);
		stack_nodes_words(nodes, node, STACK_ARGUMENT, &subvolume->extra_args);
	}
	stack_nodes_mount(nodes, content, NULL, fs, on);
	for (size_t i = 0; i < content->n_subvolumes; i++)
		stack_nodes_mount(nodes, content, &content->subvolumes[i], fs, on);
}

static void stack_nodes_swap(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on)
{
	struct stack_node *node = stack_nodes_add(nodes, STACK_SWAP, arena_printf(nodes->arena, "swap-%s", on->id), on,
						  &content->pos);

	node->in_image &= !content->random_encryption;
	stack_nodes_flag(nodes, node, "random", content->random_encryption);
	if (content->priority >= 0)
		stack_nodes_word(nodes, node, "priority", arena_printf(nodes->arena, "%" PRId64, content->priority));
	stack_nodes_word(nodes, node, "discard", content->discard);
	if (!content->random_encryption)
		stack_nodes_word(nodes, node, "label", stack_nodes_label(nodes, "swap", on->label));
}

/* --- encrypted volumes ------------------------------------------------------------------------------------------------ */

/* The key disk's node comes before all others. */
static void stack_nodes_key(struct nodes *nodes, struct stack_node *node, const struct recipe_luks *luks)
{
	const char *keys[] = {
		luks->tpm2 ? STACK_KEY_TPM2 : NULL, luks->key_file ? STACK_KEY_FILE : NULL,
		luks->key_disk ? STACK_KEY_DISK : NULL, luks->secret ? STACK_KEY_SECRET : NULL,
		luks->console ? STACK_KEY_CONSOLE : NULL,
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		stack_nodes_word(nodes, node, "key", keys[i]);
	stack_nodes_word(nodes, node, "path", luks->key_file);
	stack_nodes_word(nodes, node, "disk", luks->key_disk ? arena_printf(nodes->arena, "disk-%s", luks->key_disk) : NULL);
	stack_nodes_word(nodes, node, "secret", luks->secret);
	stack_nodes_word(nodes, node, "pcrs", luks->pcrs.count ? strv_join(nodes->arena, &luks->pcrs, "+") : NULL);
	stack_nodes_flag(nodes, node, "recovery", luks->recovery_key);
	stack_nodes_flag(nodes, node, "discard", luks->allow_discards);
	stack_nodes_flag(nodes, node, "no-workqueues", luks->bypass_workqueues);
	stack_nodes_words(nodes, node, STACK_ARGUMENT, &luks->format_args);
	stack_nodes_words(nodes, node, STACK_OPEN_ARGUMENT, &luks->open_args);
}

static void stack_nodes_luks(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on)
{
	struct stack_node *node = stack_nodes_add(nodes, STACK_LUKS, arena_printf(nodes->arena, "luks-%s", content->name), on,
						  &content->pos);

	node->late |= content->luks.secret != NULL;
	stack_nodes_word(nodes, node, "name", content->name);
	stack_nodes_key(nodes, node, &content->luks);
	if (content->inner)
		stack_nodes_content(nodes, content->inner, &(struct nodes_device){
			.id = node->id, .label = content->name, .grows = on->grows, .late = node->late,
		});
}

/* --- partition tables -------------------------------------------------------------------------------------------------- */

/* Where a partition begins and ends; 0: nobody knows before the disk is seen. */
struct nodes_extent {
	uint64_t start, end;
};

static struct nodes_extent stack_nodes_place(struct nodes *nodes, const struct recipe_partition *part, uint64_t after)
{
	const uint64_t step = part->alignment > DISK_MIB ? part->alignment : DISK_MIB;
	struct nodes_extent extent = {.start = part->start};

	if (!extent.start && after)
		extent.start = (after + step - 1) / step * step;
	if (part->size && extent.start && !part->grow)
		extent.end = extent.start + part->size;
	else if (part->end && !part->end_from_last)
		extent.end = part->end;
	if (!extent.start)
		err_at(nodes->err, -EINVAL, &part->pos, part->name,
		       "nobody knows where '%s' begins: what is before it has the rest of the disk", part->name);
	else if (extent.end && extent.end <= extent.start)
		err_at(nodes->err, -EINVAL, &part->pos, part->name, "'%s' would end before it begins", part->name);
	return extent;
}

static const char *stack_nodes_part_id(const struct nodes *nodes, const char *device, const char *name)
{
	return arena_printf(nodes->arena, "part-%s.%s",
			    text_has_prefix(device, "disk-") ? device + strlen("disk-") : device, name);
}

static void stack_nodes_part(struct nodes *nodes, const struct recipe_partition *part, size_t number,
			     const struct nodes_extent *extent, const char *device, const struct nodes_device *table)
{
	struct stack_node *node = stack_nodes_add(nodes, STACK_PART, stack_nodes_part_id(nodes, device, part->name), table,
						  &part->pos);
	const uint64_t size = extent->end ? extent->end - extent->start : part->size;

	stack_nodes_number(nodes, node, "number", number);
	stack_nodes_word(nodes, node, "label", part->label);
	stack_nodes_word(nodes, node, "type", layout_type_guid(nodes->arena, part, nodes->err));
	stack_nodes_word(nodes, node, "uuid", part->uuid);
	stack_nodes_number(nodes, node, "start", extent->start);
	stack_nodes_number(nodes, node, "size", part->grow ? 0 : size);
	stack_nodes_number(nodes, node, "before-end", part->end_from_last ? part->end : 0);
	if (part->attributes)
		stack_nodes_word(nodes, node, "attributes", arena_printf(nodes->arena, "%" PRIx64, part->attributes));
	stack_nodes_flag(nodes, node, "grow", part->grow);
	stack_nodes_content(nodes, &part->content, &(struct nodes_device){
		.id = node->id, .label = part->label, .in_image = table->in_image, .grows = part->grow, .late = table->late,
	});
}

static void stack_nodes_gpt(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on)
{
	struct nodes_device table = *on;
	uint64_t after = DISK_MIB;

	table.id = stack_nodes_add(nodes, STACK_GPT, arena_printf(nodes->arena, "gpt-%s", on->id), on, &content->pos)->id;
	for (size_t i = 0; i < content->n_partitions; i++) {
		const struct nodes_extent extent = stack_nodes_place(nodes, &content->partitions[i], after);

		stack_nodes_part(nodes, &content->partitions[i], i + 1, &extent, on->id, &table);
		after = extent.end;
	}
}

/* --- groups of devices -------------------------------------------------------------------------------------------------- */

static void stack_nodes_lv(struct nodes *nodes, const struct recipe_vg *vg, const struct recipe_lv *lv,
			   const struct nodes_device *on)
{
	struct stack_node *node = stack_nodes_add(nodes, STACK_LV,
						  arena_printf(nodes->arena, "lv-%s.%s", vg->name, lv->name), on, &lv->pos);

	stack_nodes_word(nodes, node, "name", lv->name);
	stack_nodes_word(nodes, node, "type", lv->type);
	stack_nodes_number(nodes, node, "size", lv->percent ? 0 : lv->size);
	stack_nodes_number(nodes, node, "percent", (uint64_t)lv->percent);
	stack_nodes_word(nodes, node, "pool", lv->pool);
	stack_nodes_words(nodes, node, STACK_ARGUMENT, &lv->extra_args);
	stack_nodes_content(nodes, &lv->content, &(struct nodes_device){
		.id = node->id, .label = lv->name, .in_image = on->in_image, .grows = on->grows && lv->percent == 100,
		.late = on->late,
	});
}

static struct nodes_device stack_nodes_joined(struct nodes *nodes, const struct stack_group *group, const char *id)
{
	struct stack_node *node = stack_nodes_add(nodes, group->kind, id, NULL, group->pos);

	node->on = group->members;
	node->in_image = !group->on_machine;
	node->late = group->late;
	stack_nodes_word(nodes, node, "name", group->name);
	return (struct nodes_device){.id = node->id, .label = group->name, .in_image = node->in_image, .late = node->late};
}

static void stack_nodes_vg(struct nodes *nodes, const struct stack_group *group)
{
	const struct recipe_vg *vg = group->of;
	struct nodes_device on = stack_nodes_joined(nodes, group, arena_printf(nodes->arena, "vg-%s", vg->name));

	on.grows = group->some_grow;
	for (int thin = 0; thin < 2; thin++) /* after their pools */
		for (size_t i = 0; i < vg->n_lvs; i++)
			if ((vg->lvs[i].pool != NULL) == thin)
				stack_nodes_lv(nodes, vg, &vg->lvs[i], &on);
}

/* An array is as large as its smallest member allows; one of stripes does not grow without being made anew. */
static void stack_nodes_md(struct nodes *nodes, const struct stack_group *group)
{
	const struct recipe_array *array = group->of;
	struct nodes_device on = stack_nodes_joined(nodes, group, arena_printf(nodes->arena, "md-%s", array->name));
	struct stack_node *node = &nodes->plan->stack.nodes[nodes->plan->stack.n_nodes - 1];

	stack_nodes_word(nodes, node, "level", arena_printf(nodes->arena, "%" PRId64, array->level));
	stack_nodes_word(nodes, node, "metadata", array->metadata ? array->metadata : "1.2");
	stack_nodes_words(nodes, node, STACK_ARGUMENT, &array->extra_args);
	on.grows = group->all_grow && array->level != 0 && array->level != 10;
	stack_nodes_content(nodes, &array->content, &on);
}

static void stack_nodes_join(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on)
{
	const bool pv = content->type == CONTENT_LVM_PV;
	struct stack_group *group = stack_group_named(nodes->groups, pv ? STACK_VG : STACK_MD, content->name);

	if (!group)
		return;
	strv_push(nodes->arena, &group->members, on->id);
	group->all_grow &= on->grows;
	group->some_grow |= on->grows;
	group->late |= on->late;
	if (group->members.count < group->n_members)
		return;
	if (pv)
		stack_nodes_vg(nodes, group);
	else
		stack_nodes_md(nodes, group);
}

/* --- all of them ------------------------------------------------------------------------------------------------------- */

static void stack_nodes_content(struct nodes *nodes, const struct recipe_content *content, const struct nodes_device *on)
{
	static void (*const makers[])(struct nodes *, const struct recipe_content *, const struct nodes_device *) = {
		[CONTENT_FILESYSTEM] = stack_nodes_fs, [CONTENT_BTRFS] = stack_nodes_fs, [CONTENT_SWAP] = stack_nodes_swap,
		[CONTENT_LUKS] = stack_nodes_luks, [CONTENT_LVM_PV] = stack_nodes_join, [CONTENT_MDRAID] = stack_nodes_join,
		[CONTENT_GPT] = stack_nodes_gpt,
	};

	if ((size_t)content->type < sizeof makers / sizeof *makers && makers[content->type])
		makers[content->type](nodes, content, on);
}

static void stack_nodes_partition(struct nodes *nodes, const struct recipe_partition *part)
{
	const struct stack_group *group = stack_group_of(nodes->groups, part);
	const bool direct = stack_is_direct(&part->content), in_image = !direct && !group->on_machine &&
									part->content.type != CONTENT_SWAP;
	struct stack_node *node;

	if (!stack_has_place(part))
		return;
	node = stack_nodes_add(nodes, STACK_PLACE, arena_printf(nodes->arena, "place-%s", part->label), NULL, &part->pos);
	node->in_image = in_image;
	stack_nodes_word(nodes, node, "label", part->label);
	stack_nodes_flag(nodes, node, STACK_MADE, in_image || direct);
	stack_nodes_content(nodes, &part->content, &(struct nodes_device){
		.id = node->id, .label = part->label, .in_image = in_image, .direct = direct, .grows = part->grow,
	});
}

static void stack_nodes_disk(struct nodes *nodes, const struct recipe_disk *disk)
{
	struct stack_node *node = stack_nodes_add(nodes, STACK_DISK, arena_printf(nodes->arena, "disk-%s", disk->name), NULL,
						  &disk->pos);

	stack_nodes_word(nodes, node, "serial", disk->serial ? disk->serial : disk->name);
	stack_nodes_word(nodes, node, "role", disk->role);
	stack_nodes_content(nodes, &disk->content, &(struct nodes_device){.id = node->id, .label = disk->name, .grows = true});
}

static void stack_nodes_system(struct nodes *nodes, const struct recipe_disk *disk)
{
	for (size_t i = 0; i < disk->content.n_partitions; i++)
		stack_nodes_partition(nodes, &disk->content.partitions[i]);
}

int stack_nodes_make(struct arena *arena, struct plan *plan, const struct stack_groups *groups, struct err *err)
{
	struct nodes nodes = {.arena = arena, .plan = plan, .groups = groups, .err = err};
	const struct recipe *recipe = plan->recipe;
	const struct recipe_disk *system = recipe_disk(recipe, "system");

	for (int key = 1; key >= 0; key--) { /* keys first: what they open is on the others */
		if (!key)
			stack_nodes_system(&nodes, system);
		for (size_t i = 0; i < recipe->n_disks; i++) {
			const struct recipe_disk *disk = &recipe->disks[i];

			if (disk != system && !stack_is_plain_state(disk) && (strcmp(disk->role, "key") == 0) == key)
				stack_nodes_disk(&nodes, disk);
		}
	}
	for (size_t g = 0; g < groups->count; g++)
		if (groups->items[g].kind && groups->items[g].members.count < groups->items[g].n_members)
			err_at(err, -EINVAL, groups->items[g].pos, groups->items[g].name, "'%s' would stand on itself",
			       groups->items[g].name);
	return err_result(err);
}
