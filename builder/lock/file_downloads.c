/* What is in no package: downloads and container images of a lock's text. */
#include <errno.h>
#include <string.h>

#include "base/valid.h"
#include "lock/file_values.h"
#include "oci/reference.h"

static int file_downloads_read_download(struct lock_reader *reader, const struct node *node, struct lock_download *download)
{
	static const char *const known[] = {"url", "size", "sha256", "fake", NULL};
	const struct node *map;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &map)) < 0 ||
	    (r = lock_file_get_checked(reader, map, "url", valid_url, "a URL without control characters",
				       &download->url)) < 0 ||
	    (r = lock_file_get_size(reader, map, "size", &download->size)) < 0 ||
	    (r = lock_file_get_sha256(reader, map, "sha256", &download->sha256)) < 0)
		return r;
	return lock_file_get_fake(reader, map, &download->fake);
}

int lock_file_read_downloads(struct lock_reader *reader, const struct node *top)
{
	struct lock *lock = reader->lock;
	const struct node *map;
	int r = lock_file_get_map(reader, top, "downloads", NULL, &map);

	if (r < 0)
		return r;
	for (size_t i = 0; map && i < map->count; i++) {
		struct lock_download download = {.name = map->keys[i]};

		if (!valid_word(download.name))
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL, "not a valid name of a download");
		if (i && strcmp(map->keys[i - 1], download.name) >= 0)
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL,
				      "'%s' is out of order: downloads are sorted by name", download.name);
		r = file_downloads_read_download(reader, map->items[i], &download);
		if (r < 0)
			return r;
		*arena_push(reader->arena, lock->downloads, lock->n_downloads) = download;
	}
	return 0;
}

static bool file_downloads_image_ok(const char *image)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct reference reference;

	return reference_parse(arena, image, &reference) == 0 && strcmp(reference.text, image) == 0;
}

/* The blob at `key` of `parent`, or `parent` itself (`key` NULL). */
static int file_downloads_read_blob(struct lock_reader *reader, const struct node *parent, const char *key,
				    struct oci_blob *blob)
{
	static const char *const known[] = {"size", "sha256", NULL};
	const struct node *map;
	int r = lock_file_get_map(reader, parent, key, known, &map);

	if (r < 0)
		return r;
	if (!map)
		return err_at(reader->err, -EINVAL, &parent->pos, NULL, "'%s' is missing", key);
	if ((r = lock_file_get_size(reader, map, "size", &blob->size)) < 0 ||
	    (r = lock_file_get_sha256(reader, map, "sha256", &blob->sha256)) < 0)
		return r;
	return 0;
}

static int file_downloads_read_container(struct lock_reader *reader, const struct node *node, struct oci_image *container)
{
	static const char *const known[] = {"fake", "manifest", "config", "layers", NULL};
	const struct node *map, *layers;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &map)) < 0 ||
	    (r = lock_file_get_fake(reader, map, &container->fake)) < 0 ||
	    (r = file_downloads_read_blob(reader, map, "manifest", &container->manifest)) < 0 ||
	    (r = file_downloads_read_blob(reader, map, "config", &container->config)) < 0)
		return r;
	layers = node_get(map, "layers");
	if (!layers || layers->type != NODE_LIST || layers->count == 0)
		return lock_file_refuse(reader, layers ? layers : map, "layers", "a list of layers");
	for (size_t i = 0; i < layers->count; i++)
		if ((r = file_downloads_read_blob(reader, layers->items[i], NULL,
					     arena_push(reader->arena, container->layers, container->n_layers))) < 0)
			return r;
	return 0;
}

int lock_file_read_containers(struct lock_reader *reader, const struct node *top)
{
	struct lock *lock = reader->lock;
	const struct node *map;
	int r = lock_file_get_map(reader, top, "containers", NULL, &map);

	if (r < 0)
		return r;
	for (size_t i = 0; map && i < map->count; i++) {
		struct oci_image container = {.image = map->keys[i]};

		if (!file_downloads_image_ok(container.image) || (i && strcmp(map->keys[i - 1], container.image) >= 0))
			return err_at(
				reader->err, -EINVAL, &map->key_pos[i], NULL,
				"'%s' is not the full name of an image, or is out of order: images are sorted by name",
				container.image);
		r = file_downloads_read_container(reader, map->items[i], &container);
		if (r < 0)
			return r;
		*arena_push(reader->arena, lock->containers, lock->n_containers) = container;
	}
	return 0;
}
