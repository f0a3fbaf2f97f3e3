/* What is mounted: fstab(5) as it is written (judges: findmnt(8), systemd-fstab-generator(8)) and as aether-init reads it;
 * which disks and controllers aether-init sees. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/text.h"
#include "host/proc.h"
#include "machine/root/drives.h"
#include "machine/root/fstab.h"
#include "machine/say.h"
#include "plan/plan.h"
#include "recipe/words/mount_options.h"
#include "scratch.h"

static void put(const char *name, const char *text)
{
	struct err err = {0};
	char *folder = arena_strdup(scratch_arena(), scratch_path(name));

	*strrchr(folder, '/') = 0;
	make_folder(folder, 0755);
	ck_assert_int_eq(file_publish(scratch_path(name), text, strlen(text), 0644, &err), 0);
}

/* --- words of fstab and tmpfiles ------------------------------------------------------------------------------------- */

static const struct { const char *word, *fstab, *tmpfiles; } escapes[] = {
	{"/srv/data", "/srv/data", "/srv/data"},
	{"/srv/my data", "/srv/my\\040data", "/srv/my\\x20data"},
	{"/srv/a\tb", "/srv/a\\011b", "/srv/a\\x09b"},
	{"/srv/a\nb", "/srv/a\\012b", "/srv/a\\x0ab"},
	{"/srv/a\\b", "/srv/a\\134b", "/srv/a\\x5cb"},
	{"/srv/a #1", "/srv/a\\040#1", "/srv/a\\x20#1"},
	{"/srv/50%", "/srv/50%", "/srv/50%%"},
	{"/srv/\"a\"", "/srv/\"a\"", "/srv/\\x22a\\x22"},
	{"/srv/ä", "/srv/ä", "/srv/\\xc3\\xa4"},
	{"", "", ""},
};

START_TEST(a_word_is_one_field_whatever_is_in_it)
{
	ck_assert_str_eq(escape_fstab(scratch_arena(), escapes[_i].word), escapes[_i].fstab);
	ck_assert_str_eq(escape_tmpfiles(scratch_arena(), escapes[_i].word), escapes[_i].tmpfiles);
}
END_TEST

/* --- fstab as it is written ------------------------------------------------------------------------------------------ */

/* A partition and the line that it gets; NULL: none. */
static const struct {
	struct recipe_partition words;
	const char *line;
} partitions[] = {
	{{.content = {.mountpoint = "/srv/data", .format = "ext4"}},
	 "/srv/data ext4 defaults,x-systemd.device-timeout=300s 0 2\n"},
	{{.content = {.mountpoint = "/srv/my data", .format = "vfat"}},
	 "/srv/my\\040data vfat defaults,x-systemd.device-timeout=300s 0 2\n"},
	{{.content = {.mountpoint = "/srv/a\\b", .format = "ext4"}},
	 "/srv/a\\134b ext4 defaults,x-systemd.device-timeout=300s 0 2\n"},
	{{.content = {.mountpoint = "/home", .format = "ext4"}, .grow = true},
	 "/home ext4 defaults,x-systemd.device-timeout=300s,x-systemd.growfs 0 2\n"},
	{{.content = {.mountpoint = "/srv", .format = "ext4",
		     .mount_options = {(const char *[]){"noatime", "x-a=b c#\t"}, 2}}},
	 "/srv ext4 noatime,x-a=b\\040c#\\011,x-systemd.device-timeout=300s 0 2\n"},
	{{.content = {.mountpoint = "/srv/my data #1", .format = "ext4",
		     .mount_options = {(const char *[]){"nofail,x-systemd.device-timeout=5s"}, 1}}},
	 "/srv/my\\040data\\040#1 ext4 nofail,x-systemd.device-timeout=5s 0 2\n"},
	{{.content = {.mountpoint = NULL, .format = "ext4"}}, NULL},
	{{.content = {.mountpoint = "/var", .format = "ext4"}}, NULL}, /* aether-init's */
};

static const struct plan_file *fstab_of(const struct recipe_partition *words, const char **ret_uuid)
{
	static struct debian_package packages[] = {{"systemd-repart", "1", "amd64", "a0", "pool/a", 1, LAYER_BASE, 0},
						   {"linux-image-cloud-amd64", "1", "amd64", "a0", "pool/l", 1, LAYER_BASE, 0},
						   {"e2fsprogs", "1", "amd64", "a0", "pool/e", 1, LAYER_BASE, 0}};
	static const struct plan_programs programs = {0};
	static const struct lock lock = {.image = {packages, 3}, .numbered = true};
	struct recipe_partition partition = *words;
	struct recipe_disk disk = {.name = "main", .role = "system",
				   .content = {.type = CONTENT_GPT, .partitions = &partition, .n_partitions = 1}};
	struct recipe recipe = {.path = "a.recipe", .root = "/", .name = "a", .kinds = KIND_VM, .kind = KIND_VM,
				.timezone = "UTC", .disks = &disk, .n_disks = 1};
	struct plan *plan;
	struct err err = {0};

	partition.name = partition.label = "data";
	partition.type = "8300";
	partition.content.type = CONTENT_FILESYSTEM;
	ck_assert_int_eq(plan_make(scratch_arena(), &recipe, NULL, &lock, &programs, &plan, &err), 0);
	*ret_uuid = plan->layout.partitions[0].uuid;
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, "/etc/fstab") == 0)
			return &plan->files[i];
	return NULL;
}

