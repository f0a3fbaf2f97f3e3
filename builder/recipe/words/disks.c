/* Disks and partitions: how they are written. What must hold of them is in disks_rules.c. */
#include <string.h>

#include "recipe/words/disks.h"

static const struct rule type_rule = {"a partition type: a GUID, or a code like EF00, EF02, 8300, 8200",
				      "([0-9A-F]{4}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"};
static const struct rule extent_rule = {"a size like 512M or 10G, '100%' or 'auto'",
					"auto|100%|[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?"};
static const struct rule uuid_rule = {"a UUID", "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"};
static const struct rule label_rule = {"a label of at most 36 letters, digits, '-', '_' and '.'", "[A-Za-z0-9_.-]{1,36}"};
static const struct schema schema_size = {.type = VALUE_SIZE};

static int disks_decode_partition_size(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_partition *partition = out;

	if (node->type == NODE_SCALAR && strcmp(node->text, "100%") == 0) {
		partition->grow = true;
		return 0;
	}
	if (node->type == NODE_SCALAR && strcmp(node->text, "auto") == 0)
		return 0;
	if (node->type != NODE_SCALAR || size_parse(node->text, &partition->size) < 0 || partition->size == 0)
		return problem_expected(decoder, node, path, "a size like 512M or 10G, '100%' or 'auto'");
	return 0;
}

static bool disks_made_here(const struct recipe_content *content)
{
	if (content->type == CONTENT_ROOT)
		return strcmp(content->format, "erofs") == 0;
	return strcmp(content->format, "ext4") == 0 || strcmp(content->format, "vfat") == 0;
}

static const char *const format_choices[] = {"ext4", "vfat", "xfs", "btrfs", "f2fs", NULL};
static const char *const root_choices[] = {"erofs", "squashfs", "ext4", NULL};
static const struct schema schema_format = {VALUE_TEXT, .choices = format_choices};
static const struct schema schema_root_format = {VALUE_TEXT, .choices = root_choices};
static const struct schema schema_slots = {VALUE_INT, .min = 1, .max = 2};

static const char *const filesystem_choices[] = {"filesystem", NULL};
static const struct schema schema_filesystem_type = {VALUE_TEXT, .choices = filesystem_choices};
static const struct field filesystem_fields[] = {
	{"type", &schema_filesystem_type, FIELD_EARLY | FIELD_REQUIRED, 0, 0, "what the partition holds"},
	{"format", &schema_format, FIELD_REQUIRED, WORD_OF(recipe_content, format), 0, "file system"},
	{"mountpoint", &word_image_path, 0, WORD_OF(recipe_content, mountpoint), 0, "where it is mounted"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_content, mount_options), 0, "options of mount(8)"},
	{"extraArgs", &word_list, 0, WORD_OF(recipe_content, extra_args), 0, "further arguments of mkfs"},
	WORD_END,
};
static const struct schema schema_filesystem = {VALUE_RECORD, .fields = filesystem_fields};

static const char *const root_type_choices[] = {"root", NULL};
static const struct schema schema_root_type = {VALUE_TEXT, .choices = root_type_choices};
static const struct field root_fields[] = {
	{"type", &schema_root_type, FIELD_EARLY | FIELD_REQUIRED, 0, 0, "what the partition holds"},
	{"format", &schema_root_format, FIELD_REQUIRED, WORD_OF(recipe_content, format), 0,
	 "file system of the immutable root"},
	{"verity", &word_bool, 0, WORD_OF(recipe_content, verity), 0, "verified by dm-verity (true)"},
	{"slots", &schema_slots, 0, WORD_OF(recipe_content, slots), 0,
	 "2: a second partition of the same size for the next image"},
	WORD_END,
};
static const struct schema schema_root = {VALUE_RECORD, .fields = root_fields};

