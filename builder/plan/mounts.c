/* The machine's table of file systems, fstab(5), from which systemd makes mount units, checks and growth. The program in the
 * initrd mounts the root and /var; the ESP is for boot loaders. */
#include "plan/mounts.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "contract/stack.h"
#include "plan/config.h"

/* What is checked before it is mounted (fsck(8)) has a 2 at the end of its line; the others see to it themselves. */
static const struct { const char *format; bool is_checked, grows; } formats[] = {
	{"ext4", true, true}, {"vfat", true, false}, {"xfs", false, true}, {"btrfs", false, true},
};

static bool mounts_is_checked(const char *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].format, format) == 0)
			return formats[i].is_checked;
	return false;
}

/* systemd-growfs(8) fails for what it does not know. */
static bool mounts_can_grow(const char *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].format, format) == 0)
			return formats[i].grows;
	return false;
}

/* --- options ------------------------------------------------------------------------------------------------------------ */

/* Options while they are put together: "a,b". */
struct mounts_options {
	struct arena *arena;
	const char *text;
};

static void mounts_option(struct mounts_options *options, const char *option)
{
	options->text = arena_printf(options->arena, "%s%s%s", options->text, *options->text ? "," : "", option);
}

static struct mounts_options mounts_written(struct arena *arena, const struct strv *written,
					    const struct recipe_subvolume *subvolume)
{
	struct mounts_options options = {arena, ""};

	if (subvolume)
		mounts_option(&options, arena_printf(arena, "subvol=/%s", escape_fstab(arena, subvolume->name)));
	for (size_t i = 0; i < written->count; i++)
		mounts_option(&options, escape_fstab(arena, written->items[i]));
	if (!*options.text)
		mounts_option(&options, "defaults");
	return options;
}

static const char *mounts_format(const struct recipe_content *content)
{
	return content->type == CONTENT_BTRFS ? "btrfs" : content->format;
}

/* --- lines -------------------------------------------------------------------------------------------------------------- */

static void mounts_add(struct arena *arena, struct plan *plan, const struct plan_mount *mount)
{
	*arena_push(arena, plan->mounts, plan->n_mounts) = *mount;
}

/* udev names its link in small letters (/dev/disk/by-partuuid/…), and systemd takes the name as it is written. */
static const char *mounts_partuuid(struct arena *arena, const char *uuid)
{
	char *lower = arena_strdup(arena, uuid);

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return arena_printf(arena, "PARTUUID=%s", lower);
}

/* The disk is the one that the root is on: a machine that is slow to see the partition waits for longer than 90 s. */
static void mounts_wait(struct mounts_options *options, const struct strv *written)
{
	for (size_t i = 0; i < written->count; i++)
		if (strstr(written->items[i], "x-systemd.device-timeout="))
			return;
	mounts_option(options, "x-systemd.device-timeout=300s");
}

static void mounts_add_of_partition(struct arena *arena, struct plan *plan, const struct recipe_partition *from,
				    const struct recipe_subvolume *subvolume, const char *source)
{
	const struct recipe_content *content = &from->content;
	const char *mountpoint = subvolume ? subvolume->mountpoint : content->mountpoint, *format = mounts_format(content);
	const struct strv *written = subvolume ? &subvolume->mount_options : &content->mount_options;
	struct mounts_options options;

	if (!mountpoint || strcmp(mountpoint, "/var") == 0)
		return;
	options = mounts_written(arena, written, subvolume);
	mounts_wait(&options, written);
	if (from->grow && mounts_can_grow(format))
		mounts_option(&options, "x-systemd.growfs");
	mounts_add(arena, plan, &(struct plan_mount){
		source, mountpoint, format, options.text, mounts_is_checked(format) ? 2 : 0,
		subvolume ? subvolume->pos : from->pos,
	});
}

