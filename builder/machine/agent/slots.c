/* The slots of a container: trees of files beside its root, and the books that its init reads (contract/box.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/agent/boot.h"
#include "machine/agent/restart.h"
#include "machine/books.h"
#include "machine/hash.h"
#include "machine/lines.h"
#include "machine/mountinfo.h"

enum { ENVIRONMENT_BYTES = 1 << 16 };

static void slots_path(const struct boot *boot, const struct slot *slot, const char *name, char *out, size_t size)
{
	char folder[64];

	boot_folder(boot, slot, folder, sizeof folder);
	snprintf(out, size, "%s/%s", folder, name);
}

static bool slots_has(const struct boot *boot, const struct slot *slot, const char *name)
{
	char path[96];

	slots_path(boot, slot, name, path, sizeof path);
	return access(path, F_OK) == 0;
}

/* Slot a is the container's own root until a tree is put there. */
static bool slots_is_root(const struct boot *boot, const struct slot *slot)
{
	return slot->letter == 'a' && !slots_has(boot, slot, BOX_TREE);
}

static void slots_books_folder(const struct boot *boot, char *out, size_t size)
{
	snprintf(out, size, "%s" BOX_FOLDER, boot->esp);
}

/* The books; as long as there are none, the root is good. */
static struct books slots_books(const struct boot *boot)
{
	struct books books = {.good = 'a'};
	char folder[64];
	int r;

	slots_books_folder(boot, folder, sizeof folder);
	r = books_read(folder, &books);
	if (r < 0 && r != -ENOENT)
		say("cannot read %s/" BOX_BOOKS ": %s: the root counts as the good generation", folder, strerror(-r));
	return books;
}

static void slots_write_books(const struct boot *boot, const struct books *books)
{
	char folder[64];
	int r;

	slots_books_folder(boot, folder, sizeof folder);
	r = books_write(folder, books);
	if (r < 0)
		die("cannot write %s/" BOX_BOOKS ": %s", folder, strerror(-r));
}

/* --- what there is --------------------------------------------------------------------------------------------------- */

/* What the init has against it counts as a failure, until it is written down as one. */
static void slots_read_refused(const struct boot *boot, struct slot *slot)
{
	char path[96], text[sizeof slot->failed_reason];
	struct stat st;

	slots_path(boot, slot, BOX_REFUSED, path, sizeof path);
	slot->refused = !*slot->failed_reason && read_line(path, text, sizeof text) > 0 && stat(path, &st) == 0;
	if (!slot->refused)
		return;
	snprintf(slot->failed_reason, sizeof slot->failed_reason, "%s", text);
	snprintf(slot->failed_when, sizeof slot->failed_when, "%lld", (long long)st.st_mtim.tv_sec);
}

static void slots_read_slot(const struct boot *boot, const struct books *books, struct slot *slot)
{
	bool root = slots_is_root(boot, slot);

	*slot->root_hash = *slot->generation = *slot->failed_when = *slot->failed_reason = 0;
	slot->tries_left = 0;
	boot_read_files(boot, slot);
	slots_read_refused(boot, slot);
	if (root && slot == boot->running)
		strcpy(slot->root_hash, boot->root_hash);
	slot->state = *slot->failed_reason ? SLOT_BAD : SLOT_GOOD;
	if (!root && (!*slot->root_hash || slots_has(boot, slot, BOX_TAKING)))
		slot->state = SLOT_EMPTY;
	if (slot->state == SLOT_GOOD && slot->letter == books->trial) {
		slot->state = SLOT_TRIAL;
		slot->tries_left = books->tries;
	}
}

static void slots_reload(struct boot *boot)
{
	struct books books = slots_books(boot);

	for (size_t i = 0; i < boot->n_slots; i++)
		slots_read_slot(boot, &books, &boot->slots[i]);
	if (boot->running == &boot->base)
		boot->other = &boot->slots[books.good == 'a']; /* the good one is kept */
}

/* A word of the environment that pid 1 was started with. */
static bool slots_was_told(const char *key, char *out, size_t size)
{
	static char environment[ENVIRONMENT_BYTES];
	size_t length = strlen(key);
	int n = read_line("/proc/1/environ", environment, sizeof environment);

	for (const char *word = environment; n > 0 && word < environment + n; word += strlen(word) + 1)
		if (strncmp(word, key, length) == 0 && word[length] == '=') {
			snprintf(out, size, "%s", word + length + 1);
			return true;
		}
	return false;
}

static struct slot *slots_find_running(struct boot *boot)
{
	char *mounts = mountinfo_load(), letter;

	if (!mounts)
		die("cannot read what is mounted: %s", strerror(errno));
	letter = mountinfo_slot(mounts);
	free(mounts);
	if (letter)
		return &boot->slots[letter - 'a'];
	return slots_is_root(boot, &boot->slots[0]) ? &boot->slots[0] : &boot->base;
}

