/* What is mounted: where it may be, by which options, and what must hold of /var. Fills in recipe->mounts. */
#include <string.h>

#include "recipe/words/disks.h"
#include "recipe/words/mount_options.h"

/* One mount, as the rules see it. */
struct mounted {
	const char *mountpoint, *format, *what, *path;
	const struct pos *pos;
	const struct strv *options;
};

/* --- where ----------------------------------------------------------------------------------------------------------- */

static void disks_mount_check_place(struct decoder *decoder, const struct mounted *mounted)
{
	static const char system[] = "'%s' is part of the immutable root", memory[] = "'%s' is made anew at each start";
	static const char loaders[] = "'%s' is not used: kernels and loaders are on the EFI system partition, which is not "
				      "mounted";
	static const struct { const char *path; bool below; const char *why; } places[] = {
		{"/bin", true, system}, {"/etc", false, system}, {"/lib", true, system}, {"/lib64", true, system},
		{"/sbin", true, system}, {"/usr", false, system}, {"/usr/bin", true, system}, {"/usr/lib", true, system},
		{"/usr/sbin", true, system}, {"/usr/share", false, system}, {"/boot", true, loaders}, {"/efi", true, loaders},
		{"/dev", true, memory}, {"/proc", true, memory}, {"/run", true, memory}, {"/sys", true, memory},
		{"/var/lock", true, memory}, {"/var/run", true, memory},
		{"/var/lib", false, "'%s' has what is needed before it can be mounted"},
		{"/var/lib/aether", true, "'%s' has what is needed before it can be mounted"},
	};
	const char *mountpoint = mounted->mountpoint;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (places[i].below ? path_is_below(mountpoint, places[i].path) : strcmp(mountpoint, places[i].path) == 0) {
			err_at(decoder->err, -EINVAL, mounted->pos, mounted->path, places[i].why, mountpoint);
			err_hint(decoder->err, places[i].why == loaders
				 ? "leave 'mountpoint' out" : "use /var, or a folder for the data of a service, like /srv");
			return;
		}
	if (strcmp(mounted->format, "vfat") == 0 &&
	    (strcmp(mountpoint, "/var") == 0 || strcmp(mountpoint, "/home") == 0 || strcmp(mountpoint, "/root") == 0)) {
		err_at(decoder->err, -EINVAL, mounted->pos, mounted->path, "'%s' needs owners and modes, which 'vfat' has not",
		       mountpoint);
		err_hint(decoder->err, "write 'format: ext4'");
	}
}

/* --- by which options ------------------------------------------------------------------------------------------------ */

static void disks_mount_check_option(struct decoder *decoder, const struct mounted *mounted, const char *name,
					   const char *const *known, size_t n)
{
	const struct strv list = {(const char **)known, n};
	const char *near;

	if (strv_has(&list, name) || text_has_prefix(name, "x-") || text_has_prefix(name, "X-"))
		return;
	near = text_nearest(name, known, n);
	if (near)
		err_at(decoder->err, -EINVAL, mounted->pos, mounted->path,
		       "'%s' is no mount option of %s: the machine would not start", name, mounted->format);
	else
		err_warn(decoder->err, mounted->pos, mounted->path,
			 "'%s' is not known as a mount option of %s: if the kernel does not know it, the "
			 "machine does not start", name, mounted->format);
	if (near)
		err_hint(decoder->err, "did you mean '%s'?", near);
}

