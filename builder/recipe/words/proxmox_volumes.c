/* Where the machine runs: what it keeps there. Disks of a virtual machine, mounts of a container: their order, what is added to
 * those that the recipe names, and what must hold of them. */
#include <string.h>

#include "recipe/words/disks.h"
#include "recipe/words/proxmox.h"

/* Of Proxmox: scsi0 to scsi30, mp0 to mp255. */
enum { DISKS_MAX = 31, MOUNTS_MAX = 256 };

/* --- disks ----------------------------------------------------------------------------------------------------------- */

static const struct proxmox_disk *proxmox_disk_written(const struct proxmox *proxmox, const char *name)
{
	for (size_t i = 0; i < proxmox->n_disks; i++)
		if (strcmp(proxmox->disks[i].name, name) == 0)
			return &proxmox->disks[i];
	return NULL;
}

static struct proxmox_disk proxmox_disk_called(const struct proxmox *proxmox, const char *name)
{
	const struct proxmox_disk *written = proxmox_disk_written(proxmox, name);

	return written ? *written
		       : (struct proxmox_disk){.name = name, .backup = true, .discard = true, .pos = proxmox->pos};
}

/* What Proxmox's words call a disk of the layout: the one with a plain /var has been `state` from the beginning. */
static const char *proxmox_volumes_name(const struct recipe_disk *disk)
{
	return strcmp(disk->role, DISK_STATE) == 0 && strcmp(disk->serial, PROXMOX_STATE) == 0 ? PROXMOX_STATE : disk->name;
}

/* The disk of the layout that has this name among the words; NULL: it is the recipe's own, or the image. */
static const struct recipe_disk *proxmox_volumes_layout(const struct decoder *decoder, const char *name)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_disks; i++)
		if (strcmp(recipe->disks[i].role, DISK_SYSTEM) != 0 && strcmp(proxmox_volumes_name(&recipe->disks[i]),
									      name) == 0)
			return &recipe->disks[i];
	return NULL;
}

static bool proxmox_is_own_disk(const struct decoder *decoder, const struct proxmox_disk *disk)
{
	return strcmp(disk->name, PROXMOX_SYSTEM) != 0 && !proxmox_volumes_layout(decoder, disk->name);
}

static void proxmox_add_layout_disk(struct decoder *decoder, struct proxmox *proxmox, const struct proxmox *written,
				    const struct recipe_disk *layout)
{
	struct proxmox_disk *disk = arena_push(decoder->arena, proxmox->disks, proxmox->n_disks);

	*disk = proxmox_disk_called(written, proxmox_volumes_name(layout));
	if (!disk->serial)
		disk->serial = layout->serial;
	if (!disk->size && strcmp(layout->role, DISK_STATE) == 0)
		disk->size = PROXMOX_STATE_SIZE;
	if (!disk->size && strcmp(layout->role, DISK_KEY) == 0)
		disk->size = PROXMOX_KEY_SIZE;
}

/* The image's, those of the layout, those that the recipe adds: all but the first are known by a serial number. */
static void proxmox_order_disks(struct decoder *decoder, struct proxmox *proxmox)
{
	static const char *const roles[] = {DISK_STATE, DISK_DATA, DISK_KEY};
	const struct recipe *recipe = decoder->recipe;
	const struct proxmox written = *proxmox;

	proxmox->disks = NULL;
	proxmox->n_disks = 0;
	*arena_push(decoder->arena, proxmox->disks, proxmox->n_disks) = proxmox_disk_called(&written, PROXMOX_SYSTEM);
	for (size_t r = 0; r < sizeof roles / sizeof *roles; r++)
		for (size_t i = 0; i < recipe->n_disks; i++)
			if (strcmp(recipe->disks[i].role, roles[r]) == 0)
				proxmox_add_layout_disk(decoder, proxmox, &written, &recipe->disks[i]);
	for (size_t i = 0; i < written.n_disks; i++)
		if (proxmox_is_own_disk(decoder, &written.disks[i]))
			*arena_push(decoder->arena, proxmox->disks, proxmox->n_disks) = written.disks[i];
	for (size_t i = 0; i < proxmox->n_disks; i++) {
		struct proxmox_disk *disk = &proxmox->disks[i];

		if (!disk->storage)
			disk->storage = proxmox->storage;
		if (i > 0 && !disk->serial)
			disk->serial = disk->name;
	}
}

