/* Disks and partitions: what must hold of them: their order, their labels, and what a machine cannot start without. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recipe/words/disks.h"
#include "recipe/words/mount_options.h"

enum { LABEL_MAX = 36, PARTITIONS_MAX = 128 /* of a GPT of the usual size */ };

/* By priority; equal ones stay as they were written. */
static void disks_sort(struct recipe_disk *disk)
{
	for (size_t i = 1; i < disk->content.n_partitions; i++) {
		struct recipe_partition moving = disk->content.partitions[i];
		size_t at = i;

		for (; at > 0 && disk->content.partitions[at - 1].priority > moving.priority; at--)
			disk->content.partitions[at] = disk->content.partitions[at - 1];
		disk->content.partitions[at] = moving;
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
	return partition->content.type == CONTENT_ROOT;
}

/* --- one partition --------------------------------------------------------------------------------------------------- */

static const char *disks_path_of(struct decoder *decoder, const struct recipe_disk *disk,
				 const struct recipe_partition *partition)
{
	if (disk->content.type != CONTENT_GPT)
		return arena_printf(decoder->arena, "partitions.disk.%s.content", disk->name);
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
	const char *mountpoint = partition->content.mountpoint ? partition->content.mountpoint : "";

	if (strcmp(partition->label, "state") == 0 && strcmp(mountpoint, "/var") != 0)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the partition with the label 'state' must be mounted at /var");
	if (strcmp(mountpoint, "/var") == 0 &&
	    (strcmp(partition->label, "state") != 0 || strcmp(partition->content.format, "ext4") != 0)) {
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "/var must be an 'ext4' file system on the partition with the label 'state'");
		err_hint(decoder->err, "aether-init finds it by this label, before /etc can be read");
	}
	if (strcmp(mountpoint, "/var") == 0 && partition->content.mount_options.count)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "/var has no 'mountOptions': aether-init mounts it, before /etc can be read");
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
	size_t n = partition->content.type == CONTENT_FILESYSTEM ? mount_options_known(partition->content.format, known) : 0;

	for (size_t i = 0; i < partition->content.mount_options.count && n; i++) {
		char *rest = arena_strdup(decoder->arena, partition->content.mount_options.items[i]), *option;

		while ((option = strsep(&rest, ","))) {
			const char *name = arena_strndup(decoder->arena, option, strcspn(option, "=")), *near;
			const struct strv list = {known, n};

			if (strv_has(&list, name) || text_has_prefix(name, "x-") || text_has_prefix(name, "X-"))
				continue;
			near = text_nearest(name, known, n);
			if (near)
				err_at(decoder->err, -EINVAL, &partition->pos, path,
				       "'%s' is no mount option of %s: the machine would not start", name, partition->content.format);
			else
				err_warn(decoder->err, &partition->pos, path,
					 "'%s' is not known as a mount option of %s: if the kernel does not know it, the "
					 "machine does not start", name, partition->content.format);
			if (near)
				err_hint(decoder->err, "did you mean '%s'?", near);
		}
	}
}

static void disks_check_partition(struct decoder *decoder, const struct recipe_partition *partition, const char *path)
{
	bool twin = disks_is_root(partition) && partition->content.slots == 2;

	if (strlen(partition->label) + (twin ? strlen("-a") : 0) > LABEL_MAX)
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "the labels of two slots, '%s-a' and '%s-b', are too long", partition->label, partition->label);
	if (twin && partition->uuid) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "two slots cannot have the same 'uuid'");
		err_hint(decoder->err, "leave it out: each slot gets its own");
	}
	if (disks_is_esp(partition) &&
	    (partition->content.type != CONTENT_FILESYSTEM || strcmp(partition->content.format, "vfat") != 0))
		err_at(decoder->err, -EINVAL, &partition->pos, path,
		       "an EFI system partition must have the file system 'vfat'");
	if (disks_is_bios_boot(partition) && partition->content.type != CONTENT_NONE)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the BIOS boot partition must not have 'content'");
	if (disks_is_root(partition) && !text_has_prefix(partition->label, "root")) {
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the label of the root must begin with 'root'");
		err_hint(decoder->err, "aether-init looks for the system on partitions with such a label");
	}
	if (disks_is_root(partition) && partition->grow)
		err_at(decoder->err, -EINVAL, &partition->pos, path, "the immutable root cannot grow");
	if (disks_is_root(partition) && !partition->content.verity)
		err_at(decoder->err, -ENOTSUP, &partition->pos, path, "a root without 'verity' is not yet supported");
	disks_check_mountpoint(decoder, partition, path);
	disks_check_options(decoder, partition, path);
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

