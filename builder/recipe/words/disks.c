/* Disks and partitions: how they are written. What they hold is in disks_content.c, what must hold of them in disks_rules.c. */
#include <stdlib.h>
#include <string.h>

#include "recipe/words/disks.h"

enum { SECTOR = 512, PRIORITY_MAX = 10000, ATTRIBUTE_MAX = 63, ALIGNMENT_MAX = 1 << 21 /* 1 GiB */ };

static const struct rule type_rule = {"a partition type: a GUID, or a code like EF00, EF02, 8300, 8200",
				      "([0-9A-F]{4}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"};
static const struct rule extent_rule = {"a size like 512M or 10G, '100%' or 'auto'",
					"auto|100%|[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?"};
static const struct rule end_rule = {"a place on the disk like 10G, from its end like -10G, or a size like +10G",
				     "[+-]?[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?"};
static const struct rule uuid_rule = {"a UUID", "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"};
static const struct rule label_rule = {"a label of at most 36 letters, digits, '-', '_' and '.'", "[A-Za-z0-9_.-]{1,36}"};
static const struct rule mbr_rule = {"a partition type of the MBR, like 0x0c", "0x[0-9A-Fa-f]{1,2}"};
static const struct rule serial_rule = {"a serial number: at most 20 letters, digits, '_', '.' and '-'",
					"[A-Za-z0-9_.-]{1,20}"};
const struct schema disks_size = {.type = VALUE_SIZE};

/* --- words of a partition -------------------------------------------------------------------------------------------- */

static int disks_decode_partition_size(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_partition *partition = out;

	if (node->type == NODE_SCALAR && strcmp(node->text, "100%") == 0) {
		partition->grow = true;
		partition->priority = partition->priority < 0 ? DISKS_LAST : partition->priority;
		return 0;
	}
	if (node->type == NODE_SCALAR && strcmp(node->text, "auto") == 0)
		return 0;
	if (node->type != NODE_SCALAR || size_parse(node->text, &partition->size) < 0 || partition->size == 0)
		return problem_expected(decoder, node, path, extent_rule.expected);
	return 0;
}

/* sgdisk's words: `-0` is the end of the disk, `+` a size. */
static int disks_decode_end(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_partition *partition = out;
	const char *text = node->type == NODE_SCALAR ? node->text : "";
	uint64_t bytes;

	if (!decode_matches(&end_rule, text) || size_parse(text + strspn(text, "+-"), &bytes) < 0 ||
	    (bytes == 0 && *text != '-'))
		return problem_expected(decoder, node, path, end_rule.expected);
	if (*text == '+')
		partition->size = bytes;
	else if (bytes == 0)
		partition->grow = true;
	else
		partition->end = bytes;
	partition->end_from_last = *text == '-' && bytes;
	return 0;
}

static const struct schema schema_attribute = {VALUE_INT, .min = 0, .max = ATTRIBUTE_MAX};

static int disks_decode_attributes(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	uint64_t *attributes = out;
	int64_t bit;

	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of bit numbers, 0 to 63");
	for (size_t i = 0; i < node->count; i++)
		if (decode(decoder, &schema_attribute, node->items[i], path, &bit) == 0)
			*attributes |= UINT64_C(1) << bit;
	return err_result(decoder->err);
}

static const struct schema schema_sectors = {VALUE_INT, .min = 0, .max = ALIGNMENT_MAX};

static int disks_decode_alignment(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	int64_t sectors = 0;
	int r = decode(decoder, &schema_sectors, node, path, &sectors);

	if (r < 0)
		return r;
	if (sectors % 2048) {
		err_at(decoder->err, -EINVAL, &node->pos, path, "expected a multiple of 2048 sectors of 512 bytes, found '%s'",
		       node->text);
		return err_hint(decoder->err, "partitions begin at whole MiB here: leave it out, or write 2048, 4096, …");
	}
	*(uint64_t *)out = (uint64_t)sectors * SECTOR;
	return 0;
}

static int disks_decode_mbr_type(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	static const struct schema schema_word = {VALUE_TEXT, .rule = &mbr_rule};
	const char *text;
	int r = decode(decoder, &schema_word, node, path, &text);

	if (r == 0)
		*(uint8_t *)out = (uint8_t)strtoul(text, NULL, 16);
	return r;
}

