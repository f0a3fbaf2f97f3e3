/* The machine starts, and starts a whole slot, whatever happens while the agent changes which one that is: each call fails
 * (which is what a power cut at that call leaves, too), under both loaders. The EFI system partition is a folder; what stands
 * in the slots is a word in a file. Slot a runs, and is good; slot b is cleared and filled anew, blessed, condemned. */
#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "boot/grub.h"
#include "machine/agent/boot.h"
#include "machine/agent/entry.h"
#include "machine/hash.h"
#include "fail.h"
#include "scratch.h"

static const char *const slot_files[] = {"linux", "initrd", "grub.cfg"};
enum { N_SLOT_FILES = sizeof slot_files / sizeof *slot_files };

static const char *esp_path(const char *name)
{
	char path[200];

	snprintf(path, sizeof path, "esp/%s", name);
	return scratch_path(path);
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* --- the machine ----------------------------------------------------------------------------------------------------- */

static int put(const char *path, const char *text, struct err *err)
{
	return file_write(path, text, strlen(text), 0644, err);
}

/* What the slot holds, from the first block to the last. */
static int fill_slot(char letter, const char *word, struct err *err)
{
	const char name[] = {'s', 'l', 'o', 't', '-', letter, 0};

	return put(scratch_path(name), word, err);
}

/* The files of slot `letter`, all about `word`. */
static int fill_folder(char letter, const char *word, struct err *err)
{
	char name[40];
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_SLOT_FILES; i++) {
		snprintf(name, sizeof name, "aether/%c/%s", letter, slot_files[i]);
		r = put(esp_path(name), word, err);
	}
	return r;
}

static void machine_make(void)
{
	static const char *const folders[] = {"", "EFI", "EFI/Linux", "grub", "aether", "aether/a", "aether/b"};
	_cleanup_buf_ struct buf environment = {0};
	struct err err = {0};

	ck_assert_int_eq(path_remove(scratch_path("esp"), &err), 0);
	ck_assert_int_eq(path_remove(scratch_path("var"), &err), 0);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		ck_assert_int_eq(mkdir(esp_path(folders[i]), 0755), 0);
	grub_environment(&environment);
	ck_assert_int_eq(file_write(esp_path(ESP_GRUBENV), environment.data, environment.size, 0644, &err), 0);
	ck_assert_int_eq(fill_slot('a', "first", &err) | fill_folder('a', "first", &err) | fill_slot('b', "old", &err) |
				 fill_folder('b', "old", &err), 0);
	ck_assert_int_eq(chdir(scratch()), 0); /* struct boot has room for a short path */
}

static void write_sums(char letter)
{
	char name[40], hex[HASH_HEX], text[400];
	struct err err = {0};

	snprintf(name, sizeof name, "aether/%c/linux", letter);
	ck_assert_int_eq(hash_file(esp_path(name), hex), 0);
	snprintf(text, sizeof text, "%s  linux\n%s  initrd\n", hex, hex);
	snprintf(name, sizeof name, "aether/%c/sums", letter);
	ck_assert_int_eq(put(esp_path(name), text, &err), 0);
}

/* Slot a runs; b has `image`, an older generation or one on trial. */
static void machine_with(const char *image, const char *good, const char *tries)
{
	char block[GRUBENV_BYTES];
	struct err err = {0};
	char name[80];

	machine_make();
	write_sums('a');
	write_sums('b');
	ck_assert_int_eq(put(esp_path("EFI/Linux/gw-5-a.efi"), "first", &err), 0);
	snprintf(name, sizeof name, "EFI/Linux/%s", image);
	ck_assert_int_eq(put(esp_path(name), "old", &err), 0);
	memcpy(block, scratch_text("esp/" ESP_GRUBENV), sizeof block);
	ck_assert_int_eq(grubenv_set(block, "aether_good", good), 0);
	ck_assert_int_eq(grubenv_set(block, "aether_trial", tries ? "b" : NULL), 0);
	ck_assert_int_eq(grubenv_set(block, "aether_tries", tries), 0);
	ck_assert_int_eq(file_write(esp_path(ESP_GRUBENV), block, sizeof block, 0644, &err), 0);
}

static void old_slot(void) { machine_with("gw-4-b.efi", "a", NULL); }
static void bad_slot(void) { machine_with("gw-6-b+0-3.efi", "a", NULL); }
static void slot_of_today(void) { machine_with("gw-6-b.efi", "b", NULL); }
static void slot_on_trial(void) { machine_with("gw-6-b+2-1.efi", "a", "2"); }

/* The machine as boot_open() sees it, running slot `running`. */
static struct boot machine_open(char running)
{
	struct boot boot = {.name = "gw", .esp = "esp", .n_slots = 2, .history = scratch_path("var/failures"),
			    .store = &boot_esp};

	boot.slots[0].letter = running;
	boot.slots[1].letter = running == 'a' ? 'b' : 'a';
	return boot;
}

static void machine_look(struct boot *boot)
{
	boot->running = &boot->slots[0];
	boot->other = &boot->slots[1];
	boot_reload(boot);
}

/* --- what would start ------------------------------------------------------------------------------------------------ */

/* As GRUB's menu has it (grub_menu()). */
static char grub_starts(void)
{
	const char *block = scratch_text("esp/" ESP_GRUBENV);
	char good[8], trial[8], tries[8];

	if (!grubenv_get(block, "aether_good", good, sizeof good))
		strcpy(good, "a");
	if (grubenv_get(block, "aether_trial", trial, sizeof trial) &&
	    grubenv_get(block, "aether_tries", tries, sizeof tries) && *tries && strchr("123", *tries))
		return *trial;
	return *good;
}

