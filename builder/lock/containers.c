#include "lock/containers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cache/fetch.h"
#include "edge/digest.h"
#include "edge/http.h"
#include "lock/fakes.h"
#include "oci/manifest.h"
#include "oci/registry.h"
#include "recipe/auth.h"

enum { CONFIG_BYTES_MAX = 8 << 20, CHOICES_MAX = 3 /* an index of indexes, and no further */ };

const struct oci_image *lock_container(const struct lock *lock, const char *image)
{
	for (size_t i = 0; i < lock->n_containers; i++)
		if (strcmp(lock->containers[i].image, image) == 0)
			return &lock->containers[i];
	return NULL;
}

/* Where an image comes from: its registry, or an OCI image layout in a folder of fakes. */
struct origin {
	struct arena *arena;
	struct reference reference;
	struct registry registry;
	const char *layout;
};

static int lock_containers_origin_open(struct arena *arena, const struct recipe *recipe, const char *image,
				       const char *layout, struct origin *origin, struct err *err)
{
	struct http_secret secret;
	int r;

	*origin = (struct origin){.arena = arena, .layout = layout};
	if (reference_parse(arena, image, &origin->reference) < 0)
		return err_set(err, -EINVAL, "'%s' is not the name of an image", image);
	if (layout)
		return 0;
	r = auth_secret(arena, auth_of_registry(recipe, origin->reference.registry),
			registry_base(arena, &origin->reference), &secret, err);
	return r < 0 ? r : registry_open(arena, &origin->reference, secret.header, &origin->registry, err);
}

static const char *lock_containers_origin_path(const struct origin *origin, const char *sha256)
{
	return arena_printf(origin->arena, "%s/blobs/sha256/%s", origin->layout, sha256);
}

static struct fetch_item lock_containers_origin_item(const struct origin *origin, const struct oci_blob *blob,
						     bool manifest)
{
	struct fetch_item item = {.name = origin->reference.text, .sha256 = blob->sha256, .size = blob->size};
	struct arena *arena = origin->arena;

	if (origin->layout)
		strv_push(arena, &item.urls,
			  http_join(arena, "file:",
				    arena_printf(arena, "/%s", lock_containers_origin_path(origin, blob->sha256))));
	else
		strv_push(arena, &item.urls, manifest ? registry_manifest_url(arena, &origin->registry, blob->sha256)
						      : registry_blob_url(arena, &origin->registry, blob->sha256));
	item.headers = origin->registry.headers;
	item.secret = origin->registry.secret;
	return item;
}

/* --- what a name means today ----------------------------------------------------------------------------------------- */

/* The manifest or index of that digest; NULL for what the image's name itself names. */
static int lock_containers_read_manifest(const struct origin *origin, const char *sha256, struct buf *text,
					 struct err *err)
{
	const struct reference *reference = &origin->reference;
	char hex[SHA256_HEX];
	const char *path;
	int r;

	if (origin->layout) {
		path = sha256 ? lock_containers_origin_path(origin, sha256)
			      : arena_printf(origin->arena, "%s/index.json", origin->layout);
		r = file_read(path, MANIFEST_BYTES_MAX, text, err);
	} else {
		sha256 = sha256 ? sha256 : reference->sha256;
		r = registry_manifest(origin->arena, &origin->registry,
				      sha256 ? arena_printf(origin->arena, "sha256:%s", sha256) : reference->tag, text,
				      err);
	}
	if (r < 0 || !sha256)
		return r;
	sha256_hex_of(text->data, text->size, hex);
	if (strcmp(hex, sha256) != 0)
		return err_set(err, -EBADMSG, "'%s' has the SHA-256 %s, expected %s", reference->text, hex, sha256);
	return 0;
}