/* An option that mount(8) does not know is a machine that does not start: systemd wants all that fstab mounts. */
static void disks_mount_check_options(struct decoder *decoder, const struct mounted *mounted)
{
	const char *known[MOUNT_OPTIONS_MAX];
	size_t n = mount_options_known(mounted->format, known);

	for (size_t i = 0; i < mounted->options->count && n; i++) {
		char *rest = arena_strdup(decoder->arena, mounted->options->items[i]), *option;

		while ((option = strsep(&rest, ",")))
			disks_mount_check_option(decoder, mounted,
						       arena_strndup(decoder->arena, option, strcspn(option, "=")), known, n);
	}
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static void disks_mount_add(struct decoder *decoder, const struct mounted *mounted, bool keeps)
{
	struct recipe *recipe = decoder->recipe;

	disks_mount_check_place(decoder, mounted);
	disks_mount_check_options(decoder, mounted);
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (strcmp(recipe->mounts[i].mountpoint, mounted->mountpoint) == 0) {
			err_at(decoder->err, -EINVAL, mounted->pos, mounted->path, "%s is already mounted at '%s'",
			       recipe->mounts[i].what, mounted->mountpoint);
			return;
		}
	*arena_push(decoder->arena, recipe->mounts, recipe->n_mounts) =
		(struct recipe_mount){mounted->mountpoint, mounted->what, keeps, *mounted->pos};
}

static bool disks_mount_has_subvolume(const struct recipe_content *content, const char *name)
{
	for (size_t i = 0; i < content->n_subvolumes; i++)
		if (strcmp(content->subvolumes[i].name, name) == 0)
			return true;
	return false;
}

static void disks_mount_check_subvolumes(struct decoder *decoder, const struct disks_device *device)
{
	const struct recipe_content *content = device->content;

	for (size_t i = 0; i < content->n_subvolumes; i++) {
		const struct recipe_subvolume *subvolume = &content->subvolumes[i];
		const char *path = arena_printf(decoder->arena, "%s.content.subvolumes.%s", device->path, subvolume->name);
		const char *above = path_folder(decoder->arena, subvolume->name);

		if (i && strcmp(content->subvolumes[i - 1].name, subvolume->name) == 0)
			err_at(decoder->err, -EINVAL, &subvolume->pos, path,
			       "the subvolume '%s' is written twice, once with a slash in front",
			       subvolume->name);
		if (strcmp(above, ".") != 0 && !disks_mount_has_subvolume(content, above)) {
			err_at(decoder->err, -EINVAL, &subvolume->pos, path, "'%s' lies in '%s', which is no subvolume",
			       subvolume->name, above);
			err_hint(decoder->err, "add it: '%s: {}'", above);
		}
		if (!subvolume->mountpoint && subvolume->mount_options.count)
			err_at(decoder->err, -EINVAL, &subvolume->pos, path,
			       "'mountOptions' are of a mount, and it has no 'mountpoint'");
		if (subvolume->mountpoint)
			disks_mount_add(decoder, &(struct mounted){subvolume->mountpoint, "btrfs",
				arena_printf(decoder->arena, "the subvolume '%s' of %s", subvolume->name, device->what), path,
				&subvolume->pos, &subvolume->mount_options}, true);
	}
}

/* --- /var ------------------------------------------------------------------------------------------------------------ */

static bool disks_mount_is_ext4(const struct recipe_content *content)
{
	return content->type == CONTENT_FILESYSTEM && strcmp(content->format, "ext4") == 0;
}

static bool disks_mount_is_of_system(const struct disks_tree *tree, const struct disks_device *device)
{
	const struct recipe_disk *disk = device->partition ? tree->devices[device->on].disk : NULL;

	return disk && strcmp(disk->role, DISK_SYSTEM) == 0;
}

/* aether-init mounts it, before /etc can be read. */
static void disks_mount_check_var(struct decoder *decoder, const struct disks_device *device, const struct strv *options)
{
	for (size_t i = 0; i < options->count; i++)
		if (strstr(options->items[i], "x-systemd.") || strcmp(options->items[i], "nofail") == 0 ||
		    strcmp(options->items[i], "noauto") == 0) {
			err_at(decoder->err, -EINVAL, device->pos, device->path,
			       "'%s' is of no effect at /var: aether-init mounts it, not "
			       "systemd", options->items[i]);
			err_hint(decoder->err, "leave it out");
		}
}

static void disks_mount_check_state(struct decoder *decoder, const struct disks_tree *tree)
{
	int var = disks_tree_mounted(tree, "/var");
	const bool *below = disks_tree_below(decoder->arena, tree, var);

	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];
		bool labelled = device->partition && strcmp(device->partition->label, "state") == 0;

		if (!disks_mount_is_of_system(tree, device))
			continue;
		if (labelled && !below[i] && !(device->content->mountpoint && strcmp(device->content->mountpoint, "/var") == 0))
			err_at(decoder->err, -EINVAL, device->pos, device->path,
			       "the partition with the label 'state' must be mounted at /var");
		if (i == var && !labelled && disks_mount_is_ext4(device->content)) {
			err_at(decoder->err, -EINVAL, device->pos, device->path,
			       "/var on an 'ext4' partition of the system's disk must have the label 'state'");
			err_hint(decoder->err, "add 'label: state': aether-init finds it by this label, before /etc can be "
				 "read");
		}
	}
}

