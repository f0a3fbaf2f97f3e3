/* What a disk needs of the lock: one kernel, and the tools that make it. */
#include "suite.h"

#include <string.h>

#include "plan/plan.h"
#include "scratch.h"

enum { PACKAGES_MAX = 12 };

static const struct {
	const char *image[4], *tools[10];
	const char *problem, *hint;  /* NULL: it can be planned */
} cases[] = {
	{{"linux-image-cloud-amd64", "linux-image-6.12.1-cloud-amd64"},
	 {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "grub-pc-bin", "mtools", "systemd-boot-efi"}, NULL, NULL},
	{{"linux-image-6.12.1-cloud-amd64", "linux-image-6.12.1-cloud-amd64-dbg"},
	 {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "grub-pc-bin", "mtools", "systemd-boot-efi"}, NULL, NULL},
	{{"proxmox-kernel-6.8"},
	 {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "grub-pc-bin", "mtools", "systemd-boot-efi"}, NULL, NULL},
	{{"curl"},
	 {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "grub-pc-bin", "mtools", "systemd-boot-efi"},
	 "none of the packages is a kernel, which a machine needs to start",
	 "add one, for example 'linux-image-cloud-amd64', and lock again"},
	{{"linux-image-6.12.1-cloud-amd64", "linux-image-6.12.1-amd64", "linux-image-amd64"},
	 {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "grub-pc-bin", "mtools", "systemd-boot-efi"},
	 "a machine has one kernel, but these packages are 2: linux-image-6.12.1-cloud-amd64, linux-image-6.12.1-amd64",
	 "take the other one away with '!remove'; 'from: aether:vm-hardware' has none yet"},
	{{"linux-image-6.12.1-amd64"}, {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "mtools", "systemd-boot-efi"},
	 "the tools recipe has no package 'grub-pc-bin', which makes GRUB for BIOS",
	 "add 'grub-pc-bin' to 'packages' of 'tools.recipe' and lock again"},
	{{"linux-image-6.12.1-amd64"}, {"dosfstools", "e2fsprogs", "erofs-utils", "grub-common", "grub-pc-bin", "mtools"},
	 "the tools recipe has no package 'systemd-boot-efi', which makes what UEFI starts",
	 "add 'systemd-boot-efi' to 'packages' of 'tools.recipe' and lock again"},
};

static size_t packages_of(const char *const *names, size_t n, struct debian_package *packages)
{
	size_t i;

	for (i = 0; i < n && names[i]; i++)
		packages[i] = (struct debian_package){.name = names[i], .version = "1", .arch = "amd64", .sha256 = "a0"};
	return i;
}

START_TEST(a_disk_needs_one_kernel_and_its_tools)
{
	struct debian_package image[PACKAGES_MAX] = {0}, tool[PACKAGES_MAX] = {0};
	struct recipe_partition partitions[] = {
		{.name = "esp", .label = "esp", .type = "EF00",
		 .content = {.type = CONTENT_FILESYSTEM, .format = "vfat"}},
		{.name = "bios", .label = "bios", .type = "EF02"},
		{.name = "root", .label = "root", .type = "8304",
		 .content = {.type = CONTENT_ROOT, .format = "erofs", .slots = 1}},
		{.name = "state", .label = "state", .type = "8310",
		 .content = {.type = CONTENT_FILESYSTEM, .format = "ext4"}},
	};
	struct recipe_disk disk = {.role = "system",
				   .content = {.type = CONTENT_GPT, .partitions = partitions, .n_partitions = 4}};
	const struct recipe tools = {.path = "tools.recipe", .name = "tools", .kind = KIND_TOOLS, .timezone = "UTC"};
	const struct recipe recipe = {.path = "a.recipe", .root = "/", .name = "a", .kinds = KIND_VM, .kind = KIND_VM,
				      .timezone = "UTC", .disks = &disk, .n_disks = 1};
	struct lock lock = {.epoch = 1, .image = {image, packages_of(cases[_i].image, 4, image)},
			    .tools = {tool, packages_of(cases[_i].tools, 10, tool)}};
	static const struct plan_programs programs;
	struct plan *plan = NULL;
	struct err err = {0};
	int r = plan_make(scratch_arena(), &recipe, &tools, &lock, &programs, &plan, &err);

	ck_assert_msg((r < 0) == (cases[_i].problem != NULL), "%s", err.count ? err.first->text : "no problem");
	if (r < 0) {
		ck_assert_str_eq(err.first->text, cases[_i].problem);
		ck_assert_str_eq(err.first->hint, cases[_i].hint);
		ck_assert_str_eq(err.first->file, "a.recipe");
		ck_assert_uint_eq(err.count, 1);
	}
	err_free(&err);
}
END_TEST
LOOP_SUITE(needs, a_disk_needs_one_kernel_and_its_tools, sizeof cases / sizeof *cases)