/* The name is the link of udev's, which is in small letters. */
START_TEST(a_partition_is_mounted_by_the_name_that_udev_gives_it)
{
	const char *uuid;
	const struct plan_file *file = fstab_of(&partitions[_i].words, &uuid);
	const char *lower;

	if (!partitions[_i].line) {
		ck_assert_ptr_null(file);
		return;
	}
	ck_assert_ptr_nonnull(file);
	ck_assert(text_has_prefix(file->text, "PARTUUID="));
	lower = arena_strndup(scratch_arena(), file->text + strlen("PARTUUID="), 36);
	ck_assert_uint_eq(strspn(lower, "0123456789abcdef-"), 36);
	ck_assert_int_eq(strcasecmp(lower, uuid), 0);
	ck_assert_str_eq(file->text + strlen("PARTUUID=") + 36 + 1, partitions[_i].line);
}
END_TEST

/* libmount reads back the path and the options that the recipe said. */
START_TEST(libmount_reads_what_was_meant)
{
	const char *uuid, *words = "";
	const struct plan_file *file = fstab_of(&partitions[_i].words, &uuid);
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};
	const char *argv[] = {"/usr/bin/findmnt", "--tab-file", scratch_path("fstab"), "--raw", "--noheadings",
			      "--output", "TARGET,OPTIONS", NULL};

	if (!file || access(argv[0], X_OK) != 0)
		return;
	put("fstab", file->text);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = argv, .output = &output}, &err), 0);
	for (size_t i = 0; i < partitions[_i].words.content.mount_options.count; i++)
		words = arena_printf(scratch_arena(), "%s%s%s", words, *words ? "," : "",
				     partitions[_i].words.content.mount_options.items[i]);
	if (!*words)
		words = "x-systemd.device-timeout=300s";
	/* --raw writes its own way what would end a field */
	ck_assert_msg(strstr(output.data, partitions[_i].words.grow ? "growfs" : strchr(words, '#') ? "noatime,x-a=b" : words),
		      "%s", output.data);
}
END_TEST

static bool generates(const char *text, const char *unit, const char *line)
{
	static const char GENERATOR[] = "/usr/lib/systemd/system-generators/systemd-fstab-generator";
	const char *out = scratch_path("units"), *argv[] = {GENERATOR, out, out, out, NULL};
	const char *env[] = {arena_printf(scratch_arena(), "SYSTEMD_FSTAB=%s", scratch_path("fstab")),
			     "SYSTEMD_PROC_CMDLINE=quiet", "SYSTEMD_LOG_TARGET=console", NULL};
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};

	if (access(GENERATOR, X_OK) != 0)
		return true;
	put("fstab", text);
	make_folder(out, 0755);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = argv, .env = env, .output = &output}, &err), 0);
	return strstr(scratch_text(arena_printf(scratch_arena(), "units/%s", unit)), line) != NULL;
}

/* What waits for a link that udev never makes is an emergency. */
START_TEST(systemd_makes_the_mount_unit_of_it)
{
	const char *uuid;

	ck_assert(generates(fstab_of(&partitions[0].words, &uuid)->text, "srv-data.mount",
			    arena_printf(scratch_arena(), "What=/dev/disk/by-partuuid/%.36s",
					 fstab_of(&partitions[0].words, &uuid)->text + strlen("PARTUUID="))));
	ck_assert(generates(fstab_of(&partitions[1].words, &uuid)->text, "srv-my\\x20data.mount", "Where=/srv/my data\n"));
	ck_assert(generates(fstab_of(&partitions[3].words, &uuid)->text, "home.mount", "Where=/home\n"));
	ck_assert(generates(fstab_of(&partitions[5].words, &uuid)->text, "srv-my\\x20data\\x20\\x231.mount",
			    "Where=/srv/my data #1\n"));
	ck_assert(generates(fstab_of(&partitions[2].words, &uuid)->text, "srv-a\\x5cb.mount", "Where=/srv/a\\"));
}
END_TEST

/* --- options --------------------------------------------------------------------------------------------------------- */

