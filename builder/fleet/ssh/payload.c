#include "fleet/ssh/payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "boot/grub.h"
#include "boot/uki.h"
#include "contract/image.h"
#include "contract/offer.h"
#include "contract/verity.h"
#include "disk/verity.h"
#include "edge/digest.h"
#include "plan/plan.h"

enum { UKI_MAX = 1 << 30, CMDLINE_MAX = 4096 };

static const char *const names[N_OBJECTS] = {OFFER_OBJECTS(OFFER_OBJECT_WORD)};

static int payload_too_old(const struct generation *generation, struct err *err)
{
	err_set(err, -ENOTSUP, "%s/%u was built by an aether-build that was too old to send it", generation->name,
		generation->number);
	return err_hint(err, "build it again");
}

static int payload_find_slot(const struct manifest *manifest, uint64_t *ret_start, struct err *err)
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
static int payload_open_root(struct payload *payload, const struct generation *generation, uint8_t salt[VERITY_HASH],
			     struct err *err)
{
	const struct manifest *manifest = generation->manifest;
	struct payload_object *root = &payload->objects[OBJECT_ROOT];
	uint8_t block[VERITY_BLOCK], hash[VERITY_HASH];
	int r = payload_find_slot(manifest, &payload->slot_start, err);

	if (r == 0 && (hex_decode(manifest->root_hash, hash, sizeof hash) < 0 || manifest->root->hash_offset == 0 ||
		       manifest->root->hash_offset % VERITY_BLOCK || manifest->root->size % VERITY_BLOCK))
		r = err_set(err, -EBADMSG, "the manifest of %s/%u does not say where its root is", generation->name,
			    generation->number);
	if (r == 0)
		r = image_open(generation->image, manifest->image.format, &payload->image, err);
	if (r == 0)
		r = image_read_at(payload->image, payload->slot_start + manifest->root->hash_offset, block, sizeof block, err);
	if (r == 0)
		r = verity_read_salt(block, hash, manifest->root->hash_offset, salt, err);
	if (r < 0)
		return r;
	root->size_bytes = manifest->root->hash_offset;
	root->n_blocks = manifest->root->size / VERITY_BLOCK;
	memcpy(root->root_hash, manifest->root_hash, sizeof root->root_hash);
	hex_encode(salt, VERITY_HASH, payload->salt);
	return 0;
}

static int payload_add_file(struct payload *payload, enum offer_object index, const void *data, size_t size,
			    const uint8_t salt[VERITY_HASH], struct err *err)
{
	struct payload_object *object = &payload->objects[index];
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

static int payload_add_section(struct payload *payload, enum offer_object index, const struct buf *uki,
			       const char *section, const uint8_t salt[VERITY_HASH], struct err *err)
{
	const void *data;
	size_t size;
	int r = uki_find(uki->data, uki->size, section, &data, &size, err);

	return r == 0 ? payload_add_file(payload, index, data, size, salt, err) : r;
}

/* GRUB's entry depends on the slot: there is one for each. */
static int payload_add_grub(struct payload *payload, enum offer_object index, const char *slot, const char *cmdline,
			    const uint8_t salt[VERITY_HASH], struct err *err)
{
	_cleanup_buf_ struct buf entry = {0}, title = {0};
	int r;

	buf_printf(&title, "%s, slot %s", payload->name, slot);
	r = grub_entry(title.data, slot, cmdline, &entry, err);
	return r == 0 ? payload_add_file(payload, index, entry.data, entry.size, salt, err) : r;
}

static int payload_read_uki(const struct generation *generation, struct buf *out, struct err *err)
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
	return strcmp(sha256, uki->sha256) == 0 ? 0
						: err_set(err, -EBADMSG, "'%s' does not match the manifest", path.data);
}