/* From the name through the indexes to the one manifest. */
static int lock_containers_find_manifest(const struct origin *origin, struct oci_image *container, struct err *err)
{
	const char *wanted = NULL;

	for (unsigned i = 0; i < CHOICES_MAX; i++) {
		_cleanup_buf_ struct buf text = {0};
		char hex[SHA256_HEX];
		int r = lock_containers_read_manifest(origin, wanted, &text, err);

		if (r == 0)
			r = oci_choose(origin->arena, container->image, text.data, text.size, &container->manifest, err);
		if (r < 0)
			return r;
		wanted = container->manifest.sha256;
		if (r == 1)
			continue;
		sha256_hex_of(text.data, text.size, hex);
		container->manifest = (struct oci_blob){arena_strdup(origin->arena, hex), text.size};
		return oci_manifest(origin->arena, container->image, text.data, text.size, container, err);
	}
	return err_set(err, -EBADMSG, "the image '%s' has too many nested indexes", container->image);
}

/* An image that is not for this machine, or not whole, is found now and not during a build. */
static int lock_containers_check_config(const struct origin *origin, const struct oci_image *container,
					struct cache *cache, struct err *err)
{
	const struct fetch_item items[] = {
		lock_containers_origin_item(origin, &container->manifest, true),
		lock_containers_origin_item(origin, &container->config, false),
	};
	_cleanup_buf_ struct buf text = {0};
	struct strv diff_ids;
	int r = fetch_items(cache, items, 2, true, NULL, err);

	if (r == 0)
		r = file_read(cache_path(cache, origin->arena, "blobs", container->config.sha256), CONFIG_BYTES_MAX,
			      &text, err);
	if (r == 0)
		r = oci_diff_ids(origin->arena, container->image, text.data, text.size, container->n_layers, &diff_ids,
				 err);
	return r;
}

static int lock_containers_resolve(struct arena *arena, const struct recipe *recipe, struct cache *cache,
				   const char *layout, struct oci_image *container, struct err *err)
{
	struct origin origin;
	int r = lock_containers_origin_open(arena, recipe, container->image, layout, &origin, err);

	container->fake = layout != NULL;
	if (r == 0)
		r = lock_containers_find_manifest(&origin, container, err);
	return r == 0 ? lock_containers_check_config(&origin, container, cache, err) : r;
}

/* --- what is locked -------------------------------------------------------------------------------------------------- */

static bool lock_containers_is_first(const struct recipe *recipe, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (recipe->quadlets[j].image && strcmp(recipe->quadlets[j].image, recipe->quadlets[i].image) == 0)
			return false;
	return true;
}

static int lock_containers_compare_images(const void *a, const void *b)
{
	return strcmp(((const struct oci_image *)a)->image, ((const struct oci_image *)b)->image);
}

static int lock_containers_lock_one(struct arena *arena, const struct recipe *recipe,
				    const struct recipe_quadlet *quadlet, const struct lock *old,
				    const struct lock_how *options, struct cache *cache, struct oci_image *container,
				    struct err *err)
{
	const struct oci_image *locked = old ? lock_container(old, quadlet->image) : NULL;
	const char *layout = fakes_find(arena, options->fakes, "images", quadlet->image);
	struct err reasons = {0};
	int r;

	if (locked && !locked->fake && !layout && !lock_may_move(options, quadlet->image)) {
		*container = *locked;
		return 0;
	}
	log_step("looking up the image '%s'", quadlet->image);
	container->image = quadlet->image;
	r = lock_containers_resolve(arena, recipe, cache, layout, container, &reasons);
	if (r == 0)
		return 0;
	err_at(err, r, &quadlet->pos, NULL, "cannot lock the image of '%s': %s", quadlet->name,
	       reasons.first->text);
	if (reasons.first->hint)
		err_hint(err, "%s", reasons.first->hint);
	if (reasons.first->context)
		err_wrap(err, "%s", reasons.first->context);
	err_free(&reasons);
	return r;
}

int containers_lock(struct arena *arena, const struct recipe *recipe, const struct lock *old,
		    const struct lock_how *options, struct cache *cache, struct lock *lock, struct err *err)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		struct oci_image container = {0};

		if (!recipe->quadlets[i].image || !lock_containers_is_first(recipe, i))
			continue;
		if (lock_containers_lock_one(arena, recipe, &recipe->quadlets[i], old, options, cache, &container, err) == 0)
			*arena_push(arena, lock->containers, lock->n_containers) = container;
	}
	if (lock->n_containers)
		qsort(lock->containers, lock->n_containers, sizeof *lock->containers, lock_containers_compare_images);
	return err_result(err);
}