/* What a machine takes for its state, and what it takes for the image, is not for these words to say. */
static void proxmox_check_serial(struct decoder *decoder, const struct proxmox_disk *disk, const char *path)
{
	const struct recipe_disk *layout = proxmox_volumes_layout(decoder, disk->name);

	if (strcmp(disk->name, PROXMOX_SYSTEM) == 0 && disk->serial) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "the system's disk has no 'serial': it is known by what is on "
		       "it");
		err_hint(decoder->err, "leave it out");
	} else if (layout && strcmp(disk->name, PROXMOX_STATE) == 0 && strcmp(disk->serial, layout->serial) != 0) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "the machine finds its state by the serial number 'state', not "
		       "'%s'", disk->serial);
		err_hint(decoder->err, "leave 'serial' out");
	} else if (layout && strcmp(disk->serial, layout->serial) != 0) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, "the machine knows this disk by the serial number '%s', not "
		       "'%s'",
		       layout->serial, disk->serial);
		err_hint(decoder->err, "leave 'serial' out here: 'partitions.disk.%s.serial' is the place for it",
			 layout->name);
	} else if (!layout && strcmp(disk->name, PROXMOX_STATE) != 0 && disk->serial &&
		   strcmp(disk->serial, PROXMOX_STATE) == 0) {
		err_at(decoder->err, -EINVAL, &disk->pos, path,
		       "the machine would take it for its state: that is known by the serial number 'state'");
		err_hint(decoder->err, "give it another 'serial', or leave it out");
	} else if (disk->serial && strlen(disk->serial) > DISKS_SERIAL_MAX) {
		err_at(decoder->err, -EINVAL, &disk->pos, path,
		       "'%s' is too long for a serial number, which has at most %d characters", disk->serial, DISKS_SERIAL_MAX);
		err_hint(decoder->err, "give it a shorter name, or a 'serial' of its own");
	}
}

static void proxmox_check_disk(struct decoder *decoder, const struct proxmox *proxmox, size_t i)
{
	const struct proxmox_disk *disk = &proxmox->disks[i];
	const struct recipe_disk *layout = proxmox_volumes_layout(decoder, disk->name);
	const char *path = problem_path(decoder->arena, "proxmox.disks", disk->name);

	proxmox_check_serial(decoder, disk, path);
	if (i > 0 && !disk->size) {
		err_at(decoder->err, -EINVAL, &disk->pos, path, layout ? "'size' is missing: how large the disk '%s' of the "
		       "layout is, in "
		       "whole GiB" : "'size' is missing: size in whole GiB", disk->name);
		err_hint(decoder->err, layout ? "add it: 'disks: { %s: { size: 32G } }'" : "add it: '%s: { size: 32G }'",
			 disk->name);
	}
	for (size_t other = 1; other < i; other++)
		if (disk->serial && strcmp(proxmox->disks[other].serial, disk->serial) == 0 &&
		    strcmp(disk->serial, PROXMOX_STATE) != 0)
			err_at(decoder->err, -EINVAL, &disk->pos, path, "'%s' has the serial number '%s' already",
			       proxmox->disks[other].name, disk->serial);
}

/* Names that the layout and these words give to different disks. */
static bool proxmox_check_names(struct decoder *decoder, const struct proxmox *proxmox)
{
	const struct recipe *recipe = decoder->recipe;
	const struct recipe_disk *system = recipe_disk(recipe, DISK_SYSTEM),
		*called = proxmox_volumes_layout(decoder, PROXMOX_SYSTEM);
	const struct proxmox_disk *written = system ? proxmox_disk_written(proxmox, system->name) : NULL;

	if (called) {
		err_at(decoder->err, -EINVAL, &called->pos, "partitions.disk.system",
		       "'proxmox' calls the image's disk 'system', and this is another");
		err_hint(decoder->err, "give it another name");
	}
	if (written && strcmp(written->name, PROXMOX_SYSTEM) != 0 && !proxmox_volumes_layout(decoder, written->name)) {
		err_at(decoder->err, -EINVAL, &written->pos, problem_path(decoder->arena, "proxmox.disks", written->name),
		       "'%s' is the image's disk in the layout, which is called 'system' here", written->name);
		err_hint(decoder->err, "write 'disks: { system: { … } }', or give a disk of your own another name");
	}
	return !called;
}

