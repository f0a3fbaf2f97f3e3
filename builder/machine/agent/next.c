/* `mount-next`, between two user spaces: services have ended, and what was mounted is not any more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "machine/agent/judge.h"
#include "machine/agent/restart.h"
#include "machine/root/root.h"
#include "machine/say.h"

#define NEXT "/run/nextroot"         /* systemd-soft-reboot.service(8) */

/* The image that `restart` has chosen, else the one that runs. */
static int next_wanted(struct cmdline *ret_wanted)
{
	char text[256], device[32];
	const char *problem;
	int n = read_line(RESTART_ROOM "/" RESTART_NEXT, text, sizeof text);

	unlink(RESTART_ROOM "/" RESTART_NEXT);
	if (n > 0)
		return cmdline_parse(text, ret_wanted, &problem);
	return root_device(device) ? verity_running(device, ret_wanted) : -ENODEV;
}

/* The image that runs has its device already. */
static int next_mount_image(const struct root_slot *slot, const struct cmdline *wanted)
{
	struct cmdline running;
	char device[32], path[48];

	if (!root_device(device) || verity_running(device, &running) < 0 ||
	    memcmp(running.root_hash, wanted->root_hash, ROOT_HASH_BYTES) != 0)
		return root_mount_image(NEXT, slot, wanted);
	snprintf(path, sizeof path, "/dev/%s", device);
	return mount(path, NEXT, "erofs", MS_RDONLY, NULL) < 0 ? -errno : 0;
}

/* Mounts are shared in a running system: without this what is mounted at /var appears at the factory's, too. */
static int next_make_private(void)
{
	return mount(NULL, NEXT, NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

/* /run goes on, and systemd brings it along by itself: until then it is seen in the next root for those who write there. */
static int next_mount_rest(const struct root_slot *slot)
{
	int r = mount("/run", NEXT "/run", NULL, MS_BIND, NULL) < 0 ? -errno : 0;

	if (r == 0)
		root_tell_twins(NEXT, slot);
	if (r == 0)
		r = root_mount_state(NEXT, slot->partition.disk);
	if (r == 0)
		r = root_mount_etc(NEXT);
	if (r == 0)
		r = root_mount_homes(NEXT);
	umount2(NEXT "/run", MNT_DETACH);
	return r;
}

static void next_count(void)
{
	char text[16];
	unsigned long n = read_line(RESTART_ROOM "/" RESTART_COUNT, text, sizeof text) > 0 ? strtoul(text, NULL, 10) : 0;

	snprintf(text, sizeof text, "%lu\n", n + 1);
	write_whole(RESTART_ROOM, RESTART_COUNT, text);
}

static int next_mount(void)
{
	static struct root_slot slot;
	struct cmdline wanted;
	int r = next_wanted(&wanted);

	if (r == 0 && !slot_find(&wanted, &slot))
		r = -ENOENT;
	if (r == 0)
		r = make_folder(NEXT, 0755);
	if (r == 0)
		r = next_mount_image(&slot, &wanted);
	if (r == 0)
		r = next_make_private();
	return r == 0 ? next_mount_rest(&slot) : r;
}

int next_main(int argc, char **argv)
{
	int r;

	(void)argc;
	(void)argv;
	say_as("aether-next", "/dev/kmsg");
	next_count();
	judge_forget();
	r = next_mount();
	if (r == 0)
		return EXIT_SUCCESS;
	say("cannot mount the next root: %s; restarting the whole machine", strerror(-r));
	sync();
	reboot(RB_AUTOBOOT);
	return EXIT_FAILURE;
}
