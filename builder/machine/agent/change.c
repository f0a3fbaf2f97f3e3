/* Changing which slot starts. The order of steps is what keeps the machine startable when the power goes between two of
 * them: when a slot is given up, removals come first; when one is made startable, they come last. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/esp.h"
#include "machine/agent/boot.h"
#include "machine/agent/entry.h"
#include "machine/hash.h"

/* All that was written to the EFI system partition is on the disk. */
static void change_settle(const struct boot *boot)
{
	int fd = open(boot->esp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		die("cannot write to the EFI system partition: %s", strerror(errno));
	close(fd);
}

/* --- GRUB's environment block ------------------------------------------------------------------------------------ */

struct setting {
	const char *key, *value; /* NULL: none */
};

/* Changes the block in place, as GRUB does: what we set stands in its first sector. */
static void change_write_grubenv(const struct boot *boot, const struct setting *settings, size_t n)
{
	char path[64], block[GRUBENV_BYTES];
	int fd, r;

	if (!boot_grubenv(boot, block))
		return;
	snprintf(path, sizeof path, "%s" ESP_GRUBENV, boot->esp);
	for (size_t i = 0; i < n; i++)
		if (grubenv_set(block, settings[i].key, settings[i].value) < 0)
			die("%s is full", path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : write_all(fd, block, sizeof block, 0);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		die("cannot write %s: %s", path, strerror(-r));
	close(fd);
}

/* `letter` starts from now on, and nothing is on trial. */
static void change_grub_settle_on(const struct boot *boot, char letter)
{
	const char good[] = {letter, 0};
	const struct setting settings[] = {{GRUBENV_TRIES, NULL}, {GRUBENV_TRIAL, NULL}, {GRUBENV_GOOD, good}};

	change_write_grubenv(boot, settings, sizeof settings / sizeof *settings);
}

static void change_grub_try(const struct boot *boot, char letter, unsigned left)
{
	const char trial[] = {letter, 0}, tries[] = {(char)('0' + left), 0};
	const struct setting settings[] = {{GRUBENV_TRIES, tries}, {GRUBENV_TRIAL, trial}};

	change_write_grubenv(boot, settings, sizeof settings / sizeof *settings);
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

static void change_image_path(const struct boot *boot, const char *file, char *out, size_t size)
{
	snprintf(out, size, "%s" ESP_UKI_FOLDER "/%s", boot->esp, file);
}

/* Gives the slot's unified kernel image another count of tries. */
static void change_rename_image(const struct boot *boot, struct slot *slot, bool counted, unsigned left, unsigned done)
{
	char from[320], to[320], file[128];
	struct entry entry;

	if (entry_parse(slot->file, &entry) < 0)
		return; /* an empty slot */
	entry.counted = counted;
	entry.left = left;
	entry.done = done;
	if (entry_print(&entry, file, sizeof file) < 0)
		die("the name of %s is too long", slot->file);
	change_image_path(boot, slot->file, from, sizeof from);
	change_image_path(boot, file, to, sizeof to);
	if (strcmp(from, to) != 0 && rename(from, to) < 0)
		die("cannot rename %s to %s: %s", from, file, strerror(errno));
	strcpy(slot->file, file);
}

static bool change_is_visible(const char *file, char letter)
{
	(void)letter;
	return *file != '.';
}

/* An interrupted renaming may have left two images of the slot. */
static bool change_is_image_of(const char *file, char letter)
{
	struct entry entry;

	return entry_parse(file, &entry) == 0 && entry.slot == letter;
}

/* Removes the files of a folder that go; there may be no such folder. */
static void change_remove_files(const char *path, bool (*goes)(const char *file, char letter), char letter)
{
	struct dirent *entry;
	char file[600];
	DIR *folder = opendir(path);

	if (!folder && errno != ENOENT)
		die("cannot read %s: %s", path, strerror(errno));
	while (folder && (entry = readdir(folder))) {
		if (!goes(entry->d_name, letter))
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		if (unlink(file) < 0)
			die("cannot remove %s: %s", file, strerror(errno));
	}
	if (folder)
		closedir(folder);
}

static void change_clear(struct boot *boot, struct slot *slot)
{
	char folder[64], images[320];
	int r;

	change_grub_settle_on(boot, boot->running->letter);
	change_image_path(boot, "", images, sizeof images);
	change_remove_files(images, change_is_image_of, slot->letter);
	change_settle(boot);
	boot_folder(boot, slot, folder, sizeof folder);
	change_remove_files(folder, change_is_visible, slot->letter);
	r = make_folder(folder, 0755);
	if (r < 0)
		die("cannot make %s: %s", folder, strerror(-r));
	change_settle(boot);
}

/* --- verdicts -------------------------------------------------------------------------------------------------------- */

/* What GRUB holds the kernel and the initrd against, before it starts them: it would start anything. */
static void change_write_sums(const char *folder)
{
	static const char *const files[] = {ESP_LINUX, ESP_INITRD};
	char path[96], text[256] = "", hex[HASH_HEX];
	size_t at = 0;
	int r;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		r = hash_file(path, hex);
		if (r < 0)
			die("cannot read %s: %s", path, strerror(-r));
		at += (size_t)snprintf(text + at, sizeof text - at, "%s  %s\n", hex, files[i]);
	}
	r = write_whole(folder, ESP_SUMS, text);
	if (r < 0)
		die("cannot write %s/sums: %s", folder, strerror(-r));
}

static void change_try(struct boot *boot, struct slot *slot)
{
	struct entry entry = {.slot = slot->letter, .counted = true, .left = SLOT_TRIES};
	char folder[64], from[96], to[320], file[128];
	int r;

	for (size_t i = 0; i < boot->n_slots; i++)
		if (boot->slots[i].sequence >= entry.sequence)
			entry.sequence = boot->slots[i].sequence + 1;
	snprintf(entry.name, sizeof entry.name, "%s", boot->name);
	boot_folder(boot, slot, folder, sizeof folder);
	change_write_sums(folder);
	snprintf(from, sizeof from, "%s/uki", folder);
	if (entry_print(&entry, file, sizeof file) < 0)
		die("the machine's name is too long: %s", boot->name);
	change_image_path(boot, "", to, sizeof to);
	r = make_folder(to, 0755);
	if (r < 0)
		die("cannot make %s: %s", to, strerror(-r));
	change_image_path(boot, file, to, sizeof to);
	change_settle(boot);
	if (rename(from, to) < 0)
		die("cannot rename %s to %s: %s", from, to, strerror(errno));
	change_settle(boot);
	change_grub_try(boot, slot->letter, SLOT_TRIES);
	change_settle(boot);
}

void boot_count(struct boot *boot, struct slot *slot)
{
	unsigned left = slot->tries_left > 0 ? slot->tries_left - 1 : 0;

	change_rename_image(boot, slot, true, left, SLOT_TRIES - left);
	change_settle(boot);
	change_grub_try(boot, slot->letter, left);
	change_settle(boot);
	boot_reload(boot);
}

static void change_bless(struct boot *boot, struct slot *slot)
{
	change_rename_image(boot, slot, false, 0, 0);
	change_settle(boot);
	change_grub_settle_on(boot, slot->letter);
	change_settle(boot);
}

static void change_give_up(struct boot *boot, struct slot *slot, char next)
{
	change_settle(boot);
	change_grub_settle_on(boot, next);
	change_rename_image(boot, slot, true, 0, SLOT_TRIES - (slot->tries_left < SLOT_TRIES ? slot->tries_left : 0));
	change_settle(boot);
}

const struct boot_store boot_esp = {boot_esp_reload, change_clear, change_try, change_bless, change_give_up};
