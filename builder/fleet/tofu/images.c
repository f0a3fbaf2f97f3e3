#include "fleet/tofu/images.h"

#include <string.h>

#include "base/text.h"
#include "edge/jval.h"

/* Whether it is content of that name (":import/"), on the node (NULL: any), and of the generation's very bytes. */
static bool images_is(const struct generation *generation, const struct upload *upload, const char *node, const char *content)
{
	return strcmp(upload->sha256, generation->manifest->image.sha256) == 0 && (!node || strcmp(upload->node, node) == 0) &&
	       text_has_prefix(strchr(upload->volid, ':'), content);
}

/* The latest one, or NULL. */
static const struct upload *images_uploaded(const struct generation *generation, const char *node, const char *content)
{
	const struct record *record = &generation->record;

	for (size_t i = record->n_uploads; i-- > 0;)
		if (images_is(generation, &record->uploads[i], node, content))
			return &record->uploads[i];
	return NULL;
}

static bool images_find_place(const struct generation *generation, struct image_place *ret_place)
{
	bool is_vm = strcmp(generation->manifest->kind, "vm") == 0;
	const char *content = is_vm ? ":import/" : ":vztmpl/";
	const struct upload *upload = images_uploaded(generation, NULL, content);
	const struct upload *legacy = is_vm ? images_uploaded(generation, upload ? upload->node : NULL, ":iso/") : NULL;

	if (!upload && !legacy)
		return false;
	*ret_place = (struct image_place){
		.node = upload ? upload->node : legacy->node,
		.volid = upload ? upload->volid : NULL,
		.legacy_volid = legacy ? legacy->volid : NULL,
	};
	return true;
}

bool image_is_uploaded(const struct generation *generation)
{
	struct image_place place;

	return images_find_place(generation, &place);
}

bool image_pick(const struct generation *generations, size_t n, struct image *ret_image)
{
	struct image image = {0};
	struct image_place place;

	for (size_t i = n; i-- > 0 && !image.previous;) {
		const struct generation *generation = &generations[i];

		if (generation_verdict(generation) == VERDICT_BAD || !images_find_place(generation, &place))
			continue;
		*(image.current ? &image.previous : &image.current) = generation;
		*(image.previous ? &image.previous_place : &image.place) = place;
	}
	if (!image.current)
		return false;
	image.name = image.current->name;
	*ret_image = image;
	return true;
}

static struct jval *images_describe_place(const struct image_place *place)
{
	struct jval *object = jval_new_object();

	jval_set(object, "node", jval_text(place->node));
	jval_set(object, "volid", jval_text(place->volid));
	jval_set(object, "legacy_volid", jval_text(place->legacy_volid));
	return object;
}

static struct jval *images_describe_previous(const struct image *image)
{
	const struct image_place *place = &image->previous_place;
	struct jval *object;

	if (!image->previous)
		return jval_text(NULL);
	object = jval_new_object();
	jval_set(object, "generation", jval_number(image->previous->number));
	jval_set(object, "volid", jval_text(place->volid ? place->volid : place->legacy_volid));
	return object;
}

static struct jval *images_describe(const struct image *image)
{
	const struct manifest *manifest = image->current->manifest;
	struct jval *object = jval_new_object();

	jval_set(object, "kind", jval_text(manifest->kind));
	jval_set(object, "arch", jval_text("amd64")); /* images of no other are made */
	jval_set(object, "generation", jval_number(image->current->number));
	jval_set(object, "format", jval_text(manifest->image.format));
	jval_set(object, "sha256", jval_text(manifest->image.sha256));
	jval_set(object, "size", jval_number((int64_t)manifest->image.size));
	jval_set(object, "virtual_size", jval_number((int64_t)manifest->image.virtual_size));
	jval_set(object, "proxmox", images_describe_place(&image->place));
	jval_set(object, "previous", images_describe_previous(image));
	return object;
}

const char *images_print(struct arena *arena, const struct image *images, size_t n)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *object = jval_new_object();

	jval_set(top, "schema", jval_number(IMAGES_SCHEMA));
	jval_set(top, "images", object);
	for (size_t i = 0; i < n; i++)
		jval_set(object, images[i].name, images_describe(&images[i]));
	return arena_printf(arena, "%s\n", jval_print(arena, top, true));
}
