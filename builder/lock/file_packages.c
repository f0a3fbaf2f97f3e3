/* Archives and packages of a lock's text. */
#include <errno.h>
#include <string.h>

#include "base/valid.h"
#include "debian/package.h"
#include "debian/release.h"
#include "lock/file_values.h"

static int file_packages_read_mirrors(struct lock_reader *reader, const struct node *map, struct strv *mirrors)
{
	const struct node *list = node_get(map, "mirrors");

	if (list && list->type != NODE_LIST)
		return lock_file_refuse(reader, list, "mirrors", "a list");
	for (size_t i = 0; list && i < list->count; i++) {
		if (list->items[i]->type != NODE_SCALAR || !valid_url(list->items[i]->text))
			return lock_file_refuse(reader, list->items[i], "mirrors",
						"a list of URLs without control characters");
		strv_push(reader->arena, mirrors, list->items[i]->text);
	}
	return 0;
}

int lock_file_read_archives(struct lock_reader *reader, const struct node *top)
{
	static const char *const known[] = {"url", "mirrors", "date", "inrelease", NULL};
	const struct node *archives, *map;
	int r = lock_file_get_map(reader, top, "archives", NULL, &archives);

	if (r < 0)
		return r;
	for (size_t i = 0; archives && i < archives->count; i++) {
		struct debian_archive *archive =
			arena_push(reader->arena, reader->lock->archives, reader->lock->n_archives);
		const char *slash = strchr(archives->keys[i], '/');

		if (!debian_archive_ok(archives->keys[i]))
			return err_at(reader->err, -EINVAL, &archives->key_pos[i], NULL,
				      "the name of an archive must be NAME/SUITE");
		archive->name = arena_strndup(reader->arena, archives->keys[i], (size_t)(slash - archives->keys[i]));
		archive->suite = slash + 1;
		if ((r = lock_file_get_map(reader, archives->items[i], NULL, known, &map)) < 0 ||
		    (r = lock_file_get_checked(reader, map, "url", valid_url, "a URL without control characters",
					       &archive->url)) < 0 ||
		    (r = file_packages_read_mirrors(reader, map, &archive->mirrors)) < 0 ||
		    (r = lock_file_get_time(reader, map, "date", &archive->date)) < 0 ||
		    (r = lock_file_get_sha256(reader, map, "inrelease", &archive->inrelease_sha256)) < 0)
			return r;
	}
	return 0;
}

static int file_packages_find_archive(struct lock_reader *reader, const struct node *map, size_t *ret_archive)
{
	const struct lock *lock = reader->lock;
	const char *from;
	int r = lock_file_get_text(reader, map, "from", &from);

	if (r < 0)
		return r;
	for (size_t i = 0; i < lock->n_archives; i++) {
		size_t length = strlen(lock->archives[i].name);

		if (strncmp(from, lock->archives[i].name, length) == 0 && from[length] == '/' &&
		    strcmp(from + length + 1, lock->archives[i].suite) == 0) {
			*ret_archive = i;
			return 0;
		}
	}
	return lock_file_refuse(reader, node_get(map, "from"), "from", "one of 'archives'");
}

static int file_packages_read_package(struct lock_reader *reader, const struct node *node, struct debian_package *package)
{
	static const char *const known[] = {"version", "arch", "size", "sha256", "from", "path", NULL};
	const struct node *map;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &map)) < 0 ||
	    (r = lock_file_get_checked(reader, map, "version", debian_version_ok, "a Debian version",
				       &package->version)) < 0 ||
	    (r = lock_file_get_checked(reader, map, "arch", debian_arch_ok, "amd64 or all", &package->arch)) < 0 ||
	    (r = lock_file_get_size(reader, map, "size", &package->size)) < 0 ||
	    (r = lock_file_get_sha256(reader, map, "sha256", &package->sha256)) < 0 ||
	    (r = file_packages_find_archive(reader, map, &package->archive)) < 0 ||
	    (r = lock_file_get_checked(reader, map, "path", valid_path, "a path below the archive's URL",
				       &package->path)) < 0)
		return r;
	return 0;
}

static int file_packages_read_layer(struct lock_reader *reader, const struct node *map, enum package_layer layer,
				    struct package_set *tree)
{
	int r;

	for (size_t i = 0; i < map->count; i++) {
		struct debian_package package = {.name = map->keys[i], .layer = layer};

		if (!debian_name_ok(package.name))
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL, "'%s' is not the name of a package",
				      package.name);
		if (i && strcmp(map->keys[i - 1], package.name) >= 0)
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL,
				      "'%s' is out of order: packages are sorted by name", package.name);
		for (size_t k = 0; k < tree->n_packages; k++)
			if (strcmp(tree->packages[k].name, package.name) == 0)
				return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL,
					      "'%s' is already in a lower layer", package.name);
		r = file_packages_read_package(reader, map->items[i], &package);
		if (r < 0)
			return r;
		*arena_push(reader->arena, tree->packages, tree->n_packages) = package;
	}
	return 0;
}

int lock_file_read_tree(struct lock_reader *reader, const struct node *top, const char *key, struct package_set *tree)
{
	const struct node *map, *layer;
	int r = lock_file_get_map(reader, top, key, debian_layer_names, &map);

	if (r < 0)
		return r;
	for (enum package_layer l = 0; map && l < LAYER_COUNT; l++) {
		r = lock_file_get_map(reader, map, debian_layer_names[l], NULL, &layer);
		if (r < 0)
			return r;
		if (!layer)
			return err_at(reader->err, -EINVAL, &map->pos, NULL, "'%s' is missing", debian_layer_names[l]);
		r = file_packages_read_layer(reader, layer, l, tree);
		if (r < 0)
			return r;
	}
	return 0;
}
