/* Looking at the slots. What changes them is in change.c. */
#include "machine/agent/boot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include "contract/agent.h"
#include "contract/esp.h"
#include "contract/image.h"
#include "machine/agent/entry.h"
#include "machine/agent/history.h"
#include "machine/lines.h"
#include "machine/hex.h"
#include "machine/verity.h"

#define ROOM "/run/aether"
#define ESP ROOM "/esp"

const char *slot_state_name(enum slot_state state)
{
	static const char *const names[] = {STATE_EMPTY, STATE_GOOD, STATE_TRIAL, STATE_BAD};

	return names[state];
}

static int lock_fd = -1;

void boot_lock(enum boot_access access)
{
	int r;

	if (access == BOOT_LOOK || lock_fd >= 0)
		return;
	r = make_folder(ROOM, 0755);
	if (r < 0)
		die("cannot make " ROOM ": %s", strerror(-r));
	lock_fd = open(ROOM "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock_fd < 0)
		die("cannot open " ROOM "/lock: %s (are you root?)", strerror(errno));
	while (flock(lock_fd, LOCK_EX | (access == BOOT_WAIT ? 0 : LOCK_NB)) < 0)
		if (errno == EWOULDBLOCK)
			die("another aether-agent is changing the slots of this machine: try again when it is done");
		else if (errno != EINTR)
			die("cannot lock " ROOM "/lock: %s", strerror(errno));
}

void boot_unlock(void)
{
	if (lock_fd >= 0)
		close(lock_fd);
	lock_fd = -1;
}

/* --- the machine ----------------------------------------------------------------------------------------------------- */

/* What /usr/lib/aether/image says of the image that runs. */
static void boot_read_image(struct boot *boot, char *ret_esp, size_t size)
{
	char text[1024];

	if (read_line(IMAGE_FILE, text, sizeof text) <= 0)
		die(IMAGE_FILE " is missing: this machine was not made by aether-build");
	lines_get(text, IMAGE_KEY_NAME, boot->name, sizeof boot->name);
	lines_get(text, IMAGE_KEY_KIND, boot->kind, sizeof boot->kind);
	lines_get(text, IMAGE_KEY_FORMAT, boot->format, sizeof boot->format);
	lines_get(text, IMAGE_KEY_EPOCH, boot->epoch, sizeof boot->epoch);
	if (!lines_get(text, IMAGE_KEY_ESP, ret_esp, size))
		*ret_esp = 0;
}

/* The partition below the verified device that is the root. */
static bool boot_find_running(struct partition *ret_partition)
{
	char path[80], device[32];
	struct dirent *entry;
	DIR *folder;
	bool found = false;

	if (!root_device(device))
		return false;
	snprintf(path, sizeof path, "/sys/class/block/%s/slaves", device);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder)))
		found = entry->d_name[0] != '.' && partition_of(entry->d_name, ret_partition);
	if (folder)
		closedir(folder);
	return found;
}

static void boot_add_slot(struct boot *boot, char letter, const struct partition *partition)
{
	struct slot *slot = &boot->slots[boot->n_slots++];
	char path[80], sectors[32];

	*slot = (struct slot){.letter = letter, .partition = *partition};
	snprintf(path, sizeof path, "/sys/class/block/%s/size", partition->device);
	if (read_line(path, sectors, sizeof sectors) > 0)
		slot->size_bytes = strtoull(sectors, NULL, 10) * 512;
}

/* The slot that runs, and its twin: root-a has root-b. */
static void boot_find_slots(struct boot *boot)
{
	struct partition running, other;
	size_t length;

	if (!boot_find_running(&running))
		return;
	length = strlen(running.label);
	boot_add_slot(boot, 'a', &running);
	boot->running = &boot->slots[0];
	if (length < 2 || running.label[length - 2] != '-' || !strchr("ab", running.label[length - 1]))
		return;
	boot->running->letter = running.label[length - 1];
	running.label[length - 1] = running.label[length - 1] == 'a' ? 'b' : 'a';
	if (!partition_find(running.disk, running.label, &other))
		return;
	boot_add_slot(boot, running.label[length - 1], &other);
	boot->other = &boot->slots[1];
}

/* The kernel's own command line is of the boot: user space may have restarted into another image since. */
static void boot_read_running(struct boot *boot)
{
	char device[32];

	if (!root_device(device) || verity_running(device, &boot->cmdline) < 0)
		die("cannot find out which image runs: the root is no verified device of aether-init's");
	hex_print(boot->cmdline.root_hash, ROOT_HASH_BYTES, boot->root_hash);
}

/* With several disks of one system it is not known which one the firmware starts, and whose books count. */
static void boot_find_twins(struct boot *boot, enum boot_access access)
{
	static struct root_slot slot;

	if (slot_find(&boot->cmdline, &slot))
		strcpy(boot->twins, slot.twins);
	if (*boot->twins && access == BOOT_CHANGE)
		die("other disks hold the same system as %s, which runs: %s. Take them away first: nobody knows which one "
		    "the firmware starts next", boot->running->partition.disk, boot->twins);
}

static void boot_mount_esp(struct boot *boot, const char *label)
{
	struct partition esp;
	char device[64];

	if (!*label || !partition_find(boot->running->partition.disk, label, &esp))
		die("the disk %s has no EFI system partition '%s'", boot->running->partition.disk, label);
	snprintf(device, sizeof device, "/dev/%s", esp.device);
	strcpy(boot->esp, ESP);
	if (make_folder(ESP, 0700) < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(device, ESP, "vfat", MS_NOSUID | MS_NODEV | MS_NOEXEC, "umask=0077") < 0)
		die("cannot mount the EFI system partition %s: %s", device, strerror(errno));
}

