/* Partition tables: what must hold of them: order, labels, sizes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recipe/words/disks.h"

enum { LABEL_MAX = 36, PARTITIONS_MAX = 128 /* of a GPT of the usual size */, HYBRID_MAX = 3 };

static bool disks_table_is_type(const struct recipe_partition *partition, const char *code, const char *guid)
{
	return strcmp(partition->type, code) == 0 || strcasecmp(partition->type, guid) == 0;
}

bool disks_is_esp(const struct recipe_partition *partition)
{
	return disks_table_is_type(partition, "EF00", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
}

static bool disks_table_is_bios_boot(const struct recipe_partition *partition)
{
	return disks_table_is_type(partition, "EF02", "21686148-6449-6E6F-744E-656564454649");
}

bool disks_is_root(const struct recipe_partition *partition)
{
	return partition->content.type == CONTENT_ROOT;
}

/* --- what was not said ----------------------------------------------------------------------------------------------- */

/* (Swap with a key that nobody keeps has nothing that systemd could find by the type.) */
static const char *disks_table_type_of(const struct recipe_partition *partition)
{
	switch (partition->content.type) {
	case CONTENT_SWAP:
		return partition->content.random_encryption ? "8300" : "8200";
	case CONTENT_LVM_PV:
		return "E6D6D379-F507-44C2-A23C-238F2A3DF928";
	case CONTENT_MDRAID:
		return "A19D880F-05FC-4D3B-A006-743F0F84911E";
	case CONTENT_LUKS:
		return "CA7D7CCB-63ED-4C53-861C-1742536059CC";
	default:
		return "8300";
	}
}

static void disks_table_settle(struct decoder *decoder, struct recipe_partition *partition)
{
	if (!partition->label)
		partition->label = partition->name;
	if (!partition->type)
		partition->type = disks_table_type_of(partition);
	if (partition->priority < 0)
		partition->priority = 0;
	if (strlen(partition->type) > strlen("8300")) {
		char *guid = arena_strdup(decoder->arena, partition->type);

		for (char *c = guid; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		partition->type = guid;
	}
}

/* By priority; equal ones stay as they were written. */
static void disks_table_sort(struct recipe_content *table)
{
	for (size_t i = 1; i < table->n_partitions; i++) {
		struct recipe_partition moving = table->partitions[i];
		size_t at = i;

		for (; at > 0 && table->partitions[at - 1].priority > moving.priority; at--)
			table->partitions[at] = table->partitions[at - 1];
		table->partitions[at] = moving;
	}
}

static void disks_table_settle_all(struct decoder *decoder, struct recipe_content *table)
{
	for (size_t i = 0; i < table->n_partitions; i++)
		disks_table_settle(decoder, &table->partitions[i]);
	disks_table_sort(table);
}

void disks_settle_tables(struct decoder *decoder)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_disks; i++)
		disks_table_settle_all(decoder, &recipe->disks[i].content);
	for (size_t i = 0; i < recipe->n_arrays; i++)
		disks_table_settle_all(decoder, &recipe->arrays[i].content);
}

/* --- the system's own ------------------------------------------------------------------------------------------------ */

static void disks_table_check_root(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	bool twin = partition->content.slots == 2;

	if (strlen(partition->label) + (twin ? strlen("-a") : 0) > LABEL_MAX)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the labels of two slots, '%s-a' and '%s-b', are too long", partition->label, partition->label);
	if (twin && partition->uuid) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "two slots cannot have the same 'uuid'");
		err_hint(decoder->err, "leave it out: each slot gets its own");
	}
	if (!text_has_prefix(partition->label, "root")) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the label of the root must begin with 'root'");
		err_hint(decoder->err, "aether-init looks for the system on partitions with such a label");
	}
	if (partition->grow)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the immutable root cannot grow");
	if (!partition->content.verity)
		err_at(decoder->err, -ENOTSUP, &partition->pos, path, "a root without 'verity' is not yet supported");
	if (twin && partition->hybrid)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "two slots cannot have one entry in the hybrid MBR");
	if (twin && (partition->end || partition->end_from_last)) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "two slots cannot have the same 'end'");
		err_hint(decoder->err, "write 'size', which each of them gets");
	}
}

static void disks_table_check_boot(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	if (disks_is_esp(partition) &&
	    (partition->content.type != CONTENT_FILESYSTEM || strcmp(partition->content.format, "vfat") != 0))
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "an EFI system partition must have the file system 'vfat'");
	if (disks_is_esp(partition) && partition->content.mountpoint) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the EFI system partition is not mounted, at '%s' or "
		       "anywhere: "
		       "it is opened when a generation is written to it", partition->content.mountpoint);
		err_hint(decoder->err, "leave 'mountpoint' out");
	}
	if (disks_table_is_bios_boot(partition) && partition->content.type != CONTENT_NONE)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the BIOS boot partition must not have 'content'");
}

/* --- where a partition lies ------------------------------------------------------------------------------------------ */