static const struct schema schema_mbr_type = {VALUE_TEXT, .rule = &mbr_rule, .decode = disks_decode_mbr_type};
static const struct field hybrid_fields[] = {
	{"mbrPartitionType", &schema_mbr_type, FIELD_REQUIRED, WORD_OF(recipe_partition, mbr_type), 0,
	 "type in the MBR, like \"0x0c\""},
	{"mbrBootableFlag", &word_bool, 0, WORD_OF(recipe_partition, mbr_active), 0, "active in the MBR (false)"},
	WORD_END,
};
static const struct schema schema_hybrid_record = {VALUE_RECORD, .fields = hybrid_fields};

static int disks_decode_hybrid(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_partition *partition = out;

	partition->hybrid = true;
	return decode(decoder, &schema_hybrid_record, node, path, partition);
}

/* --- a partition table ----------------------------------------------------------------------------------------------- */

static const struct schema schema_partition_type = {VALUE_TEXT, .rule = &type_rule};
static const struct schema schema_partition_uuid = {VALUE_TEXT, .rule = &uuid_rule};
static const struct schema schema_partition_label = {VALUE_TEXT, .rule = &label_rule};
static const struct schema schema_partition_size = {VALUE_TEXT, .rule = &extent_rule,
						    .decode = disks_decode_partition_size};
static const struct schema schema_end = {VALUE_TEXT, .rule = &end_rule, .decode = disks_decode_end};
static const struct schema schema_attributes = {VALUE_LIST, .element = &schema_attribute, .decode = disks_decode_attributes};
static const struct schema schema_alignment = {VALUE_INT, .min = 0, .max = ALIGNMENT_MAX, .decode = disks_decode_alignment};
static const struct schema schema_hybrid = {VALUE_RECORD, .fields = hybrid_fields, .decode = disks_decode_hybrid};
static const struct schema schema_priority = {VALUE_INT, .min = 0, .max = PRIORITY_MAX};

static const struct schema_refusal partition_refused[] = {
	{"name", "the key is its name, and 'label' what the partition table calls it"},
	{"fs-type", "write 'type: EF00' or another type, and the file system as its 'content'"},
	{"bootable", "write 'type: EF00' for the EFI system partition, 'type: EF02' for a BIOS"},
	{"flags", "write 'type: EF00' for the EFI system partition, 'type: EF02' for a BIOS"},
	DISKS_HOOKS,
	{0},
};
static const struct field partition_fields[] = {
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"size", &schema_partition_size, 0, 0, 0, "size (from the content); 100% grows to the end of the disk"},
	{"start", &disks_size, 0, WORD_OF(recipe_partition, start), 0, "where it starts (after the previous one)"},
	{"end", &schema_end, 0, 0, 0, "where it ends: a place on the disk, `-10G` from its end; in place of `size`"},
	{"type", &schema_partition_type, 0, WORD_OF(recipe_partition, type), 0,
	 "partition type: a GUID or a code of sgdisk (8300)"},
	{"label", &schema_partition_label, 0, WORD_OF(recipe_partition, label), 0,
	 "name in the partition table (its key)"},
	{"uuid", &schema_partition_uuid, 0, WORD_OF(recipe_partition, uuid), 0,
	 "partition UUID (derived from the plan)"},
	{"attributes", &schema_attributes, 0, WORD_OF(recipe_partition, attributes), 0,
	 "attribute bits of the partition table that are set, by their numbers"},
	{"priority", &schema_priority, 0, WORD_OF(recipe_partition, priority), 0, "order on the disk, lowest first"},
	{"alignment", &schema_alignment, 0, WORD_OF(recipe_partition, alignment), 0,
	 "where it may start, in sectors of 512 bytes: a multiple of 2048 (2048)"},
	{"hybrid", &schema_hybrid, 0, 0, 0, "its entry in a hybrid MBR (none)"},
	{"grow", &word_bool, 0, WORD_OF(recipe_partition, grow), 0, "grow on the first boot to fill the disk"},
	{"content", &disks_partition_holds, 0, WORD_OF(recipe_partition, content), 0,
	 "content of the partition, depending on its type"},
	WORD_END,
};
static const struct schema schema_partition = {VALUE_RECORD, .fields = partition_fields, .refused = partition_refused};

static void disks_prepare_partition(void *element)
{
	*(struct recipe_partition *)element = (struct recipe_partition){.priority = -1};
}

