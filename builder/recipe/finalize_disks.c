/* Partitions: their order, their labels, and what a machine cannot start without. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recipe/problem.h"
#include "recipe/stages.h"

enum { LABEL_MAX = 36, PARTITIONS_MAX = 128 /* of a GPT as everybody makes it */ };

/* By priority; equal ones stay as they were written. */
static void sort(struct recipe_disk *disk)
{
	for (size_t i = 1; i < disk->n_partitions; i++) {
		struct recipe_partition moving = disk->partitions[i];
		size_t at = i;

		for (; at > 0 && disk->partitions[at - 1].priority > moving.priority; at--)
			disk->partitions[at] = disk->partitions[at - 1];
		disk->partitions[at] = moving;
	}
}

static bool is_type(const struct recipe_partition *partition, const char *code, const char *guid)
{
	return strcmp(partition->type, code) == 0 || strcasecmp(partition->type, guid) == 0;
}

static bool is_esp(const struct recipe_partition *partition)
{
	return is_type(partition, "EF00", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
}

static bool is_bios_boot(const struct recipe_partition *partition)
{
	return is_type(partition, "EF02", "21686148-6449-6E6F-744E-656564454649");
}

static bool is_root(const struct recipe_partition *partition)
{
	return partition->content == CONTENT_ROOT;
}

/* --- one partition --------------------------------------------------------------------------------------------------- */

static const char *path_of(struct decoder *decoder, const struct recipe_disk *disk,
			   const struct recipe_partition *partition)
{
	return arena_printf(decoder->arena, "partitions.disk.%s.content.partitions.%s", disk->name, partition->name);
}

static void set_defaults(struct decoder *decoder, struct recipe_partition *partition)
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

static void check_mountpoint(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	const char *mountpoint = partition->mountpoint ? partition->mountpoint : "";

	if (strcmp(partition->label, "state") == 0 && strcmp(mountpoint, "/var") != 0)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the partition labelled 'state' is mounted at /var");
	if (strcmp(mountpoint, "/var") == 0 &&
	    (strcmp(partition->label, "state") != 0 || strcmp(partition->format, "ext4") != 0)) {
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "/var is the file system 'ext4' of the partition labelled 'state'");
		err_hint(decoder->err,
			 "the machine's first program finds it by that label, before there is an /etc to say more");
	}
	if (strcmp(mountpoint, "/etc") == 0 || strcmp(mountpoint, "/usr") == 0) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "'%s' is part of the immutable root", mountpoint);
		err_hint(decoder->err, "a partition can hold /var, or what a service keeps elsewhere, like /srv");
	}
}

static void check_partition(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	bool twin = is_root(partition) && partition->slots == 2;

	if (strlen(partition->label) + (twin ? strlen("-a") : 0) > LABEL_MAX)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the labels of two slots, '%s-a' and '%s-b', are too long", partition->label, partition->label);
	if (twin && partition->uuid) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "one 'uuid' cannot be that of two slots");
		err_hint(decoder->err, "leave it out: each slot gets one of its own");
	}
	if (is_esp(partition) && (partition->content != CONTENT_FILESYSTEM || strcmp(partition->format, "vfat") != 0))
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "an EFI system partition holds the file system 'vfat'");
	if (is_bios_boot(partition) && partition->content != CONTENT_NONE)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the BIOS boot partition has no content of its own");
	if (is_root(partition) && !text_has_prefix(partition->label, "root")) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the label of the root begins with 'root'");
		err_hint(decoder->err, "the machine's first program looks for the system on partitions of that name");
	}
	if (is_root(partition) && partition->grow)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the immutable root does not grow");
	if (is_root(partition) && !partition->verity)
		err_at(decoder->err, -ENOTSUP, &partition->pos, path, "a root without 'verity' is not yet supported");
	check_mountpoint(decoder, partition, path);
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

/* Whether two partitions would have a label in common; a root with two slots has two. */
static bool same_label(const struct recipe_partition *one, const struct recipe_partition *other)
{
	size_t length = strlen(one->label);

	if (is_root(one) && one->slots == 2)
		return is_root(other) && other->slots == 2
			? strcmp(one->label, other->label) == 0
			: strncmp(one->label, other->label, length) == 0 &&
				(strcmp(other->label + length, "-a") == 0 || strcmp(other->label + length, "-b") == 0);
	if (is_root(other) && other->slots == 2)
		return same_label(other, one);
	return strcmp(one->label, other->label) == 0;
}

static void check_pair(struct decoder *decoder, const struct recipe_partition *one,
		       const struct recipe_partition *other, const char *path)
{
	if (same_label(one, other))
		err_at(decoder->err, -EINVAL, &other->pos, path,
		       "'%s' has this label already: programs find partitions by it", one->name);
	if (one->uuid && other->uuid && strcasecmp(one->uuid, other->uuid) == 0)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' has this 'uuid' already", one->name);
	if (one->mountpoint && other->mountpoint && strcmp(one->mountpoint, other->mountpoint) == 0)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' is mounted at '%s' already", one->name,
		       one->mountpoint);
	if (one->grow && other->grow)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' grows to the end of the disk already",
		       one->name);
}

static void check_disk(struct decoder *decoder, struct recipe_disk *disk)
{
	if (disk->n_partitions > PARTITIONS_MAX) {
		err_at(decoder->err, -EINVAL, &disk->pos, "partitions.disk", "more than %d partitions", PARTITIONS_MAX);
		return;
	}
	for (size_t i = 0; i < disk->n_partitions; i++)
		set_defaults(decoder, &disk->partitions[i]);
	sort(disk);
	for (size_t i = 0; i < disk->n_partitions; i++) {
		const char *path = path_of(decoder, disk, &disk->partitions[i]);

		check_partition(decoder, &disk->partitions[i], path);
		for (size_t before = 0; before < i; before++)
			check_pair(decoder, &disk->partitions[before], &disk->partitions[i], path);
	}
}

/* What an immutable machine cannot start without, each exactly once. */
static void check_needed(struct decoder *decoder, const struct recipe_disk *disk, const struct node *partitions)
{
	static const struct {
		bool (*is)(const struct recipe_partition *);
		const char *what;
	} needed[] = {
		{is_root, "partition with the content 'root': the system"},
		{is_esp, "EFI system partition (type EF00, format vfat): UEFI starts from it, and the kernels lie there"},
		{is_bios_boot, "BIOS boot partition (type EF02, size 1M): a BIOS starts from it"},
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

void finalize_disks(struct decoder *decoder, const struct node *root)
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
		check_disk(decoder, &recipe->disks[i]);
	if (recipe->n_disks > 1)
		err_at(decoder->err, -ENOTSUP, &recipe->disks[1].pos, "partitions.disk",
		       "a second disk is not yet supported");
	else if (partitions && recipe->kind == KIND_VM && recipe->n_disks == 1)
		check_needed(decoder, &recipe->disks[0], partitions);
	else if (partitions && recipe->n_disks == 0)
		err_at(decoder->err, -EINVAL, &partitions->pos, "partitions.disk", "expected a disk");
}