void proxmox_check_disks(struct decoder *decoder, struct proxmox *proxmox)
{
	const struct proxmox_disk *state = proxmox_disk_written(proxmox, PROXMOX_STATE);

	if (problem_known(decoder, "partitions"))
		return;
	proxmox->one_disk = !recipe_disk(decoder->recipe, DISK_STATE);
	if (state && !proxmox_volumes_layout(decoder, PROXMOX_STATE)) {
		err_at(decoder->err, -EINVAL, &state->pos, "proxmox.disks.state", proxmox->one_disk
		       ? "the layout has no disk with 'role: state': this one would stay empty"
		       : "the layout has its state on disks of other names: this one would stay empty");
		err_hint(decoder->err, "take it away here ('disks: !remove [state]')%s",
			 proxmox->one_disk ? ", or use the layout 'partitions: ../partitions/two-disks.yaml'" : "");
	}
	if (!proxmox_check_names(decoder, proxmox))
		return;
	proxmox_order_disks(decoder, proxmox);
	for (size_t i = 0; i < proxmox->n_disks; i++)
		proxmox_check_disk(decoder, proxmox, i);
	if (proxmox->n_disks > DISKS_MAX)
		err_at(decoder->err, -EINVAL, &proxmox->pos, "proxmox.disks",
		       "a virtual machine has at most %d disks, this one %zu", DISKS_MAX, proxmox->n_disks);
}

/* --- mounts ---------------------------------------------------------------------------------------------------------- */

static bool proxmox_is_mounted(const struct proxmox *proxmox, const char *path)
{
	for (size_t i = 0; i < proxmox->n_mounts; i++)
		if (path_is_below(path, proxmox->mounts[i].path))
			return true;
	return false;
}

/* Whether another path of the list is above it. */
static bool proxmox_is_within(const struct strv *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->items[i], path) != 0 && path_is_below(path, paths->items[i]))
			return true;
	return false;
}

/* The outermost of the paths that no mount has, one by one, behind the mounts that were written. */
static void proxmox_add_mounts(struct decoder *decoder, struct proxmox *proxmox)
{
	const struct proxmox written = *proxmox;
	struct strv paths = {0};

	for (size_t i = 0; i < decoder->recipe->state.count; i++)
		strv_push(decoder->arena, &paths, decoder->recipe->state.items[i]);
	strv_push(decoder->arena, &paths, "/var/lib/aether");
	proxmox->mounts = NULL;
	proxmox->n_mounts = 0;
	for (size_t i = 0; i < written.n_mounts; i++)
		*arena_push(decoder->arena, proxmox->mounts, proxmox->n_mounts) = written.mounts[i];
	for (size_t i = 0; i < paths.count; i++)
		if (!proxmox_is_mounted(proxmox, paths.items[i]) && !proxmox_is_within(&paths, paths.items[i]))
			*arena_push(decoder->arena, proxmox->mounts, proxmox->n_mounts) = (struct proxmox_mount){
				.path = paths.items[i], .size = PROXMOX_MOUNT_SIZE, .backup = true, .pos = proxmox->pos};
}

/* One mount in another: which of them is made first, and has what, would depend on their order. */
static void proxmox_check_nested(struct decoder *decoder, const struct proxmox *proxmox, const struct proxmox_mount *mount,
				 const char *path)
{
	for (size_t i = 0; i < proxmox->n_mounts; i++) {
		const struct proxmox_mount *other = &proxmox->mounts[i];

		if (other == mount || !path_is_below(mount->path, other->path))
			continue;
		err_at(decoder->err, -EINVAL, &mount->pos, path, "'%s' lies in '%s', which is a mount of its own", mount->path,
		       other->path);
		err_hint(decoder->err, "keep one of them; each path of 'state' that lies in no mount is one");
		return;
	}
}

static void proxmox_check_mount(struct decoder *decoder, const struct proxmox *proxmox, const struct proxmox_mount *mount)
{
	const char *path = problem_path(decoder->arena, "proxmox.mounts", mount->path);

	if (strchr(mount->path, ',')) {
		err_at(decoder->err, -EINVAL, &mount->pos, path, "Proxmox has no mounts with a comma in their path: '%s'",
		       mount->path);
		err_hint(decoder->err, "name a folder above it");
	}
	proxmox_check_nested(decoder, proxmox, mount, path);
}

void proxmox_check_mounts(struct decoder *decoder, struct proxmox *proxmox)
{
	for (size_t i = 0; i < proxmox->n_mounts; i++)
		word_check_mount_point(decoder, &proxmox->mounts[i].pos,
				       problem_path(decoder->arena, "proxmox.mounts", proxmox->mounts[i].path),
				       proxmox->mounts[i].path);
	proxmox_add_mounts(decoder, proxmox);
	for (size_t i = 0; i < proxmox->n_mounts; i++) {
		if (!proxmox->mounts[i].storage)
			proxmox->mounts[i].storage = proxmox->storage;
		proxmox_check_mount(decoder, proxmox, &proxmox->mounts[i]);
	}
	if (proxmox->n_mounts > MOUNTS_MAX)
		err_at(decoder->err, -EINVAL, &proxmox->pos, "proxmox.mounts",
		       "a container has at most %d mounts, this one %zu", MOUNTS_MAX, proxmox->n_mounts);
}
