/* Partitions: what they hold, their order, their labels, and what a machine cannot start without. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recipe/words/mount_options.h"
#include "recipe/words/words.h"

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

static bool disks_made_here(const struct recipe_partition *partition)
{
	if (partition->content == CONTENT_ROOT)
		return strcmp(partition->format, "erofs") == 0;
	return strcmp(partition->format, "ext4") == 0 || strcmp(partition->format, "vfat") == 0;
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
	{"format", &schema_format, FIELD_REQUIRED, WORD_OF(recipe_partition, format), 0, "file system"},
	{"mountpoint", &word_image_path, 0, WORD_OF(recipe_partition, mountpoint), 0, "where it is mounted"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_partition, mount_options), 0, "options of mount(8)"},
	{"extraArgs", &word_list, 0, WORD_OF(recipe_partition, extra_args), 0, "further arguments of mkfs"},
	WORD_END,
};
static const struct schema schema_filesystem = {VALUE_RECORD, .fields = filesystem_fields};

static const char *const root_type_choices[] = {"root", NULL};
static const struct schema schema_root_type = {VALUE_TEXT, .choices = root_type_choices};
static const struct field root_fields[] = {
	{"type", &schema_root_type, FIELD_EARLY | FIELD_REQUIRED, 0, 0, "what the partition holds"},
	{"format", &schema_root_format, FIELD_REQUIRED, WORD_OF(recipe_partition, format), 0,
	 "file system of the immutable root"},
	{"verity", &word_bool, 0, WORD_OF(recipe_partition, verity), 0, "verified by dm-verity (true)"},
	{"slots", &schema_slots, 0, WORD_OF(recipe_partition, slots), 0,
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
	struct recipe_partition *partition = out;
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
	partition->content = strcmp(type->text, "root") == 0 ? CONTENT_ROOT : CONTENT_FILESYSTEM;
	partition->verity = partition->content == CONTENT_ROOT;
	partition->slots = partition->content == CONTENT_ROOT;
	decode(decoder, variant->schema, node, path, partition);
	if (partition->format && !disks_made_here(partition))
		return err_at(decoder->err, -ENOTSUP, &node_get(node, "format")->pos, path,
			      "the format '%s' is not yet supported", partition->format);
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
	{"content", &schema_holds, 0, 0, 0, "content of the partition, depending on its type"},
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
	{"type", &schema_table_type, FIELD_REQUIRED, WORD_OF(recipe_disk, type), 0, "the kind of partition table"},
	{"partitions", &schema_partitions, FIELD_REQUIRED, WORD_OF(recipe_disk, partitions),
	 WORD_OF(recipe_disk, n_partitions), "by name"},
	WORD_END,
};
static const struct schema schema_gpt = {VALUE_RECORD, .fields = gpt_fields};

static const struct field disk_fields[] = {
	{"device", &word_line, FIELD_EARLY, 0, 0, "ignored; accepted for compatibility with disko"},
	{"imageSize", &schema_size, 0, WORD_OF(recipe_disk, image_size), 0,
	 "size of the disk image (as small as possible)"},
	WORD_LATER("role", "`data`: a disk that a new image never overwrites"),
	{"content", &schema_gpt, FIELD_REQUIRED, 0, 0, "the partition table"},
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

enum { LABEL_MAX = 36, PARTITIONS_MAX = 128 /* of a GPT of the usual size */ };

/* By priority; equal ones stay as they were written. */
static void disks_sort(struct recipe_disk *disk)
{
	for (size_t i = 1; i < disk->n_partitions; i++) {
		struct recipe_partition moving = disk->partitions[i];
		size_t at = i;

		for (; at > 0 && disk->partitions[at - 1].priority > moving.priority; at--)
			disk->partitions[at] = disk->partitions[at - 1];
		disk->partitions[at] = moving;
	}
}

static bool disks_is_type(const struct recipe_partition *partition, const char *code, const char *guid)
{
	return strcmp(partition->type, code) == 0 || strcasecmp(partition->type, guid) == 0;
}