void boot_open(struct boot *ret_boot, enum boot_access access)
{
	char esp[40];

	*ret_boot = (struct boot){.history = HISTORY};
	boot_lock(access);
	boot_read_image(ret_boot, esp, sizeof esp);
	if (strcmp(ret_boot->kind, IMAGE_KIND_LXC) == 0) {
		slots_open(ret_boot);
		return;
	}
	boot_find_slots(ret_boot);
	if (ret_boot->n_slots == 0)
		return;
	ret_boot->store = &boot_esp;
	boot_read_running(ret_boot);
	boot_find_twins(ret_boot, access);
	boot_mount_esp(ret_boot, esp);
	boot_reload(ret_boot);
}

/* --- the slots ------------------------------------------------------------------------------------------------------- */

void boot_folder(const struct boot *boot, const struct slot *slot, char *out, size_t size)
{
	snprintf(out, size, "%s" ESP_SLOT_FOLDER "/%c", boot->esp, slot->letter);
}

void boot_read_files(const struct boot *boot, struct slot *slot)
{
	char folder[64], path[80], text[1024];

	boot_folder(boot, slot, folder, sizeof folder);
	snprintf(path, sizeof path, "%s/" ESP_IMAGE, folder);
	if (read_line(path, text, sizeof text) > 0) {
		lines_get(text, ESP_IMAGE_ROOT, slot->root_hash, sizeof slot->root_hash);
		lines_get(text, "generation", slot->generation, sizeof slot->generation);
	}
	snprintf(path, sizeof path, "%s/" ESP_FAILURE, folder);
	if (read_line(path, text, sizeof text) > 0) {
		lines_get(text, "when", slot->failed_when, sizeof slot->failed_when);
		lines_get(text, "reason", slot->failed_reason, sizeof slot->failed_reason);
	}
}

static struct slot *boot_slot_of(struct boot *boot, char letter)
{
	for (size_t i = 0; i < boot->n_slots; i++)
		if (boot->slots[i].letter == letter)
			return &boot->slots[i];
	return NULL;
}

/* An image whose tries are used up was not judged by anybody yet, unless a failure says why. */
static void boot_read_entry(struct boot *boot, const char *file)
{
	struct entry entry;
	struct slot *slot = entry_parse(file, &entry) == 0 ? boot_slot_of(boot, entry.slot) : NULL;

	if (!slot || strlen(file) >= sizeof slot->file || (*slot->file && entry.sequence < slot->sequence))
		return;
	strcpy(slot->file, file);
	slot->sequence = entry.sequence;
	slot->tries_left = entry.left;
	slot->state = !entry.counted ? SLOT_GOOD : entry.left == 0 && *slot->failed_reason ? SLOT_BAD : SLOT_TRIAL;
}

bool boot_grubenv(const struct boot *boot, char block[GRUBENV_BYTES])
{
	char path[64];
	ssize_t n;
	int fd;

	memset(block, 0, GRUBENV_BYTES);
	snprintf(path, sizeof path, "%s" ESP_GRUBENV, boot->esp);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -errno : read_all(fd, block, GRUBENV_BYTES, 0);
	if (fd >= 0)
		close(fd);
	if (n < 0 && n != -ENOENT)
		die("cannot read %s: %s", path, strerror((int)-n));
	return n >= 0;
}

/* GRUB counts in its own file: a try counts, whatever the firmware was. */
static void boot_read_tries(struct boot *boot)
{
	char block[GRUBENV_BYTES], letter[4], tries[4];

	if (!boot_grubenv(boot, block) || !grubenv_get(block, GRUBENV_TRIAL, letter, sizeof letter) ||
	    !grubenv_get(block, GRUBENV_TRIES, tries, sizeof tries))
		return;
	for (size_t i = 0; i < boot->n_slots; i++) {
		struct slot *slot = &boot->slots[i];
		unsigned left = (unsigned)strtoul(tries, NULL, 10);

		if (slot->letter == letter[0] && slot->state == SLOT_TRIAL && left < slot->tries_left)
			slot->tries_left = left;
	}
}

void boot_esp_reload(struct boot *boot)
{
	char path[64];
	struct dirent *entry;
	DIR *folder;

	for (size_t i = 0; i < boot->n_slots; i++) {
		struct slot *slot = &boot->slots[i];

		slot->state = SLOT_EMPTY;
		slot->sequence = slot->tries_left = 0;
		*slot->file = *slot->root_hash = *slot->generation = *slot->failed_when = *slot->failed_reason = 0;
		boot_read_files(boot, slot);
	}
	snprintf(path, sizeof path, "%s" ESP_UKI_FOLDER, boot->esp);
	folder = opendir(path);
	if (!folder && errno != ENOENT)
		die("cannot read %s: %s", path, strerror(errno));
	while (folder && (entry = readdir(folder)))
		boot_read_entry(boot, entry->d_name);
	if (folder)
		closedir(folder);
	boot_read_tries(boot);
}

const struct slot *boot_latest_failure(const struct boot *boot)
{
	const struct slot *latest = NULL;

	for (size_t i = 0; i < boot->n_slots; i++)
		if (*boot->slots[i].failed_when &&
		    (!latest || strtoll(boot->slots[i].failed_when, NULL, 10) > strtoll(latest->failed_when, NULL, 10)))
			latest = &boot->slots[i];
	return latest;
}
