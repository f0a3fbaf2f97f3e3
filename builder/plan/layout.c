/* The disk: the recipe's partitions in the words of formats, each with its identity; and what grows there (repart.d(5)). */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "contract/image.h"
#include "plan/config.h"
#include "plan/mounts.h"
#include "plan/stack.h"

/* The codes of sgdisk(8) that stand for types of the GPT (UAPI group, "Discoverable Partitions Specification"). */
static const struct { const char *code, *guid; } types[] = {
	{"0700", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"}, /* basic data: vfat */
	{"8200", "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"}, /* swap */
	{"8300", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"}, /* Linux file system */
	{"8302", "933AC7E1-2EB4-4F13-B844-0E14E2AEF915"}, /* /home */
	{"8304", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"}, /* root, x86-64 */
	{"8306", "3B8F8425-20E0-4F3B-907F-1A25A76F98E8"}, /* /srv */
	{"8310", "4D21B016-B534-45C2-A9FB-5C16E091FD2D"}, /* /var */
	{"8311", "7EC6F557-3BC5-4ACA-B293-16EF5DF639D1"}, /* /var/tmp */
	{"EF00", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"}, /* EFI system partition */
	{"EF02", "21686148-6449-6E6F-744E-656564454649"}, /* BIOS boot partition */
};
enum { N_TYPES = sizeof types / sizeof *types };

static const char *plan_layout_upper(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return copy;
}

const char *layout_type_guid(struct arena *arena, const struct recipe_partition *from, struct err *err)
{
	const char *codes[N_TYPES], *near;

	if (strlen(from->type) > 4)
		return plan_layout_upper(arena, from->type);
	for (size_t i = 0; i < N_TYPES; i++) {
		if (strcmp(types[i].code, from->type) == 0)
			return types[i].guid;
		codes[i] = types[i].code;
	}
	near = text_nearest(from->type, codes, N_TYPES);
	err_at(err, -EINVAL, &from->pos, from->name, "unknown partition type '%s'", from->type);
	err_hint(err, near ? "did you mean '%s'? A GUID is accepted too" : "write the GUID of the type", near);
	return NULL;
}

static bool plan_layout_is_type(const char *guid, const char *code)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (strcmp(types[i].code, code) == 0)
			return strcmp(types[i].guid, guid) == 0;
	return false;
}

static enum disk_content plan_layout_format(const char *format, const char *type)
{
	static const struct { const char *format; enum disk_content content; } formats[] = {
		{"ext4", DISK_EXT4}, {"xfs", DISK_XFS}, {"btrfs", DISK_BTRFS}, {"f2fs", DISK_F2FS},
	};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].format, format) == 0)
			return formats[i].content;
	return plan_layout_is_type(type, "EF00") ? DISK_ESP : DISK_VFAT;
}

/* What the machine makes on its first boot is empty in the image. */
static enum disk_content plan_layout_content_of(const struct recipe_partition *from, const struct stack_node *node,
						const char *type)
{
	if (node && !stack_is_direct(&from->content))
		return node->in_image ? DISK_STACK : DISK_EMPTY;
	switch (from->content.type) {
	case CONTENT_ROOT:
		return DISK_ROOT;
	case CONTENT_FILESYSTEM:
		return plan_layout_format(from->content.format, type);
	case CONTENT_BTRFS:
		return DISK_BTRFS;
	case CONTENT_SWAP:
		return DISK_SWAP;
	default:
		return plan_layout_is_type(type, "EF02") ? DISK_BIOS_BOOT : DISK_EMPTY;
	}
}

static struct disk_hybrid plan_layout_hybrid(const struct recipe_partition *from)
{
	return (struct disk_hybrid){from->hybrid, from->hybrid && from->mbr_active, from->hybrid ? from->mbr_type : 0};
}

/* A parent before what is in it. */
static struct strv plan_layout_subvolumes(struct arena *arena, const struct recipe_content *content)
{
	struct strv paths = {0};

	for (size_t i = 0; i < content->n_subvolumes; i++)
		strv_push(arena, &paths, content->subvolumes[i].name);
	strv_sort(&paths);
	return paths;
}