static bool disks_is_esp(const struct recipe_partition *partition)
{
	return disks_is_type(partition, "EF00", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
}

static bool disks_is_bios_boot(const struct recipe_partition *partition)
{
	return disks_is_type(partition, "EF02", "21686148-6449-6E6F-744E-656564454649");
}

static bool disks_is_root(const struct recipe_partition *partition)
{
	return partition->content == CONTENT_ROOT;
}

/* --- one partition --------------------------------------------------------------------------------------------------- */

static const char *disks_path_of(struct decoder *decoder, const struct recipe_disk *disk,
				 const struct recipe_partition *partition)
{
	return arena_printf(decoder->arena, "partitions.disk.%s.content.partitions.%s", disk->name, partition->name);
}

static void disks_set_defaults(struct decoder *decoder, struct recipe_partition *partition)
{
	if (!partition->label)
		partition->label = partition->name;
	if (!partition->type)
		partition->type = "8300";
	if (strlen(partition->type) > strlen("8300")) {
		char *guid = arena_strdup(decoder->arena, partition->type);

		for (char *c = guid; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		partition->type = guid;
	}
}

static void disks_check_mountpoint(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	static const char system[] = "'%s' is part of the immutable root", memory[] = "'%s' is made anew at each start";
	static const struct { const char *path; bool below; const char *why; } places[] = {
		{"/bin", true, system}, {"/etc", false, system}, {"/lib", true, system}, {"/lib64", true, system},
		{"/sbin", true, system}, {"/usr", false, system}, {"/usr/bin", true, system}, {"/usr/lib", true, system},
		{"/usr/sbin", true, system}, {"/usr/share", false, system},
		{"/dev", true, memory}, {"/proc", true, memory}, {"/run", true, memory}, {"/sys", true, memory},
		{"/var/lock", true, memory}, {"/var/run", true, memory},
		{"/var/lib", false, "'%s' has what is needed before it can be mounted"},
		{"/var/lib/aether", true, "'%s' has what is needed before it can be mounted"},
	};
	const char *mountpoint = partition->mountpoint ? partition->mountpoint : "";

	if (strcmp(partition->label, "state") == 0 && strcmp(mountpoint, "/var") != 0)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the partition with the label 'state' must be mounted at /var");
	if (strcmp(mountpoint, "/var") == 0 &&
	    (strcmp(partition->label, "state") != 0 || strcmp(partition->format, "ext4") != 0)) {
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "/var must be an 'ext4' file system on the partition with the label 'state'");
		err_hint(decoder->err, "aether-init finds it by this label, before /etc can be read");
	}
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (places[i].below ? path_is_below(mountpoint, places[i].path) : strcmp(mountpoint, places[i].path) == 0) {
			err_at(decoder->err, -EINVAL, &partition->pos, path, places[i].why, mountpoint);
			err_hint(decoder->err, "use /var, or a folder for the data of a service, like /srv");
			return;
		}
}

/* An option that mount(8) does not know is a machine that does not start: systemd wants all that fstab mounts. */
static void disks_check_options(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	const char *known[MOUNT_OPTIONS_MAX];
	size_t n = partition->content == CONTENT_FILESYSTEM ? mount_options_known(partition->format, known) : 0;

	for (size_t i = 0; i < partition->mount_options.count && n; i++) {
		char *rest = arena_strdup(decoder->arena, partition->mount_options.items[i]), *option;

		while ((option = strsep(&rest, ","))) {
			const char *name = arena_strndup(decoder->arena, option, strcspn(option, "=")), *near;
			const struct strv list = {known, n};

			if (strv_has(&list, name) || text_has_prefix(name, "x-") || text_has_prefix(name, "X-"))
				continue;
			near = text_nearest(name, known, n);
			if (near)
				err_at(decoder->err, -EINVAL, &partition->pos, path,
				       "'%s' is no mount option of %s: the machine would not start", name, partition->format);
			else
				err_warn(decoder->err, &partition->pos, path,
					 "'%s' is not known as a mount option of %s: if the kernel does not know it, the "
					 "machine does not start", name, partition->format);
			if (near)
				err_hint(decoder->err, "did you mean '%s'?", near);
		}
	}
}

static void disks_check_partition(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	bool twin = disks_is_root(partition) && partition->slots == 2;

	if (strlen(partition->label) + (twin ? strlen("-a") : 0) > LABEL_MAX)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the labels of two slots, '%s-a' and '%s-b', are too long", partition->label, partition->label);
	if (twin && partition->uuid) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "two slots cannot have the same 'uuid'");
		err_hint(decoder->err, "leave it out: each slot gets its own");
	}
	if (disks_is_esp(partition) &&
	    (partition->content != CONTENT_FILESYSTEM || strcmp(partition->format, "vfat") != 0))
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "an EFI system partition must have the file system 'vfat'");
	if (disks_is_bios_boot(partition) && partition->content != CONTENT_NONE)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the BIOS boot partition must not have 'content'");
	if (disks_is_root(partition) && !text_has_prefix(partition->label, "root")) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the label of the root must begin with 'root'");
		err_hint(decoder->err, "aether-init looks for the system on partitions with such a label");
	}
	if (disks_is_root(partition) && partition->grow)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the immutable root cannot grow");
	if (disks_is_root(partition) && !partition->verity)
		err_at(decoder->err, -ENOTSUP, &partition->pos, path, "a root without 'verity' is not yet supported");
	disks_check_mountpoint(decoder, partition, path);
	disks_check_options(decoder, partition, path);
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