static void mounts_add_swap(struct arena *arena, struct plan *plan, const struct recipe_partition *from, const char *source)
{
	struct mounts_options options = {arena, ""};

	if (from->content.priority >= 0)
		mounts_option(&options, arena_printf(arena, "pri=%" PRId64, from->content.priority));
	if (from->content.discard)
		mounts_option(&options, strcmp(from->content.discard, "both") == 0
						? "discard" : arena_printf(arena, "discard=%s", from->content.discard));
	if (!*options.text)
		mounts_option(&options, "defaults");
	mounts_wait(&options, &from->content.mount_options);
	mounts_add(arena, plan, &(struct plan_mount){source, NULL, "swap", options.text, 0, from->pos});
}

void mounts_add_partition(struct arena *arena, struct plan *plan, const struct recipe_partition *from,
			  const struct disk_partition *part)
{
	const char *source = mounts_partuuid(arena, part->uuid);

	if (part->content == DISK_SWAP)
		mounts_add_swap(arena, plan, from, source);
	if (from->content.type != CONTENT_FILESYSTEM && from->content.type != CONTENT_BTRFS)
		return;
	mounts_add_of_partition(arena, plan, from, NULL, source);
	for (size_t i = 0; i < from->content.n_subvolumes; i++)
		mounts_add_of_partition(arena, plan, from, &from->content.subvolumes[i], source);
}

/* Without the device the machine starts nevertheless, and is not well: the unit has failed. (systemd waits for what lies below
 * /dev alone, and udev knows no link of ours there.) What a secret opens comes after all that secrets need, and they need other
 * mounts. */
void mounts_add_stack(struct arena *arena, struct plan *plan, const struct recipe_content *content,
		      const struct recipe_subvolume *subvolume, const struct mounts_device *device)
{
	const char *format = mounts_format(content);
	struct mounts_options options = mounts_written(arena, subvolume ? &subvolume->mount_options : &content->mount_options,
						       subvolume);

	mounts_option(&options, "nofail");
	mounts_option(&options, device->late ? "x-systemd.after=" STACK_UNIT_LATE : "x-systemd.after=" STACK_UNIT);
	mounts_option(&options, device->late ? "x-systemd.before=sysinit.target" : "x-systemd.before=local-fs.target");
	if (device->grows && mounts_can_grow(format))
		mounts_option(&options, "x-systemd.growfs");
	mounts_add(arena, plan, &(struct plan_mount){
		arena_printf(arena, STACK_LINKS "/%s", device->id), subvolume ? subvolume->mountpoint : content->mountpoint,
		format, options.text, 0, subvolume ? subvolume->pos : content->pos,
	});
}

static void mounts_add_nodev(struct arena *arena, struct plan *plan, const struct recipe_nodev *nodev)
{
	const bool bind = strcmp(nodev->type, "bind") == 0;
	struct mounts_options options = mounts_written(arena, &nodev->mount_options, NULL);

	if (bind) {
		if (!nodev->mount_options.count)
			options.text = "";
		options.text = arena_printf(arena, "bind%s%s", *options.text ? "," : "", options.text);
		mounts_option(&options, arena_printf(arena, "x-systemd.requires-mounts-for=%s",
						     escape_fstab(arena, nodev->device)));
	}
	mounts_add(arena, plan, &(struct plan_mount){nodev->device ? nodev->device : nodev->type, nodev->mountpoint,
						    bind ? "none" : nodev->type, options.text, 0, nodev->pos});
}

int mounts_make(struct arena *arena, struct plan *plan, struct err *err)
{
	_cleanup_buf_ struct buf fstab = {0};

	for (size_t i = 0; i < plan->recipe->n_nodevs; i++)
		mounts_add_nodev(arena, plan, &plan->recipe->nodevs[i]);
	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct plan_mount *mount = &plan->mounts[i];

		buf_printf(&fstab, "%s %s %s %s 0 %d\n", escape_fstab(arena, mount->source),
			   mount->mountpoint ? escape_fstab(arena, mount->mountpoint) : "none", mount->format, mount->options,
			   mount->check);
	}
	if (fstab.size)
		config_put(arena, plan, "/etc/fstab", 0644, NULL, fstab.data);
	return err_result(err);
}