static const struct schema schema_partitions = {
	VALUE_TABLE, .element = &schema_partition, .size = sizeof(struct recipe_partition), .key_rule = &label_rule,
	.key_offset = WORD_OF(recipe_partition, name), .pos_offset = WORD_OF(recipe_partition, pos),
	.prepare = disks_prepare_partition,
};

static const struct schema_refusal gpt_refused[] = {
	{"efiGptPartitionFirst", "leave it out: there is one way to write the MBR here"}, DISKS_HOOKS, {0}};
static const char *const table_choices[] = {"gpt", NULL};
static const struct schema schema_table_type = {VALUE_TEXT, .choices = table_choices};
static const struct field gpt_fields[] = {
	{"type", &schema_table_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "the kind of partition table"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"partitions", &schema_partitions, FIELD_REQUIRED, WORD_OF(recipe_content, partitions),
	 WORD_OF(recipe_content, n_partitions), "by name"},
	WORD_END,
};
const struct schema disks_gpt = {VALUE_RECORD, .fields = gpt_fields, .refused = gpt_refused};

/* --- disks, the whole layout ----------------------------------------------------------------------------------------- */

static const char *const role_choices[] = {DISK_SYSTEM, DISK_STATE, DISK_DATA, DISK_KEY, NULL};
static const char *const disk_choices[] = {"disk", NULL};
static const struct schema schema_role = {VALUE_TEXT, .choices = role_choices};
static const struct schema schema_disk_type = {VALUE_TEXT, .choices = disk_choices};
static const struct schema schema_serial = {VALUE_TEXT, .rule = &serial_rule};
static const struct schema_refusal disk_refused[] = {{"name", "the key is its name"}, DISKS_HOOKS, {0}};
static const struct field disk_fields[] = {
	{"type", &schema_disk_type, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"imageSize", &disks_size, 0, WORD_OF(recipe_disk, image_size), 0,
	 "size of the disk image (as small as possible)"},
	{"role", &schema_role, 0, WORD_OF(recipe_disk, role), 0,
	 "`system`: the image; `state`: has /var; `data`: has something else that the machine keeps; `key`: has the key of "
	 "encrypted volumes"},
	{"serial", &schema_serial, 0, WORD_OF(recipe_disk, serial), 0,
	 "serial number by which the machine knows the disk (its name)"},
	{"content", &disks_disk_holds, 0, WORD_OF(recipe_disk, content), 0, "what it holds, depending on its type"},
	WORD_END,
};
static const struct schema schema_disk = {VALUE_RECORD, .fields = disk_fields, .refused = disk_refused};
static const struct schema schema_disks = {
	VALUE_TABLE, .element = &schema_disk, .size = sizeof(struct recipe_disk), .key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_disk, name), .pos_offset = WORD_OF(recipe_disk, pos),
};
static const struct schema_refusal layout_refused[] = {
	{"zpool", "write 'lvm_vg', or 'type: btrfs' with 'subvolumes': Debian's kernel has no ZFS"},
	{"bcachefs_filesystem", "write 'type: btrfs' with 'subvolumes': bcachefs is not in Debian's kernel"},
	{"bcachefs_filesystems", "write 'type: btrfs' with 'subvolumes': bcachefs is not in Debian's kernel"},
	{"bcache", "leave the cache to the hypervisor's storage"},
	{"stratis_pool", "write 'lvm_vg', with 'format: xfs' on its volumes"},
	{0},
};
static const struct field layout_fields[] = {
	{"from", &word_line, FIELD_EARLY, 0, 0, "a layout file that this layout extends"},
	{"disk", &schema_disks, FIELD_REQUIRED, WORD_OF(recipe, disks), WORD_OF(recipe, n_disks), "disks by name"},
	{"lvm_vg", &disks_vgs, 0, WORD_OF(recipe, vgs), WORD_OF(recipe, n_vgs), "LVM volume groups by name"},
	{"mdadm", &disks_arrays, 0, WORD_OF(recipe, arrays), WORD_OF(recipe, n_arrays), "RAID arrays by name"},
	{"nodev", &disks_nodevs, 0, WORD_OF(recipe, nodevs), WORD_OF(recipe, n_nodevs),
	 "mounts without a device, by where they are: memory, and folders that are seen twice"},
	WORD_END,
};

const struct schema word_partitions = {VALUE_RECORD, .fields = layout_fields, .or_file = true, .refused = layout_refused,
				       .check = disks_check};