/* As systemd-boot sorts: those with tries left or without a count first, of these the newest; its name is `ret_file`. */
static char systemd_boot_starts(char *ret_file, size_t size)
{
	DIR *folder = opendir(esp_path("EFI/Linux"));
	struct entry best = {0}, entry;
	struct dirent *file;

	*ret_file = 0;
	while (folder && (file = readdir(folder))) {
		bool spent, best_spent = best.counted && best.left == 0;

		if (entry_parse(file->d_name, &entry) < 0)
			continue;
		spent = entry.counted && entry.left == 0;
		if (*ret_file && (spent != best_spent ? spent : entry.sequence < best.sequence))
			continue;
		best = entry;
		ck_assert_int_lt(snprintf(ret_file, size, "EFI/Linux/%s", file->d_name), (int)size);
	}
	if (folder)
		closedir(folder);
	return best.slot;
}

static const char *slot_word(char letter) { return letter == 'a' ? scratch_text("slot-a") : scratch_text("slot-b"); }

/* GRUB starts a kernel that its sums are of, with what stands in the slot. */
static void demand_grub_whole(char letter)
{
	char name[40], hex[HASH_HEX], sums[40];

	snprintf(sums, sizeof sums, "esp/aether/%c/sums", letter);
	for (size_t i = 0; i < N_SLOT_FILES; i++) {
		snprintf(name, sizeof name, "esp/aether/%c/%s", letter, slot_files[i]);
		fail_demand(exists(scratch_path(name)), "GRUB starts a slot that has not all files");
		fail_demand(strcmp(scratch_text(name), slot_word(letter)) == 0, "GRUB starts a slot with another's files");
	}
	snprintf(name, sizeof name, "esp/aether/%c/linux", letter);
	fail_demand(hash_file(scratch_path(name), hex) == 0 && exists(scratch_path(sums)) && strstr(scratch_text(sums), hex),
	       "GRUB starts a slot whose sums are not those of its kernel");
}

static void demand_whole(void)
{
	char file[300], path[320];
	char letter = systemd_boot_starts(file, sizeof file);

	fail_demand(letter, "systemd-boot has nothing to start");
	snprintf(path, sizeof path, "esp/%s", file);
	fail_demand(strcmp(scratch_text(path), slot_word(letter)) == 0, "systemd-boot starts a slot with another's kernel");
	demand_grub_whole(grub_starts());
}

static void demand_starts(char letter)
{
	char file[300];

	fail_demand(grub_starts() == letter, "GRUB does not start the slot that is meant");
	fail_demand(systemd_boot_starts(file, sizeof file) == letter, "systemd-boot does not start the slot that is meant");
}

/* --- the changes ----------------------------------------------------------------------------------------------------- */

/* A generation is taken into slot b, as take.c does it. */
static int run_take(struct err *err)
{
	struct boot boot = machine_open('a');
	int r;

	machine_look(&boot);
	boot_clear(&boot, boot.other);
	r = fill_slot('b', "half", err);
	if (r == 0)
		r = fill_folder('b', "new", err);
	if (r == 0)
		r = put(esp_path("aether/b/uki"), "new", err);
	if (r == 0)
		r = fill_slot('b', "new", err);
	if (r == 0)
		boot_try(&boot, boot.other);
	return r;
}

static void check_take(int r)
{
	demand_whole();
	if (r < 0)
		return;
	demand_starts('b');
	fail_demand(strcmp(slot_word('b'), "new") == 0, "the slot has not the new image");
}

/* Slot b runs, on trial or for good. */
static int run_bless(struct err *err)
{
	struct boot boot = machine_open('b');

	(void)err;
	machine_look(&boot);
	boot_bless(&boot, boot.running);
	return 0;
}

static void check_bless(int r)
{
	demand_whole();
	if (r < 0)
		return;
	demand_starts('b');
	fail_demand(exists(esp_path("EFI/Linux/gw-6-b.efi")), "the image that is good has a count");
}

/* Slot b runs, and is bad. */
static int run_condemn(struct err *err)
{
	struct boot boot = machine_open('b');

	(void)err;
	machine_look(&boot);
	boot_condemn(&boot, boot.running, "it is on\nfire");
	return 0;
}

static void check_condemn(int r)
{
	struct boot boot = machine_open('a');

	demand_whole();
	if (r < 0)
		return;
	demand_starts('a');
	machine_look(&boot);
	fail_demand(boot.other->state == SLOT_BAD || !*boot.other->failed_reason, "the slot is not bad");
}

static const struct fail_body bodies[] = {
	{"a slot is taken", old_slot, run_take, check_take, 40, true},
	{"a bad slot is taken", bad_slot, run_take, check_take, 40, true},
	{"the slot of a rollback is taken", slot_of_today, run_take, check_take, 40, true},
	{"a slot on trial is taken", slot_on_trial, run_take, check_take, 40, true},
	{"a slot is good", slot_on_trial, run_bless, check_bless, 15, true},
	{"a slot is good again", slot_of_today, run_bless, check_bless, 10, true},
	{"a slot is bad", slot_on_trial, run_condemn, check_condemn, 20, true},
	{"a slot is bad later", slot_of_today, run_condemn, check_condemn, 20, true},
};

START_TEST(whatever_call_fails_a_whole_slot_starts)
{
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(failing_boot, whatever_call_fails_a_whole_slot_starts, sizeof bodies / sizeof *bodies)