/* --- without a device ------------------------------------------------------------------------------------------------ */

/* Whether what lies at a path of the machine is there at the next start. */
static bool disks_mount_keeps(const struct recipe *recipe, const char *path)
{
	const struct recipe_mount *mount = NULL;

	if (path_is_below(path, "/home") || path_is_below(path, "/root"))
		path = "/var";
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (path_is_below(path, recipe->mounts[i].mountpoint) &&
		    (!mount || strlen(recipe->mounts[i].mountpoint) > strlen(mount->mountpoint)))
			mount = &recipe->mounts[i];
	return mount && mount->keeps;
}

static void disks_mount_check_nodev(struct decoder *decoder, struct recipe_nodev *nodev)
{
	const char *path = problem_path(decoder->arena, "partitions.nodev", nodev->mountpoint);
	bool bind = strcmp(nodev->type, "bind") == 0;

	if (!bind)
		nodev->device = "tmpfs";
	if (strcmp(nodev->mountpoint, "/var") == 0) {
		err_at(decoder->err, -EINVAL, &nodev->pos, path, "/var cannot be %s", bind ? "another folder" : "memory");
		err_hint(decoder->err, bind ? "mount a file system there"
			 : "a layout that mounts nothing at /var has it in memory");
		return;
	}
	if (bind && (!nodev->device || !decode_matches(&word_rule_path, nodev->device))) {
		err_at(decoder->err, -EINVAL, &nodev->pos, path, "'device' is missing: the folder that is seen at '%s', too",
		       nodev->mountpoint);
		err_hint(decoder->err, "write 'device: /var/lib/NAME'");
		nodev->device = "";
		return;
	}
	if (bind && strcmp(nodev->device, nodev->mountpoint) == 0)
		err_at(decoder->err, -EINVAL, &nodev->pos, path, "'%s' is this folder itself", nodev->device);
	disks_mount_add(decoder, &(struct mounted){nodev->mountpoint, nodev->type,
		bind ? arena_printf(decoder->arena, "the folder '%s'", nodev->device) : "memory", path, &nodev->pos,
		&nodev->mount_options}, bind && disks_mount_keeps(decoder->recipe, nodev->device));
}

void disks_check_mounts(struct decoder *decoder, const struct disks_tree *tree)
{
	struct recipe *recipe = decoder->recipe;

	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];
		const struct recipe_content *content = device->content;

		if (content->mountpoint && strcmp(content->mountpoint, "/var") == 0)
			disks_mount_check_var(decoder, device, &content->mount_options);
		for (size_t s = 0; s < content->n_subvolumes; s++)
			if (content->subvolumes[s].mountpoint && strcmp(content->subvolumes[s].mountpoint, "/var") == 0)
				disks_mount_check_var(decoder, device, &content->subvolumes[s].mount_options);
		if (content->mountpoint && !(device->partition && disks_is_esp(device->partition)))
			disks_mount_add(decoder, &(struct mounted){content->mountpoint, content->format, device->what,
				device->path, device->pos, &content->mount_options}, true);
		disks_mount_check_subvolumes(decoder, device);
	}
	disks_mount_check_state(decoder, tree);
	for (unsigned bind = 0; bind < 2; bind++) /* memory first: what a folder of it is bound to is no other */
		for (size_t i = 0; i < recipe->n_nodevs; i++)
			if ((strcmp(recipe->nodevs[i].type, "bind") == 0) == bind)
				disks_mount_check_nodev(decoder, &recipe->nodevs[i]);
}
