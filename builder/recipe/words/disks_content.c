/* What a device holds, by its `type`: how it is written. Encrypted volumes are in disks_luks.c. */
#include <stdlib.h>
#include <string.h>

#include "recipe/words/disks.h"

const struct rule disks_name_rule = {"a name that begins with a letter or digit: letters, digits, '_', '.', '-', at most 63",
				     "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"};
static const struct rule subvolume_rule = {"the path of a subvolume, like @home or a/b",
					   "/?[A-Za-z0-9_@-][A-Za-z0-9_.@-]*(/[A-Za-z0-9_@-][A-Za-z0-9_.@-]*)*"};
static const struct schema schema_name = {VALUE_TEXT, .rule = &disks_name_rule};

static const struct schema_refusal hooks[] = {DISKS_HOOKS, {0}};

/* --- where it is mounted --------------------------------------------------------------------------------------------- */

int disks_refuse_root(struct decoder *decoder, const struct pos *pos, const char *path)
{
	err_at(decoder->err, -ENOTSUP, pos, path, "a root that can be written is not supported: the system is one immutable "
	       "image");
	return err_hint(decoder->err,
			"the system is a partition of its own, 'root: { type: \"8304\", content: { type: root, format: erofs, "
			"slots: 2 } }'; mount this at /var, or at a folder for the data of a service, like /srv");
}

static int disks_content_decode_mountpoint(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	if (node->type == NODE_SCALAR && strcmp(node->text, "/") == 0)
		return disks_refuse_root(decoder, &node->pos, path);
	return decode(decoder, &word_image_path, node, path, out);
}

const struct schema disks_mountpoint = {VALUE_TEXT, .rule = &word_rule_path, .decode = disks_content_decode_mountpoint};

/* --- file systems ---------------------------------------------------------------------------------------------------- */

static const char *const format_choices[] = {"ext4", "vfat", "xfs", "btrfs", "f2fs", NULL};
static const struct schema schema_format = {VALUE_TEXT, .choices = format_choices};
static const char *const filesystem_choices[] = {"filesystem", NULL};
static const struct schema schema_filesystem_type = {VALUE_TEXT, .choices = filesystem_choices};
static const struct field filesystem_fields[] = {
	{"type", &schema_filesystem_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"format", &schema_format, FIELD_REQUIRED, WORD_OF(recipe_content, format), 0, "file system"},
	{"mountpoint", &disks_mountpoint, 0, WORD_OF(recipe_content, mountpoint), 0, "where it is mounted"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_content, mount_options), 0, "options of mount(8)"},
	{"extraArgs", &word_list, 0, WORD_OF(recipe_content, extra_args), 0, "further arguments of mkfs"},
	WORD_END,
};
static const struct schema schema_filesystem = {VALUE_RECORD, .fields = filesystem_fields, .refused = hooks};

static const struct schema_refusal btrfs_refused[] = {
	{"swap", "a partition or a logical volume with 'content: { type: swap }' is what swap stands on here"},
	DISKS_HOOKS,
	{0},
};
static const struct field subvolume_fields[] = {
	{"mountpoint", &disks_mountpoint, 0, WORD_OF(recipe_subvolume, mountpoint), 0, "where it is mounted"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_subvolume, mount_options), 0, "options of mount(8)"},
	{"extraArgs", &word_list, 0, WORD_OF(recipe_subvolume, extra_args), 0, "further arguments of `btrfs subvolume create`"},
	WORD_END,
};
static const struct schema schema_subvolume = {VALUE_RECORD, .fields = subvolume_fields, .refused = btrfs_refused};
static const struct schema schema_subvolumes = {
	VALUE_TABLE, .element = &schema_subvolume, .size = sizeof(struct recipe_subvolume), .key_rule = &subvolume_rule,
	.key_offset = WORD_OF(recipe_subvolume, name), .pos_offset = WORD_OF(recipe_subvolume, pos),
};
static const char *const btrfs_choices[] = {"btrfs", NULL};
static const struct schema schema_btrfs_type = {VALUE_TEXT, .choices = btrfs_choices};
static const struct field btrfs_fields[] = {
	{"type", &schema_btrfs_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"mountpoint", &disks_mountpoint, 0, WORD_OF(recipe_content, mountpoint), 0, "where the whole of it is mounted"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_content, mount_options), 0, "options of mount(8)"},
	{"extraArgs", &word_list, 0, WORD_OF(recipe_content, extra_args), 0, "further arguments of mkfs.btrfs"},
	{"subvolumes", &schema_subvolumes, 0, WORD_OF(recipe_content, subvolumes), WORD_OF(recipe_content, n_subvolumes),
	 "subvolumes by their paths in it"},
	WORD_END,
};
static const struct schema schema_btrfs = {VALUE_RECORD, .fields = btrfs_fields, .refused = btrfs_refused};

