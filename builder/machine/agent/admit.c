#include "machine/agent/admit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/image.h"
#include "machine/lines.h"
#include "machine/hex.h"

enum { CLUSTER_BYTES = 32 << 10, MIB = 1 << 20 }; /* the largest that vfat has */

/* Writes what is wrong; false. */
__attribute__((format(printf, 3, 4))) static bool admit_refuse(char *why, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, size, format, arguments);
	va_end(arguments);
	return false;
}

/* What the offer needs on the EFI system partition. */
static uint64_t admit_esp_need(const struct offer *offer)
{
	uint64_t need = 4ULL * CLUSTER_BYTES; /* folder, sums, image, marker */

	for (unsigned i = OBJECT_UKI; i < N_OBJECTS; i++)
		if (i != OBJECT_GRUB_B) /* as large as the other one, and only one is taken */
			need += (offer->objects[i].size_bytes + CLUSTER_BYTES - 1) / CLUSTER_BYTES * CLUSTER_BYTES;
	return need;
}

/* Why the image was bad on this machine, the latest time; false when it was not. Records are lines KEY=VALUE, with an
 * empty line behind each. */
static bool admit_was_bad(const char *failures, const char *root_hash, char *reason, size_t size)
{
	char hash[HASH_HEX], record[2048], text[512];
	bool found = false;

	while (*failures) {
		const char *end = strstr(failures, "\n\n");
		size_t length = end ? (size_t)(end - failures) : strlen(failures);

		snprintf(record, sizeof record, "%.*s", (int)length, failures);
		if (lines_get(record, "root", hash, sizeof hash) && strcmp(hash, root_hash) == 0) {
			found = true;
			lines_get(record, "reason", text, sizeof text);
			snprintf(reason, size, "%s", text);
		}
		failures += length;
		failures += strspn(failures, "\n");
	}
	return found;
}

static bool admit_fits_the_machine(const struct boot *boot, const struct offer *offer, char *why, size_t size)
{
	unsigned long format = strtoul(boot->format, NULL, 10);

	if (boot->n_slots == 0)
		return admit_refuse(why, size, "this machine ('%s') has no slots: replace its image as a whole",
				    boot->kind);
	if (!boot->other)
		return admit_refuse(
			why, size,
			"this machine has only one slot: build it with 'slots: 2', and replace its disk once");
	if (strcmp(offer->name, boot->name) != 0)
		return admit_refuse(why, size,
				    "this machine is '%s', but the image is for '%s': check the host and the "
				    "recipe",
				    boot->name, offer->name);
	if (strcmp(offer->kind, boot->kind) != 0)
		return admit_refuse(why, size, "this machine is of kind '%s', but the image of kind '%s'", boot->kind,
				    offer->kind);
	if (offer->is_tree != (boot->store == &boot_trees))
		return admit_refuse(why, size, "protocol error: not what a machine of kind '%s' is offered", boot->kind);
	if (*boot->remark && !boot->can_start_trees)
		return admit_refuse(why, size, "%s", boot->remark);
	if (offer->format < format)
		return admit_refuse(why, size,
				    "the image has format %u, but this machine needs at least %lu: build it "
				    "again with a newer aether-build",
				    offer->format, format);
	if (offer->format > IMAGE_FORMAT)
		return admit_refuse(
			why, size,
			"the image has format %u, but this machine supports at most %d: replace its disk once",
			offer->format, IMAGE_FORMAT);
	return true;
}

static bool admit_fits_the_slot(const struct boot *boot, const struct offer *offer, const struct admit_room *room,
				char *why, size_t size)
{
	struct tree shape;

	tree_shape(offer->objects[OBJECT_ROOT].size_bytes / BLOCK_BYTES, &shape);
	if (shape.n_blocks * BLOCK_BYTES > boot->other->size_bytes)
		return admit_refuse(why, size,
				    "the image needs %llu MiB, but slot %c has only %llu: remove packages, "
				    "or replace the disk once",
				    (unsigned long long)(shape.n_blocks * BLOCK_BYTES / MIB), boot->other->letter,
				    (unsigned long long)(boot->other->size_bytes / MIB));
	if (admit_esp_need(offer) > room->esp_bytes)
		return admit_refuse(why, size,
				    "kernel and initrd need %llu MiB on the EFI system partition, which has only "
				    "%llu: replace the disk once",
				    (unsigned long long)(admit_esp_need(offer) / MIB),
				    (unsigned long long)(room->esp_bytes / MIB));
	return true;
}

/* Whether a tree has room is known when its list is. */
static bool admit_has_room(const struct boot *boot, const struct offer *offer, const struct admit_room *room, bool force,
			   char *why, size_t size)
{
	if (!offer->is_tree && !admit_fits_the_slot(boot, offer, room, why, size))
		return false;
	if (room->state_bytes < ADMIT_STATE_BYTES && !force)
		return admit_refuse(why, size,
				    "/var has only %llu MiB free, but a machine needs %llu to start: free space "
				    "there, or use --force",
				    (unsigned long long)(room->state_bytes / MIB),
				    (unsigned long long)(ADMIT_STATE_BYTES / MIB));
	return true;
}

bool admit(const struct boot *boot, const struct offer *offer, const struct admit_room *room, const char *failures, bool force,
	   char *why, size_t size)
{
	char hash[HASH_HEX], reason[512];

	if (!admit_fits_the_machine(boot, offer, why, size))
		return false;
	hex_print(offer->objects[OBJECT_ROOT].root_hash, HASH_BYTES, hash);
	if (strcmp(hash, boot->root_hash) == 0)
		return true; /* it is there: nothing will be written */
	if (boot->running->state == SLOT_TRIAL && !force)
		return admit_refuse(why, size,
				    "the running generation is on trial, and slot %c is the only way back: wait "
				    "for the verdict, or use --force",
				    boot->other->letter);
	if (admit_was_bad(failures, hash, reason, sizeof reason) && !force)
		return admit_refuse(why, size,
				    "this image was bad on this machine (%s): fix it and build it again, or "
				    "use --force",
				    reason);
	return admit_has_room(boot, offer, room, force, why, size);
}
