/* The way from the kernel to the real init: modules, the verified slot, the state, /etc, and the switch to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/image.h"
#include "machine/block.h"
#include "machine/cmdline.h"
#include "machine/init/drives.h"
#include "machine/init/fstab.h"
#include "machine/init/identity.h"
#include "machine/init/modules.h"
#include "machine/say.h"
#include "machine/verity.h"

#define SYSROOT "/sysroot"
#define FACTORY SYSROOT "/usr/share/factory/var"
#define IDENTITY SYSROOT "/var/lib/aether/identity"
#define ETC_ROOM "/etc-room"

enum { WAIT_SECONDS = 30, WAIT_STEP_US = 10000 };

/* A mount that the machine cannot do without. */
static void init_mount_or_die(const char *source, const char *target, const char *type, unsigned long flags,
			      const char *options)
{
	if (mount(source, target, type, flags, options) < 0)
		die("cannot mount %s at %s: %s", source, target, strerror(errno));
}

static void init_mount_kernel_files(void)
{
	static const struct { const char *type, *target; unsigned long flags; } mounts[] = {
		{"devtmpfs", "/dev", MS_NOSUID},
		{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
		{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	};

	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, NULL) < 0 && errno != EBUSY)
			die("cannot mount %s: %s", mounts[i].target, strerror(errno));
	}
}

/* --- the slot -------------------------------------------------------------------------------------------------------- */

struct slot_search {
	const struct cmdline *cmdline;
	struct partition slot;
	struct verity verity;
};

static bool init_read_superblock(const char *device, uint64_t offset, uint8_t block[VERITY_SUPERBLOCK])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/dev/%s", device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read_all(fd, block, VERITY_SUPERBLOCK, (int64_t)offset);
	close(fd);
	return n == VERITY_SUPERBLOCK;
}

static int init_is_slot(const struct partition *partition, void *data)
{
	struct slot_search *search = data;
	uint8_t block[VERITY_SUPERBLOCK];

	if (strncmp(partition->label, LABEL_ROOT, strlen(LABEL_ROOT)) != 0 ||
	    !init_read_superblock(partition->device, search->cmdline->hash_offset, block) ||
	    verity_decode(block, search->cmdline->root_hash, &search->verity) < 0)
		return 0;
	search->slot = *partition;
	return 1;
}

/* A controller without a driver has no disk, and then it is not about partitions. */
_Noreturn static void init_die_without_slot(void)
{
	char names[512];

	if (drives_list("/sys", names, sizeof names) > 0) {
		say("there are these disks: %s", names);
		die("no partition root, root-a or root-b holds the image of aether.root= (waited %d s)", WAIT_SECONDS);
	}
	if (drives_orphans("/sys", names, sizeof names) > 0)
		say("this kernel has no driver for the disk controller %s", names);
	drives_controllers("/sys", names, sizeof names);
	die("there is no disk at all (waited %d s); the controllers that are known here: %s", WAIT_SECONDS, names);
}

/* Disks appear when their drivers are ready: asks again until the slot is there. */
static void init_find_slot(struct slot_search *search)
{
	for (unsigned waited = 0; partitions_each(init_is_slot, search) == 0; waited += WAIT_STEP_US) {
		if (waited >= WAIT_SECONDS * 1000000U)
			init_die_without_slot();
		usleep(WAIT_STEP_US);
	}
}

static void init_mount_root(const struct slot_search *search)
{
	char device[32];
	int r = verity_open(&search->verity, &search->slot, search->cmdline, device);

	if (r < 0)
		die("cannot verify %s: %s", search->slot.device, strerror(-r));
	mkdir(SYSROOT, 0755);
	init_mount_or_die(device, SYSROOT, "erofs", MS_RDONLY, NULL);
}

/* --- what is written ------------------------------------------------------------------------------------------------- */

/* The state of the machine: the partition `state` of the disk with the slot. A disk without one keeps nothing. The image's
 * own /var stays to be seen as the factory's. */