static const struct schema_variant content_variants[] = {
	{"filesystem", &schema_filesystem}, {"root", &schema_root}, {"swap", NULL}, {"btrfs", NULL},
	{"luks", NULL}, {"lvm_pv", NULL}, {"mdraid", NULL}, {0},
};
static const struct schema schema_holds; /* below */

static int disks_refuse_content(struct decoder *decoder, const struct node *type, const char *path)
{
	const char *known[sizeof content_variants / sizeof *content_variants], *near;
	size_t n = 0;

	for (const struct schema_variant *variant = content_variants; variant->type; variant++)
		known[n++] = variant->type;
	near = text_nearest(type->text, known, n);
	err_at(decoder->err, -ENOTSUP, &type->pos, path, "the content type '%s' is not supported", type->text);
	err_hint(decoder->err, near ? "did you mean '%s'?" : "supported types are: filesystem, root", near);
	return -ENOTSUP;
}

static int disks_decode_content(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_content *content = out;
	const struct node *type = node_get(node, "type");
	const struct schema_variant *variant;

	if (node->type == NODE_MAP && !type)
		return err_at(decoder->err, -EINVAL, &node->pos, path, "'type' is missing: what the partition holds");
	if (!type || type->type != NODE_SCALAR)
		return problem_expected(decoder, node, path, "a map with a 'type'");
	variant = schema_variant(&schema_holds, type->text);
	if (!variant)
		return disks_refuse_content(decoder, type, path);
	if (!variant->schema)
		return err_at(decoder->err, -ENOTSUP, &type->pos, path, "the content type '%s' is not yet supported",
			      type->text);
	content->type = strcmp(type->text, "root") == 0 ? CONTENT_ROOT : CONTENT_FILESYSTEM;
	content->verity = content->type == CONTENT_ROOT;
	content->slots = content->type == CONTENT_ROOT;
	decode(decoder, variant->schema, node, path, content);
	if (content->format && !disks_made_here(content))
		return err_at(decoder->err, -ENOTSUP, &node_get(node, "format")->pos, path,
			      "the format '%s' is not yet supported", content->format);
	return err_result(decoder->err);
}

static const struct schema schema_partition_type = {VALUE_TEXT, .rule = &type_rule};
static const struct schema schema_partition_uuid = {VALUE_TEXT, .rule = &uuid_rule};
static const struct schema schema_partition_label = {VALUE_TEXT, .rule = &label_rule};
static const struct schema schema_partition_size = {VALUE_TEXT, .rule = &extent_rule,
						    .decode = disks_decode_partition_size};
static const struct schema schema_holds = {
	VALUE_CONTENT, .variants = content_variants, .decode = disks_decode_content,
};
static const struct schema schema_priority = {VALUE_INT, .min = 0, .max = 10000};

static const struct field partition_fields[] = {
	{"size", &schema_partition_size, 0, 0, 0, "size (from the content); 100% grows to the end of the disk"},
	{"start", &schema_size, 0, WORD_OF(recipe_partition, start), 0, "where it starts (after the previous one)"},
	WORD_LATER("end", "where it ends"),
	{"type", &schema_partition_type, 0, WORD_OF(recipe_partition, type), 0,
	 "partition type: a GUID or a code of sgdisk (8300)"},
	{"label", &schema_partition_label, 0, WORD_OF(recipe_partition, label), 0,
	 "name in the partition table (its key)"},
	{"uuid", &schema_partition_uuid, 0, WORD_OF(recipe_partition, uuid), 0,
	 "partition UUID (derived from the plan)"},
	WORD_LATER("attributes", "attribute bits"),
	{"priority", &schema_priority, 0, WORD_OF(recipe_partition, priority), 0, "order on the disk, lowest first"},
	WORD_LATER("alignment", "alignment in sectors"),
	WORD_LATER("hybrid", "entry in a hybrid MBR"),
	{"grow", &word_bool, 0, WORD_OF(recipe_partition, grow), 0, "grow on the first boot to fill the disk"},
	{"content", &schema_holds, 0, WORD_OF(recipe_partition, content), 0, "content of the partition, depending on its type"},
	WORD_END,
};
static const struct schema schema_partition = {VALUE_RECORD, .fields = partition_fields};
static const struct schema schema_partitions = {
	VALUE_TABLE, .element = &schema_partition, .size = sizeof(struct recipe_partition), .key_rule = &label_rule,
	.key_offset = WORD_OF(recipe_partition, name), .pos_offset = WORD_OF(recipe_partition, pos),
};

