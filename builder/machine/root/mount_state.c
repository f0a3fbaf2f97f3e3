/* Mounting the state: the image says where it is, the disks say which that is. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "contract/image.h"
#include "contract/stack.h"
#include "machine/lines.h"
#include "machine/root/format_state.h"
#include "machine/root/move_state.h"
#include "machine/root/root.h"
#include "machine/root/state_choice.h"
#include "machine/say.h"

#define REMARKS_STATE "state"
#define FACTORY "/usr/share/factory/var"

/* fs/ext4/ext4.h: the size to grow to, in blocks. */
#define EXT4_GROW _IOW('f', 16, uint64_t)

enum { PAUSE_US = 300000, PATIENCE_US = 3000000, EXT4_BLOCK = 4096 };

/* What the image says of its state: IMAGE_STATE_…; "" for none. */
static void mount_state_wanted(const char *at, char *out, size_t size)
{
	char path[ROOT_PATH_BYTES];

	lines_read(root_path(path, at, IMAGE_FILE), IMAGE_KEY_STATE, out, size);
}

/* --- choosing -------------------------------------------------------------------------------------------------------- */

static bool mount_state_same(const struct state_choice *one, const struct state_choice *other)
{
	return one->act == other->act && strcmp(one->device, other->device) == 0;
}

/* A controller may be slow: a choice that another disk could change is made when two looks have seen the same, and one that no
 * label and no serial number stands for, some seconds later. */
static void mount_state_choose(const char *disk, const char *own, struct state_choice *ret_choice)
{
	static struct state_disk disks[DISKS_MAX];
	struct state_choice before = {.act = STATE_FORMAT};

	for (unsigned waited = 0;; waited += PAUSE_US) {
		state_choose(disks, media_look("/sys", "/dev", disk, disks), own, ret_choice);
		if (ret_choice->settled ||
		    (waited && mount_state_same(ret_choice, &before) &&
		     (ret_choice->certain || waited >= PATIENCE_US)))
			return;
		before = *ret_choice;
		usleep(PAUSE_US);
	}
}

/* --- mounting -------------------------------------------------------------------------------------------------------- */