static void init_mount_state(const char *disk)
{
	struct partition state;
	char device[64];

	init_mount_or_die(SYSROOT "/var", FACTORY, NULL, MS_BIND, NULL);
	if (!partition_find(disk, LABEL_STATE, &state)) {
		say("%s has no partition 'state': all changes in /var are lost at the next boot", disk);
		init_mount_or_die("tmpfs", SYSROOT "/var", "tmpfs", 0, "mode=0755");
		return;
	}
	snprintf(device, sizeof device, "/dev/%s", state.device);
	init_mount_or_die(device, SYSROOT "/var", "ext4", MS_RELATIME, NULL);
}

/* /etc is the image's, with a layer in memory over it. The machine-id is there before the first program asks: no boot
 * is a "first boot", at which systemd would ask questions. */
static void init_mount_etc(void)
{
	char id[MACHINE_ID_BYTES];
	FILE *file;

	mkdir(ETC_ROOM, 0700);
	init_mount_or_die("tmpfs", ETC_ROOM, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
	if (mkdir(ETC_ROOM "/upper", 0755) < 0 || mkdir(ETC_ROOM "/work", 0755) < 0)
		die("cannot make folders in memory: %s", strerror(errno));
	identity_machine_id(IDENTITY, id);
	file = fopen(ETC_ROOM "/upper/machine-id", "we");
	if (!file || fputs(id, file) < 0 || fchmod(fileno(file), 0444) < 0 || fclose(file) != 0)
		die("cannot write the machine-id: %s", strerror(errno));
	init_mount_or_die("overlay", SYSROOT "/etc", "overlay", MS_NOSUID | MS_NODEV,
			  "lowerdir=" SYSROOT "/etc,upperdir=" ETC_ROOM "/upper,workdir=" ETC_ROOM "/work");
	umount2(ETC_ROOM, MNT_DETACH); /* the overlay holds it */
}

/* A partition of its own is systemd's to mount, which takes a folder where something is mounted for done. */
static void init_mount_homes(void)
{
	static const struct { const char *state, *target, *folder; unsigned mode; } homes[] = {
		{SYSROOT "/var/home", SYSROOT "/home", "/home", 0755},
		{SYSROOT "/var/roothome", SYSROOT "/root", "/root", 0700},
	};

	for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
		int r;

		if (fstab_file_mounts(SYSROOT "/etc/fstab", homes[i].folder))
			continue;
		r = make_folder(homes[i].state, homes[i].mode);
		if (r < 0)
			die("cannot make %s: %s", homes[i].state, strerror(-r));
		init_mount_or_die(homes[i].state, homes[i].target, NULL, MS_BIND, NULL);
	}
}

/* --- switching to the real root ---------------------------------------------------------------------------------- */

static void init_switch_root(char **argv)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys"};
	static const char *const inits[] = {"/sbin/init", "/usr/lib/systemd/systemd"};

	for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
		char target[32];

		snprintf(target, sizeof target, SYSROOT "%s", moved[i]);
		init_mount_or_die(moved[i], target, NULL, MS_MOVE, NULL);
	}
	unlink("/init");
	if (chdir(SYSROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("cannot switch to the image as the root file system: %s", strerror(errno));
	for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
		argv[0] = (char *)inits[i];
		execv(inits[i], argv);
	}
	die("cannot start %s: %s", inits[0], strerror(errno));
}

int main(int argc, char **argv)
{
	struct slot_search search = {0};
	struct cmdline cmdline;
	const char *problem;
	char text[4096];

	(void)argc;
	say_as("aether-init", "/dev/kmsg");
	umask(0);
	init_mount_kernel_files();
	if (read_line("/proc/cmdline", text, sizeof text) < 0)
		die("cannot read the kernel command line");
	if (cmdline_parse(text, &cmdline, &problem) < 0)
		die("expected %s on the kernel command line", problem);
	modules_load("/modules");
	search.cmdline = &cmdline;
	init_find_slot(&search);
	init_mount_root(&search);
	init_mount_state(search.slot.disk);
	init_mount_etc();
	init_mount_homes();
	umask(022);
	init_switch_root(argv);
}