static int payload_open_boot_files(struct payload *payload, const struct generation *generation,
				   const uint8_t salt[VERITY_HASH], struct err *err)
{
	_cleanup_buf_ struct buf uki = {0};
	char cmdline[CMDLINE_MAX];
	const void *data = NULL;
	size_t size = 0;
	int r = payload_read_uki(generation, &uki, err);

	if (r == 0)
		r = uki_find(uki.data, uki.size, ".cmdline", &data, &size, err);
	if (r < 0)
		return r;
	snprintf(cmdline, sizeof cmdline, "%.*s", (int)(size < sizeof cmdline ? size : sizeof cmdline - 1), (const char *)data);
	if (size >= sizeof cmdline || !strstr(cmdline, payload->objects[OBJECT_ROOT].root_hash))
		return err_set(err, -EBADMSG, "the unified kernel image of %s/%u does not start its root", generation->name,
			       generation->number);
	r = payload_add_file(payload, OBJECT_UKI, uki.data, uki.size, salt, err);
	if (r == 0)
		r = payload_add_section(payload, OBJECT_LINUX, &uki, ".linux", salt, err);
	if (r == 0)
		r = payload_add_section(payload, OBJECT_INITRD, &uki, ".initrd", salt, err);
	if (r == 0)
		r = payload_add_grub(payload, OBJECT_GRUB_A, "a", cmdline, salt, err);
	return r == 0 ? payload_add_grub(payload, OBJECT_GRUB_B, "b", cmdline, salt, err) : r;
}

int payload_open(const struct generation *generation, struct payload **ret_parcel, struct err *err)
{
	const struct manifest *manifest = generation->manifest;
	uint8_t salt[VERITY_HASH];
	struct payload *payload;
	int r;

	if (!manifest->root_hash || (!manifest->tree && (!manifest->root || !manifest->uki)))
		return payload_too_old(generation, err);
	payload = calloc(1, sizeof *payload);
	if (!payload)
		return err_no_memory(err);
	payload->generation = generation->number;
	payload->name = manifest->name;
	payload->kind = manifest->kind;
	for (size_t i = 0; i < N_OBJECTS; i++)
		payload->objects[i].name = names[i];
	payload->tree_hash = manifest->root_hash;
	if (manifest->tree)
		r = parcel_open(generation, &payload->tree, err);
	else
		r = payload_open_root(payload, generation, salt, err);
	if (r == 0 && !manifest->tree)
		r = payload_open_boot_files(payload, generation, salt, err);
	if (r < 0)
		payload_close(payload);
	else
		*ret_parcel = payload;
	return r;
}

void payload_offer(const struct payload *payload, struct buf *out)
{
	buf_printf(out,
		   OFFER_TAKE " %d\n" OFFER_NAME " %s\n" OFFER_KIND " %s\n" OFFER_FORMAT " %d\n" OFFER_GENERATION " %u\n",
		   payload->tree ? OFFER_VERSION_TREE : OFFER_VERSION, payload->name, payload->kind, IMAGE_FORMAT,
		   payload->generation);
	if (payload->tree) {
		buf_printf(out, OFFER_TREE " %zu %s\n\n", parcel_list(payload->tree)->size, payload->tree_hash);
		return;
	}
	buf_printf(out, OFFER_SALT " %s\n", payload->salt);
	for (size_t i = 0; i < N_OBJECTS; i++)
		buf_printf(out, OFFER_OBJECT " %s %llu %s\n", payload->objects[i].name,
			   (unsigned long long)payload->objects[i].size_bytes, payload->objects[i].root_hash);
	buf_puts(out, "\n");
}

int payload_read(struct payload *payload, size_t object, uint64_t first, uint64_t count, void *out, struct err *err)
{
	const struct buf *blocks = &payload->objects[object].blocks;

	if (blocks->data) {
		memcpy(out, blocks->data + first * VERITY_BLOCK, count * VERITY_BLOCK);
		return 0;
	}
	return image_read_at(payload->image, payload->slot_start + first * VERITY_BLOCK, out, count * VERITY_BLOCK, err);
}

void payload_close(struct payload *payload)
{
	if (!payload)
		return;
	for (size_t i = 0; i < N_OBJECTS; i++)
		buf_free(&payload->objects[i].blocks);
	image_close(payload->image);
	parcel_close(payload->tree);
	free(payload);
}