/* --- swap ------------------------------------------------------------------------------------------------------------ */

static const struct schema_refusal swap_refused[] = {
	{"resumeDevice", "a machine here does not hibernate: its hypervisor suspends it"}, DISKS_HOOKS, {0}};
static const char *const swap_choices[] = {"swap", NULL}, *const discard_choices[] = {"once", "pages", "both", NULL};
static const struct schema schema_swap_type = {VALUE_TEXT, .choices = swap_choices};
static const struct schema schema_discard = {VALUE_TEXT, .choices = discard_choices};
static const struct schema schema_swap_priority = {VALUE_INT, .min = -1, .max = 32767};
static const struct field swap_fields[] = {
	{"type", &schema_swap_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"randomEncryption", &word_bool, 0, WORD_OF(recipe_content, random_encryption), 0,
	 "encrypted at each boot with a key that nobody keeps (false)"},
	{"priority", &schema_swap_priority, 0, WORD_OF(recipe_content, priority), 0,
	 "which swap is used first, the highest (-1: the kernel's choice)"},
	{"discardPolicy", &schema_discard, 0, WORD_OF(recipe_content, discard), 0,
	 "when the storage is told what is free: `once`, `pages` or `both` (never)"},
	{"extraArgs", &word_list, 0, WORD_OF(recipe_content, extra_args), 0, "further arguments of mkswap"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_content, mount_options), 0, "further options of fstab(5)"},
	WORD_END,
};
static const struct schema schema_swap = {VALUE_RECORD, .fields = swap_fields, .refused = swap_refused};

/* --- the system ------------------------------------------------------------------------------------------------------ */

static const char *const root_choices[] = {"erofs", "squashfs", "ext4", NULL}, *const root_type_choices[] = {"root", NULL};
static const struct schema schema_root_format = {VALUE_TEXT, .choices = root_choices};
static const struct schema schema_slots = {VALUE_INT, .min = 1, .max = 2};
static const struct schema schema_root_type = {VALUE_TEXT, .choices = root_type_choices};
static const struct field root_fields[] = {
	{"type", &schema_root_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"format", &schema_root_format, FIELD_REQUIRED, WORD_OF(recipe_content, format), 0,
	 "file system of the immutable root"},
	{"verity", &word_bool, 0, WORD_OF(recipe_content, verity), 0, "verified by dm-verity (true)"},
	{"slots", &schema_slots, 0, WORD_OF(recipe_content, slots), 0,
	 "2: a second partition of the same size for the next image"},
	WORD_END,
};
static const struct schema schema_root = {VALUE_RECORD, .fields = root_fields};

/* --- a part of something that is made of several --------------------------------------------------------------------- */

static const char *const pv_choices[] = {"lvm_pv", NULL}, *const mdraid_choices[] = {"mdraid", NULL};
static const struct schema schema_pv_type = {VALUE_TEXT, .choices = pv_choices};
static const struct schema schema_mdraid_type = {VALUE_TEXT, .choices = mdraid_choices};
static const struct field pv_fields[] = {
	{"type", &schema_pv_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"vg", &schema_name, FIELD_REQUIRED, WORD_OF(recipe_content, name), 0, "the volume group that it belongs to"},
	WORD_END,
};
static const struct schema schema_pv = {VALUE_RECORD, .fields = pv_fields, .refused = hooks};

static const struct field mdraid_fields[] = {
	{"type", &schema_mdraid_type, FIELD_IGNORED | FIELD_REQUIRED, 0, 0, "what the device holds"},
	{"device", &word_line, FIELD_IGNORED, 0, 0, "ignored; accepted for compatibility with disko"},
	{"name", &schema_name, FIELD_REQUIRED, WORD_OF(recipe_content, name), 0, "the array that it belongs to"},
	WORD_END,
};
static const struct schema schema_mdraid = {VALUE_RECORD, .fields = mdraid_fields, .refused = hooks};

