/* What each disk is to the machine, and how it knows it: roles, serial numbers, and what a machine cannot start without. */
#include <string.h>
#include <strings.h>

#include "recipe/words/disks.h"

enum { DISKS_MAX = 31 /* of Proxmox: scsi0 to scsi30 */ };

/* What the layout makes of a disk. */
struct disks_use {
	bool system, var, key;       /* it has the root; /var stands on it; a volume names it as its `keyDisk` */
};

static struct disks_use disks_role_use(struct decoder *decoder, const struct disks_tree *tree, const struct recipe_disk *disk)
{
	const bool *var = disks_tree_below(decoder->arena, tree, disks_tree_mounted(tree, "/var"));
	struct disks_use use = {.system = disks_is_system(disk)};

	for (int i = 0; i < tree->n; i++) {
		const struct recipe_content *content = tree->devices[i].content;

		use.var |= var[i] && tree->devices[i].disk == disk;
		use.key |= content->type == CONTENT_LUKS && content->luks.key_disk &&
			strcmp(content->luks.key_disk, disk->name) == 0;
	}
	return use;
}

/* --- roles ----------------------------------------------------------------------------------------------------------- */

static bool disks_role_is(const struct recipe_disk *disk, const char *role)
{
	return strcmp(disk->role, role) == 0;
}

static void disks_role_check_system(struct decoder *decoder, const struct recipe_disk *disk, struct disks_use use,
				    const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	if (use.system && !disks_role_is(disk, DISK_SYSTEM)) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "the system is on this disk: its role is 'system', not '%s'",
		       disk->role);
		err_hint(decoder->err, "leave 'role' out");
	}
	for (size_t i = 0; i < recipe->n_disks && disks_role_is(disk, DISK_SYSTEM); i++)
		if (&recipe->disks[i] < disk && disks_role_is(&recipe->disks[i], DISK_SYSTEM)) {
			err_at(decoder->err, -EINVAL, &disk->pos, path, "'%s' is already the disk with the role 'system'",
			       recipe->disks[i].name);
			err_hint(decoder->err, "an image is one disk: leave 'role' out, or write 'role: data'");
			return;
		}
}

static void disks_role_check(struct decoder *decoder, const struct recipe_disk *disk, struct disks_use use, const char *path)
{
	bool key = disks_role_is(disk, DISK_KEY), system = disks_role_is(disk, DISK_SYSTEM);

	disks_role_check_system(decoder, disk, use, path);
	if (use.var && !use.system && !system && !disks_role_is(disk, DISK_STATE)) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "/var is on this disk: its role is 'state', not '%s'",
		       disk->role);
		err_hint(decoder->err, "leave 'role' out");
	} else if (!use.var && disks_role_is(disk, DISK_STATE)) {
		err_at(decoder->err, -EINVAL, &disk->pos, path,
		       "a disk with the role 'state' has /var, and nothing of it is on this one");
		err_hint(decoder->err, "mount its file system at /var; or write 'role: data', for what else the machine keeps");
	}
	if (key && disk->content.type != CONTENT_NONE) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "a disk with the role 'key' has the key alone, and no "
		       "'content'");
		err_hint(decoder->err, "leave 'content' out, or write 'role: data'");
	} else if (!key && disk->content.type == CONTENT_NONE) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "'content' is missing: what the disk holds");
		err_hint(decoder->err, use.key ? "a disk with a key has none, but 'role: key'"
					       : "add it: 'content: { type: filesystem, format: ext4, mountpoint: /srv }'");
	} else if (key && !use.key) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "no volume is unlocked by the key on this disk");
		err_hint(decoder->err, "name it at the encrypted volume, 'keyDisk: %s', or take the disk away", disk->name);
	}
	if (disk->image_size && !system) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "'imageSize' is of the image, and this disk is in none");
		err_hint(decoder->err, "leave it out: the disk is as large as the hypervisor makes it");
	}
}

/* The system's is the one with the root; where there is none, which is told later, the one that could have it. */
static void disks_role_settle(struct decoder *decoder, const struct disks_tree *tree)
{
	struct recipe *recipe = decoder->recipe;
	bool system = false;

	for (size_t i = 0; i < recipe->n_disks; i++)
		system |= disks_is_system(&recipe->disks[i]) ||
			  (recipe->disks[i].role && disks_role_is(&recipe->disks[i], DISK_SYSTEM));
	for (size_t i = 0; i < recipe->n_disks; i++) {
		struct recipe_disk *disk = &recipe->disks[i];
		struct disks_use use = disks_role_use(decoder, tree, disk);

		if (disk->role)
			continue;
		disk->role = use.system || (!system && disk->content.type == CONTENT_GPT) ? DISK_SYSTEM : use.var ? DISK_STATE
			: DISK_DATA;
		system |= disks_role_is(disk, DISK_SYSTEM);
	}
}

/* --- serial numbers -------------------------------------------------------------------------------------------------- */

/* As machines have had it from the beginning: by this number aether-init finds it without a file that says so. */
static bool disks_role_is_ext4_state(const struct recipe_disk *disk)
{
	return disks_role_is(disk, DISK_STATE) && disk->content.type == CONTENT_FILESYSTEM &&
	       strcmp(disk->content.format, "ext4") == 0;
}