void containers_tell(const struct lock *old, const struct lock *new)
{
	for (size_t i = 0; i < new->n_containers; i++) {
		const struct oci_image *now = &new->containers[i], *before = lock_container(old, now->image);

		if (!before)
			log_note("image: '%s' is new", now->image);
		else if (strcmp(before->manifest.sha256, now->manifest.sha256) != 0)
			log_note("image: '%s' changes from sha256:%s to sha256:%s", now->image, before->manifest.sha256,
				 now->manifest.sha256);
	}
	for (size_t i = 0; i < old->n_containers; i++)
		if (!lock_container(new, old->containers[i].image))
			log_note("image: '%s' is no longer needed", old->containers[i].image);
}

/* --- what is fetched for a build ------------------------------------------------------------------------------------- */

/* The blobs of an image: its manifest, its configuration, its layers. */
static const struct oci_blob *lock_containers_blob_of(const struct oci_image *container, size_t i)
{
	return i == 0 ? &container->manifest : i == 1 ? &container->config : &container->layers[i - 2];
}

static size_t lock_containers_count_missing(struct cache *cache, const struct oci_image *container)
{
	size_t missing = 0;

	for (size_t i = 0; i < container->n_layers + 2; i++)
		missing += !cache_has(cache, "blobs", lock_containers_blob_of(container, i)->sha256);
	return missing;
}

static int lock_containers_fetch(struct arena *arena, const struct recipe *recipe, const struct oci_image *container,
				 const char *layout, struct cache *cache, struct err *err)
{
	struct fetch_item *items = arena_array(arena, struct fetch_item, container->n_layers + 2);
	struct origin origin;
	int r = lock_containers_origin_open(arena, recipe, container->image, layout, &origin, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < container->n_layers + 2; i++)
		items[i] = lock_containers_origin_item(&origin, lock_containers_blob_of(container, i), i == 0);
	log_step("fetching the image '%s'", container->image);
	return fetch_items(cache, items, container->n_layers + 2, false, NULL, err);
}

/* What is in the cache already is unpacked only if it still is what was locked. */
static int lock_containers_check_cached(struct arena *arena, const struct oci_image *container, struct cache *cache,
					struct err *err)
{
	size_t n = container->n_layers + 2;
	struct fetch_item *items = arena_array(arena, struct fetch_item, n);

	for (size_t i = 0; i < n; i++) {
		const struct oci_blob *blob = lock_containers_blob_of(container, i);

		items[i] = (struct fetch_item){.name = container->image, .sha256 = blob->sha256, .size = blob->size};
	}
	return fetch_check(cache, items, n, err);
}

/* A token of a registry is good for some minutes. As long as something came, the rest is asked for with a new one. */
int lock_fetch_container(const struct lock *lock, const struct oci_image *container, struct cache *cache,
			 struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *layout = container->fake ? fakes_find(arena, lock->fakes, "images", container->image) : NULL;
	size_t missing, before;
	int r;

	if (container->fake && !layout)
		return err_set(err, -ENOENT, "'%s/images/%s' no longer exists", lock->fakes, container->image);
	r = lock_containers_check_cached(arena, container, cache, err);
	if (r < 0)
		return r;
	missing = lock_containers_count_missing(cache, container);
	before = missing + 1;
	while (missing && missing < before) {
		err_free(err);
		r = lock_containers_fetch(arena, lock->recipe, container, layout, cache, err);
		before = missing;
		missing = r == 0 ? 0 : lock_containers_count_missing(cache, container);
	}
	if (r == -ENOENT || r == -EBADMSG)
		return err_hint(err, "the registry no longer has the locked image: run '%s' to lock the current one",
				lock_again(arena, lock, arena_printf(arena, "--update %s ", container->image)));
	return r == -EIO
		   ? err_hint(err, "check the network and the registry; what was fetched is kept: run the command again")
		   : r;
}
