#include "fleet/payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "boot/grub.h"
#include "boot/uki.h"
#include "disk/verity.h"
#include "edge/digest.h"
#include "plan/plan.h"

enum { OFFER_VERSION = 1, UKI_MAX = 1 << 30, CMDLINE_MAX = 4096 };

enum object { ROOT, UKI, LINUX, INITRD, GRUB_A, GRUB_B };
static const char *const names[PARCEL_OBJECTS] = {"root", "uki", "linux", "initrd", "grub-a", "grub-b"};

static int too_old(const struct generation *generation, struct err *err)
{
	err_set(err, -ENOTSUP, "%s/%u was made by an aether-build that could not send it yet", generation->name,
		generation->number);
	return err_hint(err, "build it again");
}

static int find_slot(const struct manifest *manifest, uint64_t *ret_start, struct err *err)
{
	for (size_t i = 0; i < manifest->n_partitions; i++) {
		const struct manifest_partition *part = &manifest->partitions[i];

		if (strcmp(part->content, "root") == 0 && part->size >= manifest->root->size) {
			*ret_start = part->start;
			return 0;
		}
	}
	return err_set(err, -EBADMSG, "the image of '%s' has no partition with the root in it", manifest->name);
}

/* The slot: its superblock has the salt of the machine's trees. */
static int open_root(struct parcel *parcel, const struct generation *generation, uint8_t salt[VERITY_HASH], struct err *err)
{
	const struct manifest *manifest = generation->manifest;
	struct parcel_object *root = &parcel->objects[ROOT];
	uint8_t block[VERITY_BLOCK], hash[VERITY_HASH];
	int r = find_slot(manifest, &parcel->slot_start, err);

	if (r == 0 && (hex_decode(manifest->root_hash, hash, sizeof hash) < 0 || manifest->root->hash_offset == 0 ||
		       manifest->root->hash_offset % VERITY_BLOCK || manifest->root->size % VERITY_BLOCK))
		r = err_set(err, -EBADMSG, "the manifest of %s/%u does not say where its root is", generation->name,
			    generation->number);
	if (r == 0)
		r = image_open(generation->image, manifest->image.format, &parcel->image, err);
	if (r == 0)
		r = image_read_at(parcel->image, parcel->slot_start + manifest->root->hash_offset, block, sizeof block, err);
	if (r == 0)
		r = verity_read_salt(block, hash, manifest->root->hash_offset, salt, err);
	if (r < 0)
		return r;
	root->size_bytes = manifest->root->hash_offset;
	root->n_blocks = manifest->root->size / VERITY_BLOCK;
	memcpy(root->root_hash, manifest->root_hash, sizeof root->root_hash);
	hex_encode(salt, VERITY_HASH, parcel->salt);
	return 0;
}

static int add_file(struct parcel *parcel, enum object index, const void *data, size_t size, const uint8_t salt[VERITY_HASH],
		    struct err *err)
{
	struct parcel_object *object = &parcel->objects[index];
	struct verity verity;
	int r;

	buf_add(&object->blocks, data, size);
	object->size_bytes = size;
	r = verity_cover(&object->blocks, salt, &verity, err);
	if (r < 0)
		return r;
	object->n_blocks = verity.size_bytes / VERITY_BLOCK;
	hex_encode(verity.root_hash, VERITY_HASH, object->root_hash);
	return 0;
}

static int add_section(struct parcel *parcel, enum object index, const struct buf *uki, const char *section,
		       const uint8_t salt[VERITY_HASH], struct err *err)
{
	const void *data;
	size_t size;
	int r = uki_find(uki->data, uki->size, section, &data, &size, err);

	return r == 0 ? add_file(parcel, index, data, size, salt, err) : r;
}

/* GRUB's entry depends on the slot: there is one for each. */
static int add_grub(struct parcel *parcel, enum object index, const char *slot, const char *cmdline,
		    const uint8_t salt[VERITY_HASH], struct err *err)
{
	_cleanup_buf_ struct buf entry = {0}, title = {0};
	int r;

	buf_printf(&title, "%s, slot %s", parcel->name, slot);
	r = grub_entry(title.data, slot, cmdline, &entry, err);
	return r == 0 ? add_file(parcel, index, entry.data, entry.size, salt, err) : r;
}

