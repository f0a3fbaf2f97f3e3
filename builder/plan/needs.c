/* What a disk cannot do without, asked of the lock: a kernel, and the programs of the tools recipe. Told before anything is
 * built, and at the recipe's words. */
#include <errno.h>
#include <string.h>

#include "plan/config.h"

/* Whether a package is a kernel itself, not one that depends on the newest or brings its symbols. */
static bool needs_is_kernel(const char *name)
{
	static const char image[] = "linux-image-";

	return text_has_prefix(name, image) && name[sizeof image - 1] >= '0' && name[sizeof image - 1] <= '9' &&
	       !text_has_suffix(name, "-dbg");
}

/* Where the recipe asks for a kernel: the last such word, which is the file's own when it has one. */
static struct pos needs_kernel_place(const struct recipe *recipe)
{
	struct pos pos = recipe_place(recipe, (const char *const[]){"packages", NULL}, NULL);

	for (size_t i = 0; i < recipe->n_packages; i++)
		if (text_has_prefix(recipe->packages[i].name, "linux-image-"))
			pos = recipe->packages[i].pos;
	return pos;
}

/* Kernels of others have other names; and one may come as a download. Then the tree will tell. */
static bool needs_may_have_kernel(const struct plan *plan)
{
	const struct package_set *locked = &plan->lock->image;

	for (size_t i = 0; i < locked->n_packages; i++)
		if (strstr(locked->packages[i].name, "linux-image") || strstr(locked->packages[i].name, "kernel"))
			return true;
	return plan->recipe->n_downloads > 0;
}

static int needs_one_kernel(struct arena *arena, const struct plan *plan, struct err *err)
{
	const struct package_set *locked = &plan->lock->image;
	const struct pos pos = needs_kernel_place(plan->recipe);
	const char *all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < locked->n_packages; i++)
		if (needs_is_kernel(locked->packages[i].name)) {
			all = all ? arena_printf(arena, "%s, %s", all, locked->packages[i].name) : locked->packages[i].name;
			n++;
		}
	if (!needs_may_have_kernel(plan)) {
		err_at(err, -ENOENT, &pos, "packages", "none of the packages is a kernel, which a machine needs to start");
		return err_hint(err, "add one, for example 'linux-image-cloud-amd64', and lock again");
	}
	if (n < 2)
		return 0;
	err_at(err, -EINVAL, &pos, "packages", "a machine has one kernel, but these packages are %zu: %s", n, all);
	return err_hint(err, "take the other one away with '!remove'; 'from: aether:vm-hardware' has none yet");
}

static bool needs_content(const struct plan *plan, enum disk_content content)
{
	for (size_t i = 0; i < plan->layout.n_partitions; i++)
		if (plan->layout.partitions[i].content == content)
			return true;
	return false;
}

static bool needs_has(const struct package_set *locked, const char *name)
{
	for (size_t i = 0; i < locked->n_packages; i++)
		if (strcmp(locked->packages[i].name, name) == 0)
			return true;
	return false;
}

static int needs_tools(const struct plan *plan, struct err *err)
{
	static const struct {
		enum disk_content content;
		const char *package, *what;
	} tools[] = {
		{DISK_ROOT, "erofs-utils", "the root image"},
		{DISK_ESP, "systemd-boot-efi", "what UEFI starts"},
		{DISK_ESP, "dosfstools", "the EFI system partition"},
		{DISK_ESP, "mtools", "the EFI system partition"},
		{DISK_BIOS_BOOT, "grub-common", "GRUB for BIOS"},
		{DISK_BIOS_BOOT, "grub-pc-bin", "GRUB for BIOS"},
		{DISK_EXT4, "e2fsprogs", "ext4 file systems"},
		{DISK_VFAT, "dosfstools", "vfat file systems"},
		{DISK_XFS, "xfsprogs", "xfs file systems"},
		{DISK_BTRFS, "btrfs-progs", "btrfs file systems"},
		{DISK_F2FS, "f2fs-tools", "f2fs file systems"},
	};
	const struct pos pos = recipe_place(plan->recipe, (const char *const[]){"tools", NULL}, NULL);

	for (size_t i = 0; plan->tools.recipe && i < sizeof tools / sizeof *tools; i++) {
		if (!needs_content(plan, tools[i].content) || needs_has(&plan->lock->tools, tools[i].package))
			continue;
		err_at(err, -ENOENT, &pos, "tools", "the tools recipe has no package '%s', which makes %s", tools[i].package,
		       tools[i].what);
		err_hint(err, "add '%s' to 'packages' of '%s' and lock again", tools[i].package, plan->tools.recipe->path);
	}
	return err_result(err);
}

/* Debian's kernel for clouds is without it. */
static const char CLOUD_KERNEL[] = "linux-image-cloud-", LACKING[] = "f2fs";

static bool needs_lacking(const struct plan *plan)
{
	for (size_t i = 0; i < plan->stack.n_nodes; i++) {
		const char *format = stack_word(&plan->stack.nodes[i], "format");

		if (format && strcmp(format, LACKING) == 0)
			return true;
	}
	for (size_t i = 0; i < plan->layout.n_partitions; i++)
		if (plan->layout.partitions[i].content == DISK_F2FS && plan->layout.partitions[i].mountpoint)
			return true;
	return false;
}

static int needs_driver(const struct plan *plan, struct err *err)
{
	const struct pos pos = recipe_place(plan->recipe, (const char *const[]){"partitions", NULL}, NULL);

	for (size_t i = 0; needs_lacking(plan) && i < plan->lock->image.n_packages; i++) {
		const char *name = plan->lock->image.packages[i].name;

		if (!text_has_prefix(name, CLOUD_KERNEL))
			continue;
		err_at(err, -ENOTSUP, &pos, "partitions", "the kernel '%s' cannot mount %s", name, LACKING);
		return err_hint(err, "take 'linux-image-amd64' in its place: 'packages: [!remove linux-image-cloud-amd64, "
				     "linux-image-amd64]'");
	}
	return 0;
}

int needs_make(struct arena *arena, struct plan *plan, struct err *err)
{
	if (plan->layout.n_partitions == 0)
		return 0;
	needs_one_kernel(arena, plan, err);
	needs_driver(plan, err);
	return needs_tools(plan, err);
}