START_TEST(the_options_of_a_format_are_those_of_any_and_its_own)
{
	const char *known[MOUNT_OPTIONS_MAX];
	struct strv list = {known, mount_options_known("ext4", known)};

	ck_assert(strv_has(&list, "noatime") && strv_has(&list, "commit") && !strv_has(&list, "umask"));
	list.count = mount_options_known("vfat", known);
	ck_assert(strv_has(&list, "noatime") && strv_has(&list, "umask") && !strv_has(&list, "commit"));
	list.count = mount_options_known("btrfs", known);
	ck_assert(strv_has(&list, "noatime") && strv_has(&list, "compress") && !strv_has(&list, "umask"));
	ck_assert_uint_eq(mount_options_known("ntfs", known), 0);
	ck_assert_uint_eq(mount_options_known(NULL, known), 0);
}
END_TEST

/* --- aether-init ----------------------------------------------------------------------------------------------------- */

static const struct { const char *text; bool mounts; } homes[] = {
	{"", false}, {"PARTUUID=a /home ext4 defaults 0 2\n", true}, {"PARTUUID=a\t/home\text4 defaults", true},
	{"PARTUUID=a /srv ext4 defaults 0 2\nPARTUUID=b /home ext4 defaults 0 2\n", true},
	{"# PARTUUID=a /home ext4\n", false}, {"#a /home ext4\n", false}, {"PARTUUID=a /home/x ext4 defaults 0 2\n", false},
	{"PARTUUID=a /srv/home ext4 defaults 0 2\n", false}, {"PARTUUID=a\n/home ext4 defaults 0 2\n", false}, {"/home", false},
	{" \t \n\n", false}, {"/dev/a /home", false},
};

START_TEST(aether_init_leaves_a_home_to_the_partition_that_fstab_mounts_there)
{
	ck_assert_int_eq(fstab_mounts(homes[_i].text, "/home"), homes[_i].mounts);
	put("fstab", homes[_i].text);
	ck_assert_int_eq(fstab_file_mounts(scratch_path("fstab"), "/home"), homes[_i].mounts);
	ck_assert(!fstab_file_mounts(scratch_path("none"), "/home"));
}
END_TEST

START_TEST(a_machine_without_a_disk_says_which_controller_has_no_driver)
{
	char names[128];

	put("sys/class/block/ram0/size", "");
	put("sys/class/block/sr0/size", "");
	put("sys/module/virtio_scsi/version", "");
	put("sys/module/ahci/version", "");
	put("sys/module/ext4/version", "");
	put("sys/bus/pci/devices/0000:00:05.0/class", "0x010000\n");
	put("sys/bus/pci/devices/0000:00:05.0/vendor", "0x1000\n");
	put("sys/bus/pci/devices/0000:00:05.0/device", "0x0012\n");
	put("sys/bus/pci/devices/0000:00:06.0/class", "0x020000\n");
	put("sys/bus/pci/devices/0000:00:07.0/class", "0x010601\n");
	put("sys/bus/pci/devices/0000:00:07.0/driver/x", "");
	ck_assert_int_eq(drives_list(scratch_path("sys"), names, sizeof names), 0);
	ck_assert_int_eq(drives_orphans(scratch_path("sys"), names, sizeof names), 1);
	ck_assert_str_eq(names, "1000:0012 at 0000:00:05.0");
	ck_assert_int_eq(drives_controllers(scratch_path("sys"), names, sizeof names), 2);
	ck_assert_str_eq(names, "VirtIO SCSI, SATA");
}
END_TEST

START_TEST(disks_are_listed_and_partitions_are_not)
{
	char names[128], few[6];

	put("sys/class/block/vda/size", "");
	put("sys/class/block/vda1/partition", "1\n");
	put("sys/class/block/sdb/size", "");
	put("sys/class/block/dm-0/size", "");
	ck_assert_int_eq(drives_list(scratch_path("sys"), names, sizeof names), 2);
	ck_assert_str_eq(names, "sdb, vda");
	ck_assert_int_eq(drives_list(scratch_path("sys"), few, sizeof few), 2);
	ck_assert_str_eq(few, "sdb, ");
	ck_assert_int_eq(drives_list(scratch_path("none"), names, sizeof names), 0);
	ck_assert_str_eq(names, "");
}
END_TEST

#define N(table) (sizeof(table) / sizeof *(table))
LOOP_SUITE(mounts, a_word_is_one_field_whatever_is_in_it, N(escapes))
LOOP_SUITE(mounts_written, a_partition_is_mounted_by_the_name_that_udev_gives_it, N(partitions))
LOOP_SUITE(mounts_read, libmount_reads_what_was_meant, N(partitions))
LOOP_SUITE(mounts_homes, aether_init_leaves_a_home_to_the_partition_that_fstab_mounts_there, N(homes))
SUITE(mounts_machine, systemd_makes_the_mount_unit_of_it, the_options_of_a_format_are_those_of_any_and_its_own,
      a_machine_without_a_disk_says_which_controller_has_no_driver, disks_are_listed_and_partitions_are_not)