/* A disk that has grown takes its file system along. (A partition grows first: systemd-repart.) */
static void mount_state_grow(const char *var, const char *device)
{
	int disk = open(device, O_RDONLY | O_CLOEXEC), folder = open(var, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t bytes = 0, blocks;
	struct statvfs fs;

	if (disk >= 0 && folder >= 0 && ioctl(disk, BLKGETSIZE64, &bytes) == 0 && fstatvfs(folder, &fs) == 0 &&
	    fs.f_bsize == EXT4_BLOCK) {
		blocks = bytes / EXT4_BLOCK;
		if (ioctl(folder, EXT4_GROW, &blocks) < 0)
			say("cannot grow the file system of %s: %s", device, strerror(errno));
	}
	if (disk >= 0)
		close(disk);
	if (folder >= 0)
		close(folder);
}

static int mount_state_device(const char *var, const char *name)
{
	char device[64];

	snprintf(device, sizeof device, "/dev/%s", name);
	if (mount(device, var, "ext4", MS_RELATIME, NULL) < 0)
		return -errno;
	mount_state_grow(var, device);
	return 0;
}

/* Keeps where the state is, for whoever asks later. */
static void mount_state_note(const char *at, const char *on, const char *problem)
{
	char folder[ROOT_PATH_BYTES], text[640];
	int r;

	root_path(folder, at, "/run/aether");
	snprintf(text, sizeof text, ROOT_STATE_ON "=%s\n" ROOT_STATE_PROBLEM "=%s\n", on, problem);
	r = make_folder(folder, 0755);
	if (r == 0)
		r = write_whole(folder, strrchr(ROOT_STATE_FILE, '/') + 1, text);
	if (r < 0)
		say("cannot write " ROOT_STATE_FILE ": %s", strerror(-r));
}

static int mount_state_memory(const char *at, const char *var, const char *problem)
{
	char text[600];

	mount_state_note(at, ROOT_STATE_MEMORY, problem);
	if (*problem) {
		snprintf(text, sizeof text, "%s; until then /var is in memory, and lost at the next boot\n", problem);
		root_remark(at, REMARKS_STATE, text);
	}
	if (mount("tmpfs", var, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") == 0)
		return 0;
	say("cannot mount memory at %s: %s", var, strerror(errno));
	return -errno;
}

/* The state is still on the system's disk, and somebody has asked to move it: then it is mounted from the new place. */
static int mount_state_move(const char *at, const char *var, struct state_choice *choice)
{
	static struct state_disk disks[DISKS_MAX];
	struct partition own;
	struct state_choice next;
	char why[320] = "see the messages before this one";
	bool chosen;

	if (!partition_of(choice->device, &own) || !move_is_wanted(var))
		return 0;
	chosen = move_choose(disks, media_look("/sys", "/dev", own.disk, disks), &next, why, sizeof why);
	if (!chosen || move_state(at, &next) < 0) {
		snprintf(choice->remark, sizeof choice->remark, "the state could not be moved to a disk of its own: %s", why);
		return 0;
	}
	*choice = next;
	snprintf(choice->remark, sizeof choice->remark,
		 "the state was moved to %s; what the partition %s of the system's disk has is from before, and is not used",
		 next.device, own.device);
	return umount2(var, MNT_DETACH) < 0 ? -errno : mount_state_device(var, next.device);
}

static int mount_state_chosen(const char *at, const char *var, struct state_choice *choice)
{
	int r = choice->act == STATE_FORMAT ? format_state(at, choice->device, STATE_LABEL) : 0;

	if (choice->act == STATE_FORMAT && r == 0)
		say("made a file system on %s, which was blank: it is the state of this machine", choice->device);
	if (r == 0 && choice->act != STATE_MEMORY)
		r = mount_state_device(var, choice->device);
	if (r == 0 && choice->act == STATE_MOUNT)
		r = mount_state_move(at, var, choice);
	if (r < 0)
		snprintf(choice->problem, sizeof choice->problem, "the state on %s cannot be used: %s", choice->device,
			 strerror(-r));
	if (r < 0 || choice->act == STATE_MEMORY)
		return mount_state_memory(at, var, choice->problem);
	mount_state_note(at, choice->device, "");
	root_remark(at, REMARKS_STATE, choice->remark);
	return 0;
}

/* --- on a stack ------------------------------------------------------------------------------------------------------- */

static const char *const mount_state_kernel_files[] = {"/dev", "/proc", "/sys"};

/* What programs of the image need to work in its root (without what is mounted in it: in a running system taking that away
 * again would take it from everybody); false when the last of them could not be mounted. */
static bool mount_state_lend(const char *at, size_t *ret_n)
{
	char path[ROOT_PATH_BYTES];

	for (*ret_n = 0; *ret_n < sizeof mount_state_kernel_files / sizeof *mount_state_kernel_files; ++*ret_n) {
		const char *from = mount_state_kernel_files[*ret_n];

		if (mount(from, root_path(path, at, from), NULL, MS_BIND, NULL) == 0)
			continue;
		say("cannot mount %s at %s: %s", from, path, strerror(errno));
		return false;
	}
	return true;
}

static void mount_state_take_back(const char *at, size_t n)
{
	char path[ROOT_PATH_BYTES];

	while (n-- > 0)
		umount2(root_path(path, at, mount_state_kernel_files[n]), MNT_DETACH);
}

/* The image's own program opens what /var stands on (on the first boot, it makes that), and mounts it; what came of it is in
 * STACK_VAR_FILE. */
static int mount_state_stack(const char *at, const char *var)
{
	static const char *const argv[] = {STACK_PROGRAM, "open", "--early", NULL};
	char path[ROOT_PATH_BYTES], on[DISK_NAME], problem[500];
	size_t n;
	int r;

	unlink(root_path(path, at, STACK_VAR_FILE));
	if (mount_state_lend(at, &n) && (r = format_run(at, argv)) != 0)
		say(STACK_PROGRAM " has failed: %s", r < 0 ? strerror(-r) : "see the messages before this one");
	mount_state_take_back(at, n);
	if (lines_read(root_path(path, at, STACK_VAR_FILE), STACK_VAR_ON, on, sizeof on)) {
		mount_state_note(at, on, "");
		return 0;
	}
	if (!lines_read(path, STACK_VAR_PROBLEM, problem, sizeof problem))
		strcpy(problem, "the disks of the state could not be opened: see the messages of " STACK_PROGRAM);
	return mount_state_memory(at, var, problem);
}

/* --- all of it ------------------------------------------------------------------------------------------------------- */

int root_mount_state(const char *at, const char *disk)
{
	char wanted[16], var[ROOT_PATH_BYTES], factory[ROOT_PATH_BYTES];
	struct partition own = {0};
	struct state_choice choice = {.act = STATE_MEMORY};

	mount_state_wanted(at, wanted, sizeof wanted);
	root_path(var, at, "/var");
	root_path(factory, at, FACTORY);
	if (mount(var, factory, NULL, MS_BIND, NULL) < 0) /* the image's own /var stays to be seen as the factory's */
		say("cannot mount %s at %s: %s", var, factory, strerror(errno));
	if (strcmp(wanted, IMAGE_STATE_STACK) == 0)
		return mount_state_stack(at, var);
	if (strcmp(wanted, IMAGE_STATE_DISK) == 0)
		mount_state_choose(disk, partition_find(disk, LABEL_STATE, &own) ? own.device : "", &choice);
	else if (partition_find(disk, LABEL_STATE, &own)) {
		choice.act = STATE_MOUNT;
		strcpy(choice.device, own.device);
	} else if (*wanted)
		snprintf(choice.problem, sizeof choice.problem, "%s has no partition '" LABEL_STATE "'", disk);
	return mount_state_chosen(at, var, &choice);
}