/* Whether two partitions would have a label in common; a root with two slots has two. */
static bool disks_same_label(const struct recipe_partition *one, const struct recipe_partition *other)
{
	size_t length = strlen(one->label);

	if (disks_is_root(one) && one->content.slots == 2)
		return disks_is_root(other) && other->content.slots == 2 ? strcmp(one->label, other->label) == 0
								 : strncmp(one->label, other->label, length) == 0 &&
									   (strcmp(other->label + length, "-a") == 0 ||
									    strcmp(other->label + length, "-b") == 0);
	if (disks_is_root(other) && other->content.slots == 2)
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
	if (one->grow && other->grow)
		err_at(decoder->err, -EINVAL, &other->pos, path, "'%s' already grows to the end of the disk",
		       one->name);
}

static void disks_check_disk(struct decoder *decoder, struct recipe_disk *disk)
{
	if (disk->content.n_partitions > PARTITIONS_MAX) {
		err_at(decoder->err, -EINVAL, &disk->pos, "partitions.disk", "more than %d partitions", PARTITIONS_MAX);
		return;
	}
	if (!disk->role)
		disk->role = DISK_SYSTEM;
	for (size_t i = 0; i < disk->content.n_partitions; i++)
		disks_set_defaults(decoder, &disk->content.partitions[i]);
	disks_sort(disk);
	for (size_t i = 0; i < disk->content.n_partitions; i++) {
		const char *path = disks_path_of(decoder, disk, &disk->content.partitions[i]);

		disks_check_partition(decoder, &disk->content.partitions[i], path);
		for (size_t before = 0; before < i; before++)
			disks_check_pair(decoder, &disk->content.partitions[before], &disk->content.partitions[i], path);
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

		for (size_t p = 0; p < disk->content.n_partitions; p++)
			n += needed[i].is(&disk->content.partitions[p]);
		if (n != 1)
			err_at(decoder->err, -EINVAL, &partitions->pos, "partitions", "expected one %s; there %s %u",
			       needed[i].what, n == 1 ? "is" : "are", n);
	}
}

/* The hypervisor makes it, of any size; the machine finds it by its serial number or its label, and formats it when it is
 * blank. */
static void disks_check_state_disk(struct decoder *decoder, const struct recipe_disk *disk, const char *path)
{
	const char *mountpoint = disk->content.mountpoint;

	if (disk->content.type != CONTENT_FILESYSTEM || !mountpoint || strcmp(mountpoint, "/var") != 0)
		err_at(decoder->err, -EINVAL, &disk->pos, path,
		       "a disk with the role 'state' is a file system as a whole, mounted at /var: 'content: { type: "
		       "filesystem, format: ext4, mountpoint: /var }'");
	if (disk->image_size) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "'imageSize' is of the image, and this disk is in none");
		err_hint(decoder->err, "leave it out: the disk is as large as the hypervisor makes it");
	}
}

static void disks_check_system_disk(struct decoder *decoder, const struct recipe_disk *disk, const struct node *partitions)
{
	const char *path = arena_printf(decoder->arena, "partitions.disk.%s", disk->name);

	if (disk->content.type == CONTENT_GPT) {
		disks_check_needed(decoder, disk, partitions);
		return;
	}
	err_at(decoder->err, -ENOTSUP, &disk->pos, path, "a disk that is a file system as a whole must have 'role: state'");
	err_hint(decoder->err, "more disks for data are not yet supported");
}