/* Whether two partitions would have a label in common; a root with two slots has two. */
static bool disks_same_label(const struct recipe_partition *one, const struct recipe_partition *other)
{
	size_t length = strlen(one->label);

	if (disks_is_root(one) && one->slots == 2)
		return disks_is_root(other) && other->slots == 2 ? strcmp(one->label, other->label) == 0
								 : strncmp(one->label, other->label, length) == 0 &&
									   (strcmp(other->label + length, "-a") == 0 ||
									    strcmp(other->label + length, "-b") == 0);
	if (disks_is_root(other) && other->slots == 2)
		return disks_same_label(other, one);
	return strcmp(one->label, other->label) == 0;
}

static void disks_check_pair(struct decoder *decoder, const struct recipe_partition *one,
			     const struct recipe_partition *other, const char *path)
{
	if (disks_same_label(one, other))
		err_at(decoder->err, -EINVAL, &other->pos, path, "this label is already in use by '%s'", one->name);
	if (one->uuid && other->uuid && strcasecmp(one->uuid, other->uuid) == 0)
		err_at(decoder->err, -EINVAL, &other->pos, path, "this 'uuid' is already in use by '%s'", one->name);
	if (one->mountpoint && other->mountpoint && strcmp(one->mountpoint, other->mountpoint) == 0)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' is already mounted at '%s'", one->name,
		       one->mountpoint);
	if (one->grow && other->grow)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' already grows to the end of the disk",
		       one->name);
}

static void disks_check_disk(struct decoder *decoder, struct recipe_disk *disk)
{
	if (disk->n_partitions > PARTITIONS_MAX) {
		err_at(decoder->err, -EINVAL, &disk->pos, "partitions.disk", "more than %d partitions", PARTITIONS_MAX);
		return;
	}
	for (size_t i = 0; i < disk->n_partitions; i++)
		disks_set_defaults(decoder, &disk->partitions[i]);
	disks_sort(disk);
	for (size_t i = 0; i < disk->n_partitions; i++) {
		const char *path = disks_path_of(decoder, disk, &disk->partitions[i]);

		disks_check_partition(decoder, &disk->partitions[i], path);
		for (size_t before = 0; before < i; before++)
			disks_check_pair(decoder, &disk->partitions[before], &disk->partitions[i], path);
	}
}

/* What an immutable machine cannot start without, each exactly once. */
static void disks_check_needed(struct decoder *decoder, const struct recipe_disk *disk, const struct node *partitions)
{
	static const struct {
		bool (*is)(const struct recipe_partition *);
		const char *what;
	} needed[] = {
		{disks_is_root, "partition with the content 'root': the system"},
		{disks_is_esp,
		 "EFI system partition (type EF00, format vfat): UEFI starts from it, and the kernels lie there"},
		{disks_is_bios_boot, "BIOS boot partition (type EF02, size 1M): a BIOS starts from it"},
	};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		unsigned n = 0;

		for (size_t p = 0; p < disk->n_partitions; p++)
			n += needed[i].is(&disk->partitions[p]);
		if (n != 1)
			err_at(decoder->err, -EINVAL, &partitions->pos, "partitions", "expected one %s; there %s %u",
			       needed[i].what, n == 1 ? "is" : "are", n);
	}
}

static void disks_check_partitions(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *partitions = node_get(root, "partitions");

	if (problem_known(decoder, "partitions"))
		return;
	if (!partitions && recipe->kind == KIND_VM) {
		err_at(decoder->err, -EINVAL, &root->pos, "partitions", "a virtual machine needs a disk");
		err_hint(decoder->err, "name a layout: 'partitions: ../partitions/hybrid-ab.yaml'");
	}
	for (size_t i = 0; i < recipe->n_disks; i++)
		disks_check_disk(decoder, &recipe->disks[i]);
	if (recipe->n_disks > 1)
		err_at(decoder->err, -ENOTSUP, &recipe->disks[1].pos, "partitions.disk",
		       "a second disk is not yet supported");
	else if (partitions && recipe->kind == KIND_VM && recipe->n_disks == 1)
		disks_check_needed(decoder, &recipe->disks[0], partitions);
	else if (partitions && recipe->n_disks == 0)
		err_at(decoder->err, -EINVAL, &partitions->pos, "partitions.disk", "expected a disk");
}

const struct schema word_partitions = {VALUE_RECORD, .fields = layout_fields, .or_file = true,
				       .check = disks_check_partitions};