/* Whether the image can tell how large it has to be. */
static bool disks_table_sizes_itself(const struct recipe_partition *partition)
{
	switch (partition->content.type) {
	case CONTENT_SWAP:
	case CONTENT_LUKS:
	case CONTENT_LVM_PV:
	case CONTENT_MDRAID:
		return false;
	default:
		return true;
	}
}

static void disks_table_check_extent(struct decoder *decoder, const struct recipe_partition *partition, const char *path,
					   bool in_image)
{
	bool ends = partition->end || partition->end_from_last;

	if (ends && (partition->size || partition->grow)) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "'end' and '%s' say the same thing twice",
		       partition->size ? "size" : "grow");
		err_hint(decoder->err, "keep one of them");
	} else if (ends && !partition->end_from_last && partition->start >= partition->end) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "it ends at %s, before it starts",
		       size_format(decoder->arena, partition->end));
	} else if (!ends && !partition->size && !partition->grow &&
		   !(in_image && disks_table_sizes_itself(partition))) {
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "'size' is missing: its content does not tell how large it is");
		err_hint(decoder->err, "write a size like 'size: 10G', or 'size: 100%%' for the rest of the disk");
	}
	if (partition->hybrid && !in_image)
		err_at(decoder->err, -ENOTSUP, &partition->pos, path,
		       "a hybrid MBR is what firmware starts from: it is of no use but on the system's disk");
}

/* --- all of a table -------------------------------------------------------------------------------------------------- */

/* Whether two partitions would have a label in common; a root with two slots has two. */
static bool disks_table_same_label(const struct recipe_partition *one, const struct recipe_partition *other)
{
	size_t length = strlen(one->label);

	if (disks_is_root(one) && one->content.slots == 2)
		return disks_is_root(other) && other->content.slots == 2 ? strcmp(one->label, other->label) == 0
								 : strncmp(one->label, other->label, length) == 0 &&
									   (strcmp(other->label + length, "-a") == 0 ||
									    strcmp(other->label + length, "-b") == 0);
	if (disks_is_root(other) && other->content.slots == 2)
		return disks_table_same_label(other, one);
	return strcmp(one->label, other->label) == 0;
}

static void disks_table_check_pair(struct decoder *decoder, const struct recipe_partition *one,
					 const struct recipe_partition *other, const char *path, bool in_image)
{
	if (disks_table_same_label(one, other))
		err_at(decoder->err, -EINVAL, &other->pos, path, "this label is already in use by '%s'", one->name);
	if (one->uuid && other->uuid && strcasecmp(one->uuid, other->uuid) == 0)
		err_at(decoder->err, -EINVAL, &other->pos, path, "this 'uuid' is already in use by '%s'", one->name);
	if (one->grow && other->grow)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' already grows to the end of the disk",
		       one->name);
	if (one->end_from_last && !other->start && !in_image) {
		err_at(decoder->err, -EINVAL, &other->pos, path,
		       "nobody knows where it begins: '%s' ends before the end of a disk that only the machine sees",
		       one->name);
		err_hint(decoder->err, "give '%s' a size, or a 'priority' that is the highest", one->name);
	} else if (one->grow && !in_image) {
		err_at(decoder->err, -EINVAL, &other->pos, path, "nothing is left for it: '%s' takes the rest of the disk",
		       one->name);
		err_hint(decoder->err, "give '%s' a size, or a 'priority' that is the highest", one->name);
	}
}

static void disks_table_check_all(struct decoder *decoder, const struct disks_tree *tree, int at, bool in_image)
{
	const struct recipe_content *table = tree->devices[at].content;
	size_t n_hybrid = 0;

	if (table->n_partitions > PARTITIONS_MAX) {
		err_at(decoder->err, -EINVAL, tree->devices[at].pos, tree->devices[at].path, "more than %d partitions",
		       PARTITIONS_MAX);
		return;
	}
	for (size_t i = 0; i < table->n_partitions; i++) {
		const struct recipe_partition *partition = &table->partitions[i];
		const char *path = tree->devices[at + 1].path;

		for (int device = at; device < tree->n; device++)
			if (tree->devices[device].partition == partition)
				path = tree->devices[device].path;
		if (disks_is_root(partition))
			disks_table_check_root(decoder, partition, path);
		disks_table_check_boot(decoder, partition, path);
		disks_table_check_extent(decoder, partition, path, in_image);
		n_hybrid += partition->hybrid;
		if (partition->hybrid && n_hybrid == HYBRID_MAX + 1)
			err_at(decoder->err, -EINVAL, &partition->pos, path, "a hybrid MBR has room for %d partitions",
			       HYBRID_MAX);
		for (size_t before = 0; before < i; before++)
			disks_table_check_pair(decoder, &table->partitions[before], partition, path, in_image);
	}
}

void disks_check_tables(struct decoder *decoder, const struct disks_tree *tree)
{
	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];

		if (device->content->type == CONTENT_GPT)
			disks_table_check_all(decoder, tree, i, device->disk && (disks_is_system(device->disk) ||
				(device->disk->role && strcmp(device->disk->role, DISK_SYSTEM) == 0)));
	}
}