static void slots_find_slots(struct boot *boot)
{
	struct statvfs fs = {0};
	int r;

	if (statvfs("/", &fs) < 0)
		die("cannot access /: %s", strerror(errno));
	for (size_t i = 0; i < 2; i++)
		boot->slots[i] = (struct slot){.letter = (char)('a' + i), .size_bytes = (uint64_t)fs.f_blocks * fs.f_frsize};
	boot->base = (struct slot){.letter = BOOT_BASE, .state = SLOT_GOOD};
	boot->n_slots = 2;
	boot->running = slots_find_running(boot);
	boot->other = &boot->slots[boot->running == &boot->slots[0]];
	r = hash_file(LIST_FILE, boot->root_hash);
	if (r < 0)
		die("cannot read " LIST_FILE ": %s", strerror(-r));
	strcpy(boot->base.root_hash, boot->root_hash);
}

void slots_open(struct boot *boot)
{
	char started[8];

	if (access(LIST_FILE, F_OK) < 0)
		return; /* a template that is older than this: it has no slots */
	boot->store = &boot_trees;
	slots_find_slots(boot);
	boot->can_start_trees = slots_was_told(BOX_ENV_STARTED, started, sizeof started);
	if (!boot->can_start_trees)
		snprintf(boot->remark, sizeof boot->remark,
			 "pid 1 was not started by " BOX_INIT ", so only the root can run: the hypervisor has to start "
			 "/sbin/init (systemd-nspawn: not with --boot)");
	else
		slots_was_told(BOX_ENV_REMARK, boot->remark, sizeof boot->remark);
	slots_reload(boot);
}

/* The kernel's id of a boot is the same for all containers; when pid 1 began is not. */
void boot_start_id(const struct boot *boot, char *out, size_t size)
{
	char stat[1024], *at;
	int n = read_line("/proc/sys/kernel/random/boot_id", out, size);

	if (n >= 0 && read_line(RESTART_ROOM "/" RESTART_COUNT, stat, sizeof stat) > 0)
		n += snprintf(out + n, size - (size_t)n, "+%s", stat);
	if (n < 0 || boot->store != &boot_trees || read_line("/proc/1/stat", stat, sizeof stat) <= 0)
		return;
	at = strrchr(stat, ')'); /* the 2nd field ends there; the 22nd is the start */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		snprintf(out + n, size - (size_t)n, "-%.*s", (int)strcspn(at + 1, " "), at + 1);
}

/* --- changing it ----------------------------------------------------------------------------------------------------- */

static void slots_make_durable(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		die("cannot write to %s: %s", folder, strerror(errno));
	close(fd);
}

static void slots_make_folder(const struct boot *boot, const struct slot *slot)
{
	char folder[64];
	int r;

	boot_folder(boot, slot, folder, sizeof folder);
	r = make_folder(folder, 0700);
	if (r < 0)
		die("cannot make %s: %s", folder, strerror(-r));
}

/* What the root is, is known from inside it alone: other generations find it written down. */
static void slots_note_root(const struct boot *boot)
{
	const struct slot *slot = &boot->slots[0];
	if (boot->running != slot || !slots_is_root(boot, slot) || slots_has(boot, slot, ESP_IMAGE))
		return;
	slots_make_folder(boot, slot);
	boot_note_image(boot, slot, boot->root_hash, slot->generation);
}

/* `good` starts from now on; when that is what runs as a last resort, the books stay as they are. */
static void slots_settle_on(const struct boot *boot, char good)
{
	struct books books = slots_books(boot);

	books = (struct books){.good = good == BOOT_BASE ? books.good : good};
	slots_write_books(boot, &books);
}

static void slots_clear(struct boot *boot, struct slot *slot)
{
	static const char *const files[] = {ESP_IMAGE, ESP_FAILURE, BOX_REFUSED};
	char path[96];

	slots_make_folder(boot, slot);
	slots_note_root(boot);
	slots_settle_on(boot, boot->running->letter);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		slots_path(boot, slot, files[i], path, sizeof path);
		if (unlink(path) < 0 && errno != ENOENT)
			die("cannot remove %s: %s", path, strerror(errno));
	}
	boot_folder(boot, slot, path, sizeof path);
	slots_make_durable(path);
}

static void slots_try(struct boot *boot, struct slot *slot)
{
	struct books books = slots_books(boot);

	if (boot->running != &boot->base)
		books.good = boot->running->letter;
	books.trial = slot->letter;
	books.tries = SLOT_TRIES;
	slots_write_books(boot, &books);
}

static void slots_bless(struct boot *boot, struct slot *slot)
{
	slots_settle_on(boot, slot->letter);
}

static void slots_give_up(struct boot *boot, struct slot *slot, char next)
{
	(void)slot; /* its failure says it, as long as the slot is not taken anew */
	slots_settle_on(boot, next);
}

const struct boot_store boot_trees = {slots_reload, slots_clear, slots_try, slots_bless, slots_give_up};