static const char *const table_choices[] = {"gpt", NULL};
static const struct schema schema_table_type = {VALUE_TEXT, .choices = table_choices};
static const struct field gpt_fields[] = {
	{"type", &schema_table_type, FIELD_EARLY | FIELD_REQUIRED, 0, 0, "the kind of partition table"},
	{"partitions", &schema_partitions, FIELD_REQUIRED, WORD_OF(recipe_content, partitions),
	 WORD_OF(recipe_content, n_partitions), "by name"},
	WORD_END,
};
static const struct schema schema_gpt = {VALUE_RECORD, .fields = gpt_fields};

static const struct schema_variant disk_variants[] = {{"gpt", &schema_gpt}, {"filesystem", &schema_filesystem}, {0}};

static const struct schema schema_disk_content; /* below */

static int disks_decode_disk(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	const struct node *type = node_get(node, "type");
	struct recipe_content *content = out;

	if (node->type != NODE_MAP || !type || type->type != NODE_SCALAR)
		return problem_expected(decoder, node, path, "a map with a 'type'");
	content->pos = type->pos;
	if (!schema_variant(&schema_disk_content, type->text))
		return disks_refuse_content(decoder, type, path);
	content->type = strcmp(type->text, "filesystem") == 0 ? CONTENT_FILESYSTEM : CONTENT_GPT;
	return decode(decoder, content->type == CONTENT_GPT ? &schema_gpt : &schema_filesystem, node, path, content);
}

static const char *const role_choices[] = {DISK_SYSTEM, DISK_STATE, DISK_DATA, NULL};
static const struct schema schema_role = {VALUE_TEXT, .choices = role_choices};
static const struct schema schema_disk_content = {VALUE_CONTENT, .variants = disk_variants, .decode = disks_decode_disk};

static const struct field disk_fields[] = {
	{"device", &word_line, FIELD_EARLY, 0, 0, "ignored; accepted for compatibility with disko"},
	{"imageSize", &schema_size, 0, WORD_OF(recipe_disk, image_size), 0,
	 "size of the disk image (as small as possible)"},
	{"role", &schema_role, 0, WORD_OF(recipe_disk, role), 0,
	 "`system`: the image; `state`: a disk of the machine's own, made on its first boot; `data`: later"},
	{"content", &schema_disk_content, FIELD_REQUIRED, WORD_OF(recipe_disk, content), 0, "the partition table, or the file system of the whole disk"},
	WORD_END,
};
static const struct schema schema_disk = {VALUE_RECORD, .fields = disk_fields};
static const struct schema schema_disks = {
	VALUE_TABLE, .element = &schema_disk, .size = sizeof(struct recipe_disk), .key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_disk, name), .pos_offset = WORD_OF(recipe_disk, pos),
};
static const struct field layout_fields[] = {
	{"from", &word_line, FIELD_EARLY, 0, 0, "a layout file that this layout extends"},
	{"disk", &schema_disks, FIELD_REQUIRED, WORD_OF(recipe, disks), WORD_OF(recipe, n_disks), "disks by name"},
	WORD_LATER("lvm_vg", "LVM volume groups"),
	WORD_LATER("mdadm", "RAID arrays"),
	WORD_LATER("nodev", "tmpfs and bind mounts"),
	WORD_END,
};

const struct schema word_partitions = {VALUE_RECORD, .fields = layout_fields, .or_file = true,
				       .check = disks_check};