/* --- which of them a device may hold --------------------------------------------------------------------------------- */

#define ZFS_HINT "write 'type: btrfs' with 'subvolumes', or 'type: lvm_pv' with 'lvm_vg': Debian's kernel has no ZFS"
#define BCACHEFS_HINT "write 'type: btrfs' with 'subvolumes': bcachefs is not in Debian's kernel"
#define BCACHE_HINT "leave the cache to the hypervisor's storage, and write 'type: filesystem'"
#define ONLY_SYSTEM_HINT                                                                                                       \
	"the immutable root is a partition of the system's own disk: 'root: { type: \"8304\", content: { type: root, "   \
	"format: erofs } }'"
#define NOT_SUPPORTED                                                                                                          \
	{"zfs", ZFS_HINT}, {"bcachefs", BCACHEFS_HINT}, {"bcache_backing", BCACHE_HINT}, {"bcache_cache", BCACHE_HINT},        \
	{"stratis", "write 'type: lvm_pv' with 'lvm_vg', and 'type: filesystem, format: xfs' on its volumes"},                \
	{"table", "write 'type: gpt', with 'partitions' by name"},                                                             \
	{"hybrid_table", "write 'type: gpt', and 'hybrid: { mbrPartitionType: \"0x0c\" }' at the partitions"},                \
	{"verity", "write 'type: root': the system is verified by dm-verity; other file systems are not"}
#define NO_TABLE                                                                                                               \
	{"gpt", "a partition table is what a disk holds as a whole, or an array ('mdadm'); a volume group ('lvm_vg') divides " \
		"what is below it"}

static const struct schema_refusal partition_refused[] = {NOT_SUPPORTED, NO_TABLE, {0}};
static const struct schema_refusal disk_refused[] = {
	NOT_SUPPORTED,
	{"root", "the immutable root is a partition of the system's disk: write 'type: gpt', and this is one of 'partitions'"},
	{0},
};
static const struct schema_refusal array_refused[] = {
	NOT_SUPPORTED, {"root", ONLY_SYSTEM_HINT}, {"mdraid", "name the disks and partitions in one array"}, {0}};
static const struct schema_refusal volume_refused[] = {
	NOT_SUPPORTED, NO_TABLE, {"root", ONLY_SYSTEM_HINT},
	{"mdraid", "a volume can be redundant by itself: 'lvm_type: raid1'"},
	{"lvm_pv", "name the devices below it in one volume group"}, {0}};
static const struct schema_refusal luks_refused[] = {
	NOT_SUPPORTED,
	{"root", "the immutable root is a partition of the system's own disk, and in the clear: it has no secrets"},
	{"gpt", "write 'type: lvm_pv' and a volume group ('lvm_vg') to have several file systems in one encrypted volume"},
	{"mdraid", "write it the other way round: 'type: mdraid' on the disks, 'type: luks' as the 'content' of the array: one "
		   "key opens it"},
	{"luks", "once is enough"}, {0}};

#define FILES {"filesystem", &schema_filesystem}, {"btrfs", &schema_btrfs}, {"swap", &schema_swap}
#define LUKS {"luks", &disks_luks}
#define PV {"lvm_pv", &schema_pv}
#define MDRAID {"mdraid", &schema_mdraid}
#define ROOT {"root", &schema_root}
#define GPT {"gpt", &disks_gpt}

const struct schema_variant schema_contents[] = {GPT, FILES, LUKS, PV, MDRAID, ROOT, {0}};
static const struct schema_variant partition_variants[] = {FILES, ROOT, LUKS, PV, MDRAID, {0}};
static const struct schema_variant disk_variants[] = {GPT, FILES, LUKS, PV, MDRAID, {0}};
static const struct schema_variant array_variants[] = {GPT, FILES, LUKS, PV, {0}};
static const struct schema_variant volume_variants[] = {FILES, LUKS, {0}};
static const struct schema_variant luks_variants[] = {FILES, PV, {0}};

static int disks_content_of_partition(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return disks_decode_content(decoder, &disks_partition_holds, node, path, out);
}

static int disks_content_of_disk(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return disks_decode_content(decoder, &disks_disk_holds, node, path, out);
}

static int disks_content_of_array(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return disks_decode_content(decoder, &disks_array_holds, node, path, out);
}

static int disks_content_of_volume(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return disks_decode_content(decoder, &disks_volume_holds, node, path, out);
}

