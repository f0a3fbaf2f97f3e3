/* What changes the slots, wherever it is written what starts (struct boot_store). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/agent/boot.h"
#include "machine/agent/history.h"
#include "machine/hex.h"
#include "machine/lines.h"

void boot_reload(struct boot *boot)
{
	boot->store->reload(boot);
}

void boot_clear(struct boot *boot, struct slot *slot)
{
	boot->store->clear(boot, slot);
	boot_reload(boot);
}

void boot_try(struct boot *boot, struct slot *slot)
{
	boot->store->try(boot, slot);
	boot_reload(boot);
}

/* --- taking ---------------------------------------------------------------------------------------------------------- */

static void store_marker(const struct boot *boot, const struct slot *slot, char folder[64], char path[96])
{
	boot_folder(boot, slot, folder, 64);
	snprintf(path, 96, "%s/" BOX_TAKING, folder);
}

void boot_take(struct boot *boot, struct slot *slot)
{
	char folder[64], path[96];
	int r;

	store_marker(boot, slot, folder, path);
	if (access(path, F_OK) == 0 && slot->state == SLOT_EMPTY)
		return;
	boot_clear(boot, slot);
	r = write_whole(folder, BOX_TAKING, "");
	if (r < 0)
		die("cannot write %s: %s", path, strerror(-r));
}

void boot_note_image(const struct boot *boot, const struct slot *slot, const char *root_hash, const char *generation)
{
	char folder[64], text[160];
	int r;

	boot_folder(boot, slot, folder, sizeof folder);
	snprintf(text, sizeof text, ESP_IMAGE_ROOT "=%s\n" ESP_IMAGE_GENERATION "=%s\n", root_hash, generation);
	r = write_whole(folder, ESP_IMAGE, text);
	if (r < 0)
		die("cannot write %s/" ESP_IMAGE ": %s", folder, strerror(-r));
}

void boot_taken(struct boot *boot, struct slot *slot, const uint8_t root_hash[ROOT_HASH_BYTES], unsigned generation)
{
	char folder[64], path[96], hash[2 * ROOT_HASH_BYTES + 1], number[16];

	hex_print(root_hash, ROOT_HASH_BYTES, hash);
	snprintf(number, sizeof number, "%u", generation);
	boot_note_image(boot, slot, hash, number);
	store_marker(boot, slot, folder, path);
	if (unlink(path) < 0)
		die("cannot remove %s: %s", path, strerror(errno));
	boot_try(boot, slot);
}

/* --- verdicts -------------------------------------------------------------------------------------------------------- */

void boot_bless(struct boot *boot, struct slot *slot)
{
	boot->store->bless(boot, slot);
	boot_reload(boot);
}

/* The state partition has the history; it may be full, or broken, and the verdict must stand all the same. */
static void store_append_history(const struct boot *boot, const struct slot *slot, const char *text)
{
	char record[1024];
	int r;

	snprintf(record, sizeof record, "%sslot=%c\nroot=%s\ngeneration=%s\n\n", text, slot->letter, slot->root_hash,
		 slot->generation);
	r = history_add(boot->history, record);
	if (r < 0)
		say("cannot record in %s why slot %c is bad: %s", boot->history, slot->letter, strerror(-r));
}

void boot_condemn(struct boot *boot, struct slot *slot, const char *reason)
{
	char folder[64], text[640], flat[sizeof slot->failed_reason];
	char next = slot == boot->running && boot->other ? boot->other->letter : boot->running->letter;
	int r;

	snprintf(flat, sizeof flat, "%s", reason);
	lines_flatten(flat);
	snprintf(text, sizeof text, "when=%lld\nreason=%s\n", (long long)time(NULL), flat);
	boot_folder(boot, slot, folder, sizeof folder);
	r = write_whole(folder, ESP_FAILURE, text);
	if (r < 0)
		say("cannot record in %s why slot %c is bad: %s", folder, slot->letter, strerror(-r));
	store_append_history(boot, slot, text);
	boot->store->give_up(boot, slot, next);
	boot_reload(boot);
}