static struct disk_partition *plan_layout_add(struct arena *arena, struct plan *plan,
					      const struct recipe_partition *from, const char *type, const char *label)
{
	struct disk_partition *part = arena_push(arena, plan->layout.partitions, plan->layout.n_partitions);
	const struct stack_node *node = stack_find(&plan->stack, arena_printf(arena, "place-%s", label));
	char uuid[37];

	disk_uuid(plan->seed, arena_printf(arena, "partition %s", label), uuid);
	*part = (struct disk_partition){
		.label = label,
		.type = type,
		.uuid = from->uuid ? plan_layout_upper(arena, from->uuid) : arena_strdup(arena, uuid),
		.attributes = from->attributes,
		.start = from->start,
		.size = from->size,
		.end = from->end_from_last ? 0 : from->end,
		.before_end = from->end_from_last ? from->end : 0,
		.alignment = from->alignment,
		.content = plan_layout_content_of(from, node, type),
		.mkfs_arguments = from->content.extra_args,
		.subvolumes = plan_layout_subvolumes(arena, &from->content),
		.node = node && !stack_is_direct(&from->content) ? node->id : NULL,
		.mountpoint = from->content.type == CONTENT_FILESYSTEM ? from->content.mountpoint : NULL,
		.hybrid = plan_layout_hybrid(from),
		.pos = from->pos,
	};
	return part;
}

/* A root with two slots is two partitions of one kind; the second waits for the next image. */
static int plan_layout_add_partition(struct arena *arena, struct plan *plan, const struct recipe_partition *from,
				     struct err *err)
{
	const char *type = layout_type_guid(arena, from, err);
	struct disk_partition *spare;

	if (!type)
		return -EINVAL;
	if (from->content.type != CONTENT_ROOT || from->content.slots < 2) {
		plan_layout_add(arena, plan, from, type, from->label);
		return 0;
	}
	plan_layout_add(arena, plan, from, type, arena_printf(arena, "%s-a", from->label));
	if (from->uuid)
		return err_at(err, -EINVAL, &from->pos, from->name,
			      "two slots cannot have the same 'uuid'; leave it out");
	spare = plan_layout_add(arena, plan, from, type, arena_printf(arena, "%s-b", from->label));
	spare->start = spare->end = spare->before_end = 0;
	spare->content = DISK_ROOT_SPARE;
	return 0;
}

/* repart.d(5): what grows. Partitions without a file are left alone. */
static void plan_layout_put_grow(struct arena *arena, struct plan *plan, const struct recipe_partition *from,
				 struct err *err)
{
	const struct disk_partition *part = &plan->layout.partitions[plan->layout.n_partitions - 1];

	if (!from->grow || config_needs(plan, "systemd-repart", &from->pos, "'grow'", err) < 0)
		return;
	config_put(arena, plan, arena_printf(arena, "/usr/lib/repart.d/50-%s.conf", part->label), 0644, &from->pos,
		   arena_printf(arena, "# Grows to the end of the disk.\n[Partition]\nType=%s\nLabel=%s\n", part->type,
				part->label));
}

int layout_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe_disk *disk = recipe_disk(plan->recipe, "system");

	if (!disk)
		return 0;
	plan->state_on = recipe_disk(plan->recipe, "state") ? IMAGE_STATE_DISK : NULL;
	plan->layout.size_bytes = disk->image_size;
	for (size_t i = 0; i < disk->content.n_partitions; i++) {
		const struct recipe_partition *from = &disk->content.partitions[i];

		if (plan_layout_add_partition(arena, plan, from, err) < 0)
			continue;
		if (from->content.mountpoint && strcmp(from->content.mountpoint, "/var") == 0)
			plan->state_on = IMAGE_STATE_PARTITION;
		plan_layout_put_grow(arena, plan, from, err);
		mounts_add_partition(arena, plan, from, &plan->layout.partitions[plan->layout.n_partitions - 1]);
	}
	if (stack_find(&plan->stack, "var"))
		plan->state_on = IMAGE_STATE_STACK;
	return err_result(err);
}
