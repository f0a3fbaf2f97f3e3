/* The way from the kernel to the real init: modules, the verified slot, the state, /etc, and the switch to it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/cmdline.h"
#include "machine/init/modules.h"
#include "machine/root/drives.h"
#include "machine/root/root.h"
#include "machine/say.h"

#define SYSROOT "/sysroot"

enum { WAIT_SECONDS = 30, WAIT_STEP_US = 10000 };

/* What the machine cannot do without: the shared functions have said why not. */
static void init_need(int result, const char *what)
{
	if (result < 0)
		die("cannot start without %s", what);
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
static void init_find_slot(const struct cmdline *wanted, struct root_slot *ret_slot)
{
	for (unsigned waited = 0; !slot_find(wanted, ret_slot); waited += WAIT_STEP_US) {
		if (waited >= WAIT_SECONDS * 1000000U)
			init_die_without_slot();
		usleep(WAIT_STEP_US);
	}
}

/* --- switching to the real root -------------------------------------------------------------------------------------- */

static void init_move(const char *source, const char *target)
{
	if (mount(source, target, NULL, MS_MOVE, NULL) < 0)
		die("cannot mount %s at %s: %s", source, target, strerror(errno));
}

static void init_switch_root(char **argv)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys"};
	static const char *const inits[] = {"/sbin/init", "/usr/lib/systemd/systemd"};

	for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
		char target[32];

		snprintf(target, sizeof target, SYSROOT "%s", moved[i]);
		init_move(moved[i], target);
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

/* --- all of it ------------------------------------------------------------------------------------------------------- */

static void init_read_cmdline(struct cmdline *ret_cmdline)
{
	const char *problem;
	char text[4096];

	if (read_line("/proc/cmdline", text, sizeof text) < 0)
		die("cannot read the kernel command line");
	if (cmdline_parse(text, ret_cmdline, &problem) < 0)
		die("expected %s on the kernel command line", problem);
}

int main(int argc, char **argv)
{
	static struct root_slot slot;
	struct cmdline wanted;

	(void)argc;
	say_as("aether-init", "/dev/kmsg");
	umask(0);
	init_mount_kernel_files();
	init_read_cmdline(&wanted);
	modules_load("/modules");
	init_find_slot(&wanted, &slot);
	mkdir(SYSROOT, 0755);
	init_need(root_mount_image(SYSROOT, &slot, &wanted), "the image");
	init_need(root_mount_run(SYSROOT), "/run");
	root_tell_twins(SYSROOT, &slot);
	init_need(root_mount_state(SYSROOT, slot.partition.disk), "/var");
	init_need(root_mount_etc(SYSROOT), "/etc");
	init_need(root_mount_homes(SYSROOT), "/home and /root");
	umask(022);
	init_switch_root(argv);
}