static int disks_content_of_luks(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_content *inner = arena_alloc(decoder->arena, sizeof *inner);

	*(struct recipe_content **)out = inner;
	return disks_decode_content(decoder, &disks_luks_holds, node, path, inner);
}

const struct schema disks_partition_holds = {
	VALUE_CONTENT, .variants = partition_variants, .refused = partition_refused, .decode = disks_content_of_partition};
const struct schema disks_disk_holds = {
	VALUE_CONTENT, .variants = disk_variants, .refused = disk_refused, .decode = disks_content_of_disk};
const struct schema disks_array_holds = {
	VALUE_CONTENT, .variants = array_variants, .refused = array_refused, .decode = disks_content_of_array};
const struct schema disks_volume_holds = {
	VALUE_CONTENT, .variants = volume_variants, .refused = volume_refused, .decode = disks_content_of_volume};

const struct schema disks_luks_holds = {
	VALUE_CONTENT, .variants = luks_variants, .refused = luks_refused, .decode = disks_content_of_luks};

/* --- reading it ------------------------------------------------------------------------------------------------------ */

static const struct { const char *name; enum recipe_content_type type; } types[] = {
	{"filesystem", CONTENT_FILESYSTEM}, {"root", CONTENT_ROOT}, {"swap", CONTENT_SWAP}, {"btrfs", CONTENT_BTRFS},
	{"luks", CONTENT_LUKS}, {"lvm_pv", CONTENT_LVM_PV}, {"mdraid", CONTENT_MDRAID}, {"gpt", CONTENT_GPT},
};

static int disks_content_refuse(struct decoder *decoder, const struct schema *schema, const struct node *type, const char *path)
{
	const char *known[sizeof types / sizeof *types + 1], *near, *all = "";
	size_t n = 0;

	err_at(decoder->err, -ENOTSUP, &type->pos, path, "the content type '%s' is not supported here",
	       problem_shown(decoder->arena, type->text));
	for (const struct schema_refusal *other = schema->refused; other->name; other++)
		if (strcmp(other->name, type->text) == 0)
			return err_hint(decoder->err, "%s", other->hint);
	for (const struct schema_variant *variant = schema->variants; variant->type; variant++) {
		known[n++] = variant->type;
		all = arena_printf(decoder->arena, "%s%s%s", all, *all ? ", " : "", variant->type);
	}
	near = text_nearest(type->text, known, n);
	return near ? err_hint(decoder->err, "did you mean '%s'?", near)
		    : err_hint(decoder->err, "supported types are: %s", all);
}

static int disks_content_by_name(const void *a, const void *b)
{
	return strcmp(((const struct recipe_subvolume *)a)->name, ((const struct recipe_subvolume *)b)->name);
}

/* A subvolume after the one that it lies in. */
static void disks_content_settle_subvolumes(struct recipe_content *content)
{
	for (size_t i = 0; i < content->n_subvolumes; i++)
		content->subvolumes[i].name += *content->subvolumes[i].name == '/';
	if (content->n_subvolumes)
		qsort(content->subvolumes, content->n_subvolumes, sizeof *content->subvolumes, disks_content_by_name);
}

int disks_decode_content(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
			 struct recipe_content *content)
{
	const struct node *type = node_get(node, "type");
	const struct schema_variant *variant;

	if (node->type == NODE_MAP && !type)
		return err_at(decoder->err, -EINVAL, &node->pos, path, "'type' is missing: what the device holds");
	if (!type || type->type != NODE_SCALAR)
		return problem_expected(decoder, node, path, "a map with a 'type'");
	variant = schema_variant(schema, type->text);
	if (!variant)
		return disks_content_refuse(decoder, schema, type, path);
	*content = (struct recipe_content){.pos = type->pos, .slots = 1, .verity = true, .priority = -1,
					   .luks = {.recovery_key = true}};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, type->text) == 0)
			content->type = types[i].type;
	decode(decoder, variant->schema, node, path, content);
	if (content->type == CONTENT_BTRFS)
		content->format = "btrfs";
	disks_content_settle_subvolumes(content);
	if (content->type == CONTENT_ROOT && content->format && strcmp(content->format, "erofs") != 0)
		return err_at(decoder->err, -ENOTSUP, &node_get(node, "format")->pos, path,
			      "the format '%s' is not yet supported", content->format);
	return err_result(decoder->err);
}