static void disks_add_mount(struct decoder *decoder, const struct recipe_content *content, const char *what)
{
	struct recipe *recipe = decoder->recipe;

	if (content->mountpoint)
		*arena_push(decoder->arena, recipe->mounts, recipe->n_mounts) = (struct recipe_mount){
			content->mountpoint, what, true, content->pos};
}

/* What is mounted, and that no two are mounted at one place. */
static void disks_check_mounts(struct decoder *decoder)
{
	struct recipe *recipe = decoder->recipe;

	for (size_t d = 0; d < recipe->n_disks; d++) {
		const struct recipe_disk *disk = &recipe->disks[d];

		disks_add_mount(decoder, &disk->content, arena_printf(decoder->arena, "the disk '%s'", disk->name));
		for (size_t i = 0; i < disk->content.n_partitions; i++)
			disks_add_mount(decoder, &disk->content.partitions[i].content,
					arena_printf(decoder->arena, "the partition '%s'", disk->content.partitions[i].name));
	}
	for (size_t i = 0; i < recipe->n_mounts; i++)
		for (size_t before = 0; before < i; before++)
			if (strcmp(recipe->mounts[i].mountpoint, recipe->mounts[before].mountpoint) == 0)
				err_at(decoder->err, -EINVAL, &recipe->mounts[i].pos, "partitions",
				       "%s is already mounted at '%s'", recipe->mounts[before].what, recipe->mounts[i].mountpoint);
}

static void disks_check_roles(struct decoder *decoder, const struct node *partitions)
{
	const struct recipe *recipe = decoder->recipe;
	const struct recipe_disk *of_role[2] = {0};

	for (size_t i = 0; i < recipe->n_disks; i++) {
		const struct recipe_disk *disk = &recipe->disks[i];
		bool state = strcmp(disk->role, DISK_STATE) == 0;
		const char *path = arena_printf(decoder->arena, "partitions.disk.%s", disk->name);

		if (strcmp(disk->role, DISK_DATA) == 0) {
			err_at(decoder->err, -ENOTSUP, &disk->pos, path, "the role 'data' is not yet supported");
			err_hint(decoder->err, "make its file system by hand, and mount it by /etc/fstab with 'nofail'");
			continue;
		}
		if (of_role[state])
			err_at(decoder->err, -ENOTSUP, &disk->pos, path,
			       "a second disk with the role '%s' is not yet supported", disk->role);
		else if (state)
			disks_check_state_disk(decoder, disk, path);
		else
			disks_check_system_disk(decoder, disk, partitions);
		of_role[state] = disk;
	}
	if (!of_role[0])
		err_at(decoder->err, -EINVAL, &partitions->pos, "partitions.disk", "expected a disk with the system");
}

void disks_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *partitions = node_get(root, "partitions");

	if (problem_known(decoder, "partitions"))
		return;
	if (!partitions && recipe->kind == KIND_VM) {
		err_at(decoder->err, -EINVAL, &root->pos, "partitions", "a virtual machine needs a disk");
		err_hint(decoder->err, "name a layout: 'partitions: ../partitions/two-disks.yaml'");
	}
	for (size_t i = 0; i < recipe->n_disks; i++)
		disks_check_disk(decoder, &recipe->disks[i]);
	disks_check_mounts(decoder);
	if (partitions && recipe->kind == KIND_VM)
		disks_check_roles(decoder, partitions);
}

const struct recipe_disk *recipe_disk(const struct recipe *recipe, const char *role)
{
	for (size_t i = 0; i < recipe->n_disks; i++)
		if (strcmp(recipe->disks[i].role ? recipe->disks[i].role : DISK_SYSTEM, role) == 0)
			return &recipe->disks[i];
	return NULL;
}