static void disks_role_check_serial(struct decoder *decoder, struct recipe_disk *disk, const char *path)
{
	if (disks_role_is(disk, DISK_SYSTEM)) {
		if (disk->serial) {
			err_at(decoder->err, -EINVAL, &disk->pos, path,
			       "the system's disk has no 'serial': it is known by what is on it");
			err_hint(decoder->err, "leave it out");
		}
		return;
	}
	if (!disk->serial)
		disk->serial = disks_role_is_ext4_state(disk) ? DISK_STATE : disk->name;
	if (strlen(disk->serial) > DISKS_SERIAL_MAX) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "'%s' is too long for a serial number, which has at most %d "
		       "characters",
		       disk->serial, DISKS_SERIAL_MAX);
		err_hint(decoder->err, "give the disk a shorter name, or a 'serial' of its own");
	} else if (!disks_role_is(disk, DISK_STATE) && strcmp(disk->serial, DISK_STATE) == 0) {
		err_at(decoder->err, -EINVAL, &disk->pos, path,
		       "the machine would take it for its state: that is known by the serial number 'state'");
		err_hint(decoder->err, "give the disk another name, or a 'serial' of its own");
	}
}

static void disks_role_check_serials(struct decoder *decoder, const char *const *paths)
{
	struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_disks; i++) {
		struct recipe_disk *disk = &recipe->disks[i];

		disks_role_check_serial(decoder, disk, paths[i]);
		for (size_t before = 0; disk->serial && before < i; before++)
			if (recipe->disks[before].serial && strcmp(recipe->disks[before].serial, disk->serial) == 0) {
				err_at(decoder->err, -EINVAL, &disk->pos, paths[i], "'%s' has the serial number '%s' already",
				       recipe->disks[before].name, disk->serial);
				err_hint(decoder->err, "give it a 'serial' of its own");
			}
	}
}

/* --- what a machine needs -------------------------------------------------------------------------------------------- */

static bool disks_role_is_bios_boot(const struct recipe_partition *partition)
{
	return strcmp(partition->type, "EF02") == 0 || strcasecmp(partition->type, "21686148-6449-6E6F-744E-656564454649") == 0;
}

/* What an immutable machine cannot start without, each exactly once. */
static void disks_role_check_needed(struct decoder *decoder, const struct recipe_disk *disk, const struct node *partitions)
{
	static const struct {
		bool (*is)(const struct recipe_partition *);
		const char *what;
	} needed[] = {
		{disks_is_root, "partition with the content 'root': the system"},
		{disks_is_esp,
		 "EFI system partition (type EF00, format vfat): UEFI starts from it, and the kernels lie there"},
		{disks_role_is_bios_boot, "BIOS boot partition (type EF02, size 1M): a BIOS starts from it"},
	};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		unsigned n = 0;

		for (size_t p = 0; p < disk->content.n_partitions; p++)
			n += needed[i].is(&disk->content.partitions[p]);
		if (n != 1)
			err_at(decoder->err, -EINVAL, &partitions->pos, "partitions", "expected one %s; there %s %u",
			       needed[i].what, n == 1 ? "is" : "are", n);
	}
	for (size_t p = 0; p < disk->content.n_partitions; p++)
		if (disk->content.partitions[p].end_from_last && !disk->image_size) {
			err_at(decoder->err, -EINVAL, &disk->content.partitions[p].pos, "partitions.disk",
			       "'%s' ends before the end of the disk, of which nothing says where it is",
				       disk->content.partitions[p].name);
			err_hint(decoder->err, "add 'imageSize: 8G' to the disk '%s'", disk->name);
		}
}

static void disks_role_check_elsewhere(struct decoder *decoder, const struct disks_tree *tree)
{
	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];

		if (!device->partition || !disks_is_root(device->partition) || !tree->devices[device->on].array)
			continue;
		err_at(decoder->err, -ENOTSUP, device->pos, device->path, "the immutable root cannot stand on an array");
		err_hint(decoder->err,
			 "it is a partition of the system's own disk: make the hypervisor's storage redundant, or its disk");
	}
}

void disks_check_roles(struct decoder *decoder, const struct disks_tree *tree, const struct node *partitions)
{
	struct recipe *recipe = decoder->recipe;
	const char **paths = arena_array(decoder->arena, const char *, recipe->n_disks + 1);
	const struct recipe_disk *system = NULL;

	disks_role_settle(decoder, tree);
	for (size_t i = 0; i < recipe->n_disks; i++) {
		const struct recipe_disk *disk = &recipe->disks[i];

		paths[i] = problem_path(decoder->arena, "partitions.disk", disk->name);
		disks_role_check(decoder, disk, disks_role_use(decoder, tree, disk), paths[i]);
		if (!system && disks_role_is(disk, DISK_SYSTEM))
			system = disk;
	}
	disks_role_check_serials(decoder, paths);
	disks_role_check_elsewhere(decoder, tree);
	if (recipe->n_disks > DISKS_MAX)
		err_at(decoder->err, -EINVAL, &partitions->pos, "partitions.disk", "more than %d disks", DISKS_MAX);
	if (recipe->kind != KIND_VM)
		return;
	if (system)
		disks_role_check_needed(decoder, system, partitions);
	else if (!decoder->err->count)
		err_at(decoder->err, -EINVAL, &partitions->pos, "partitions.disk", "expected a disk with the system");
}