static int read_uki(const struct generation *generation, struct buf *out, struct err *err)
{
	const struct manifest_uki *uki = generation->manifest->uki;
	_cleanup_buf_ struct buf path = {0};
	char sha256[SHA256_HEX];
	int r;

	buf_printf(&path, "%s/%s", generation->folder, uki->file);
	r = file_read(path.data, UKI_MAX, out, err);
	if (r < 0)
		return r;
	sha256_hex_of(out->data, out->size, sha256);
	return strcmp(sha256, uki->sha256) == 0 ? 0 : err_set(err, -EBADMSG, "'%s' is not what the manifest says", path.data);
}

static int open_boot_files(struct parcel *parcel, const struct generation *generation, const uint8_t salt[VERITY_HASH],
			   struct err *err)
{
	_cleanup_buf_ struct buf uki = {0};
	char cmdline[CMDLINE_MAX];
	const void *data = NULL;
	size_t size = 0;
	int r = read_uki(generation, &uki, err);

	if (r == 0)
		r = uki_find(uki.data, uki.size, ".cmdline", &data, &size, err);
	if (r < 0)
		return r;
	snprintf(cmdline, sizeof cmdline, "%.*s", (int)(size < sizeof cmdline ? size : sizeof cmdline - 1), (const char *)data);
	if (size >= sizeof cmdline || !strstr(cmdline, parcel->objects[ROOT].root_hash))
		return err_set(err, -EBADMSG, "the unified kernel image of %s/%u does not start its root", generation->name,
			       generation->number);
	r = add_file(parcel, UKI, uki.data, uki.size, salt, err);
	if (r == 0)
		r = add_section(parcel, LINUX, &uki, ".linux", salt, err);
	if (r == 0)
		r = add_section(parcel, INITRD, &uki, ".initrd", salt, err);
	if (r == 0)
		r = add_grub(parcel, GRUB_A, "a", cmdline, salt, err);
	return r == 0 ? add_grub(parcel, GRUB_B, "b", cmdline, salt, err) : r;
}

int parcel_open(const struct generation *generation, struct parcel **ret_parcel, struct err *err)
{
	const struct manifest *manifest = generation->manifest;
	uint8_t salt[VERITY_HASH];
	struct parcel *parcel;
	int r;

	if (!manifest->root_hash)
		return err_set(err, -ENOTSUP, "%s/%u is of kind '%s': only virtual machines have slots to send it to",
			       generation->name,
			       generation->number, manifest->kind);
	if (!manifest->root || !manifest->uki)
		return too_old(generation, err);
	parcel = calloc(1, sizeof *parcel);
	if (!parcel)
		return err_set(err, -ENOMEM, "out of memory");
	parcel->generation = generation->number;
	parcel->name = manifest->name;
	parcel->kind = manifest->kind;
	for (size_t i = 0; i < PARCEL_OBJECTS; i++)
		parcel->objects[i].name = names[i];
	r = open_root(parcel, generation, salt, err);
	if (r == 0)
		r = open_boot_files(parcel, generation, salt, err);
	if (r < 0)
		parcel_close(parcel);
	else
		*ret_parcel = parcel;
	return r;
}

void parcel_offer(const struct parcel *parcel, struct buf *out)
{
	buf_printf(out, "aether-take %d\nname %s\nkind %s\nformat %d\ngeneration %u\nsalt %s\n", OFFER_VERSION, parcel->name,
		   parcel->kind, IMAGE_FORMAT, parcel->generation, parcel->salt);
	for (size_t i = 0; i < PARCEL_OBJECTS; i++)
		buf_printf(out, "object %s %llu %s\n", parcel->objects[i].name,
			   (unsigned long long)parcel->objects[i].size_bytes, parcel->objects[i].root_hash);
	buf_puts(out, "\n");
}

int parcel_read(struct parcel *parcel, size_t object, uint64_t first, uint64_t count, void *out, struct err *err)
{
	const struct buf *blocks = &parcel->objects[object].blocks;

	if (blocks->data) {
		memcpy(out, blocks->data + first * PARCEL_BLOCK, count * PARCEL_BLOCK);
		return 0;
	}
	return image_read_at(parcel->image, parcel->slot_start + first * PARCEL_BLOCK, out, count * PARCEL_BLOCK, err);
}

void parcel_close(struct parcel *parcel)
{
	if (!parcel)
		return;
	for (size_t i = 0; i < PARCEL_OBJECTS; i++)
		buf_free(&parcel->objects[i].blocks);
	image_close(parcel->image);
	free(parcel);
}
