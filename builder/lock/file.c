#include "lock/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/valid.h"
#include "debian/index.h"
#include "debian/release.h"
#include "edge/digest.h"
#include "edge/yaml.h"
#include "oci/reference.h"
#include "recipe/recipe.h"

/* --- values ------------------------------------------------------------------------------------------------------- */

struct reader {
	struct arena *arena;
	struct lock *lock;
	struct err *err;
};

static int lock_file_refuse(struct reader *reader, const struct node *node, const char *key, const char *expected)
{
	return err_at(reader->err, -EINVAL, &node->pos, NULL, "'%s' must be %s", key, expected);
}

/* The scalar at `key`, which must be there. */
static int lock_file_get_text(struct reader *reader, const struct node *map, const char *key, const char **ret_text)
{
	const struct node *node = node_get(map, key);

	if (!node)
		return err_at(reader->err, -EINVAL, &map->pos, NULL, "'%s' is missing", key);
	if (node->type != NODE_SCALAR)
		return lock_file_refuse(reader, node, key, "a word");
	*ret_text = node->text;
	return 0;
}

static int lock_file_get_checked(struct reader *reader, const struct node *map, const char *key,
				 bool (*check)(const char *text), const char *expected, const char **ret_text)
{
	int r = lock_file_get_text(reader, map, key, ret_text);

	if (r < 0)
		return r;
	return check(*ret_text) ? 0 : lock_file_refuse(reader, node_get(map, key), key, expected);
}

static int lock_file_get_sha256(struct reader *reader, const struct node *map, const char *key, const char **ret_sha256)
{
	return lock_file_get_checked(reader, map, key, valid_sha256, "a SHA-256 digest of 64 lower-case digits",
				     ret_sha256);
}

static int lock_file_get_time(struct reader *reader, const struct node *map, const char *key, int64_t *ret_seconds)
{
	const char *text;
	int r = lock_file_get_text(reader, map, key, &text);

	if (r < 0)
		return r;
	return time_parse(text, ret_seconds) == 0
		       ? 0
		       : lock_file_refuse(reader, node_get(map, key), key, "a time like 2026-01-31T23:59:59Z");
}

static int lock_file_get_size(struct reader *reader, const struct node *map, const char *key, uint64_t *ret_size)
{
	const char *text;
	char *end;
	int r = lock_file_get_text(reader, map, key, &text);

	if (r < 0)
		return r;
	errno = 0;
	*ret_size = strtoull(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || errno || *ret_size > INT64_MAX)
		return lock_file_refuse(reader, node_get(map, key), key, "a number of bytes");
	return 0;
}

/* The map at `key`; NULL for none. All of its keys must be among `known` (NULL: any). */
static int lock_file_get_map(struct reader *reader, const struct node *parent, const char *key,
			     const char *const *known, const struct node **ret_map)
{
	const struct node *map = key ? node_get(parent, key) : parent;

	if (map && map->type != NODE_MAP)
		return lock_file_refuse(reader, map, key ? key : "this", "a map");
	for (size_t i = 0; map && known && i < map->count; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], map->keys[i]) != 0)
			k++;
		if (!known[k])
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL, "unknown key '%s' in a lock",
				      map->keys[i]);
	}
	*ret_map = map;
	return 0;
}

/* --- archives and packages ---------------------------------------------------------------------------------------- */

static int lock_file_read_mirrors(struct reader *reader, const struct node *map, struct strv *mirrors)
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

static int lock_file_read_archives(struct reader *reader, const struct node *top)
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
		    (r = lock_file_read_mirrors(reader, map, &archive->mirrors)) < 0 ||
		    (r = lock_file_get_time(reader, map, "date", &archive->date)) < 0 ||
		    (r = lock_file_get_sha256(reader, map, "inrelease", &archive->inrelease_sha256)) < 0)
			return r;
	}
	return 0;
}

static int lock_file_find_archive(struct reader *reader, const struct node *map, size_t *ret_archive)
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

static int lock_file_read_package(struct reader *reader, const struct node *node, struct debian_package *package)
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
	    (r = lock_file_find_archive(reader, map, &package->archive)) < 0 ||
	    (r = lock_file_get_checked(reader, map, "path", valid_path, "a path below the archive's URL",
				       &package->path)) < 0)
		return r;
	return 0;
}

static int lock_file_read_layer(struct reader *reader, const struct node *map, enum package_layer layer,
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
		r = lock_file_read_package(reader, map->items[i], &package);
		if (r < 0)
			return r;
		*arena_push(reader->arena, tree->packages, tree->n_packages) = package;
	}
	return 0;
}

static int lock_file_read_tree(struct reader *reader, const struct node *top, const char *key, struct package_set *tree)
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
		r = lock_file_read_layer(reader, layer, l, tree);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- downloads ---------------------------------------------------------------------------------------------------- */

static int lock_file_get_fake(struct reader *reader, const struct node *map, bool *ret_fake)
{
	const char *fake;
	int r;

	*ret_fake = node_get(map, "fake") != NULL;
	if (!*ret_fake)
		return 0;
	r = lock_file_get_text(reader, map, "fake", &fake);
	if (r < 0)
		return r;
	return strcmp(fake, "true") == 0 ? 0
					 : lock_file_refuse(reader, node_get(map, "fake"), "fake", "true, or left out");
}

static int lock_file_read_download(struct reader *reader, const struct node *node, struct lock_download *download)
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

static int lock_file_read_downloads(struct reader *reader, const struct node *top)
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
		r = lock_file_read_download(reader, map->items[i], &download);
		if (r < 0)
			return r;
		*arena_push(reader->arena, lock->downloads, lock->n_downloads) = download;
	}
	return 0;
}

/* --- container images --------------------------------------------------------------------------------------------- */

static bool lock_file_image_ok(const char *image)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct reference reference;

	return reference_parse(arena, image, &reference) == 0 && strcmp(reference.text, image) == 0;
}

/* The blob at `key` of `parent`, or `parent` itself (`key` NULL). */
static int lock_file_read_blob(struct reader *reader, const struct node *parent, const char *key, struct oci_blob *blob)
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

static int lock_file_read_container(struct reader *reader, const struct node *node, struct oci_image *container)
{
	static const char *const known[] = {"fake", "manifest", "config", "layers", NULL};
	const struct node *map, *layers;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &map)) < 0 ||
	    (r = lock_file_get_fake(reader, map, &container->fake)) < 0 ||
	    (r = lock_file_read_blob(reader, map, "manifest", &container->manifest)) < 0 ||
	    (r = lock_file_read_blob(reader, map, "config", &container->config)) < 0)
		return r;
	layers = node_get(map, "layers");
	if (!layers || layers->type != NODE_LIST || layers->count == 0)
		return lock_file_refuse(reader, layers ? layers : map, "layers", "a list of layers");
	for (size_t i = 0; i < layers->count; i++)
		if ((r = lock_file_read_blob(reader, layers->items[i], NULL,
					     arena_push(reader->arena, container->layers, container->n_layers))) < 0)
			return r;
	return 0;
}

static int lock_file_read_containers(struct reader *reader, const struct node *top)
{
	struct lock *lock = reader->lock;
	const struct node *map;
	int r = lock_file_get_map(reader, top, "containers", NULL, &map);

	if (r < 0)
		return r;
	for (size_t i = 0; map && i < map->count; i++) {
		struct oci_image container = {.image = map->keys[i]};

		if (!lock_file_image_ok(container.image) || (i && strcmp(map->keys[i - 1], container.image) >= 0))
			return err_at(
				reader->err, -EINVAL, &map->key_pos[i], NULL,
				"'%s' is not the full name of an image, or is out of order: images are sorted by name",
				container.image);
		r = lock_file_read_container(reader, map->items[i], &container);
		if (r < 0)
			return r;
		*arena_push(reader->arena, lock->containers, lock->n_containers) = container;
	}
	return 0;
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

static bool lock_file_account_ok(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return length && !name[length] && length <= 31 && !strchr("0123456789-", *name);
}

static int lock_file_read_account(struct reader *reader, const struct node *node, struct lock_account *account)
{
	static const char *const known[] = {"id", "packages", NULL};
	const struct node *map, *packages;
	uint64_t id;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &map)) < 0 ||
	    (r = lock_file_get_size(reader, map, "id", &id)) < 0)
		return r;
	if (id < ACCOUNT_ID_MIN || id > ACCOUNT_ID_MAX)
		return lock_file_refuse(reader, node_get(map, "id"), "id", "a number from 100 to 59999");
	account->id = (int64_t)id;
	for (size_t i = 0; i + 1 < reader->lock->n_accounts; i++)
		if (reader->lock->accounts[i].id == account->id)
			return lock_file_refuse(reader, node_get(map, "id"), "id", "nobody else's");
	packages = node_get(map, "packages");
	if (packages && packages->type != NODE_LIST)
		return lock_file_refuse(reader, packages, "packages", "a list");
	for (size_t i = 0; packages && i < packages->count; i++) {
		if (packages->items[i]->type != NODE_SCALAR || !debian_name_ok(packages->items[i]->text))
			return lock_file_refuse(reader, packages->items[i], "packages", "a list of names of packages");
		strv_push(reader->arena, &account->packages, packages->items[i]->text);
	}
	return 0;
}

static int lock_file_read_accounts(struct reader *reader, const struct node *top)
{
	struct lock *lock = reader->lock;
	const struct node *map;
	int r = lock_file_get_map(reader, top, "accounts", NULL, &map);

	lock->numbered = map != NULL;
	for (size_t i = 0; r == 0 && map && i < map->count; i++) {
		struct lock_account *account = arena_push(reader->arena, lock->accounts, lock->n_accounts);

		account->name = map->keys[i];
		if (!lock_file_account_ok(account->name) || (i && strcmp(map->keys[i - 1], account->name) >= 0))
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL,
				      "'%s' is not the name of an account, or is out of order: accounts are sorted by name",
				      account->name);
		r = lock_file_read_account(reader, map->items[i], account);
	}
	return r;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* The last line is the digest of all lines before it: half a lock, or one changed by hand, is none. */
static int lock_file_check_digest(struct reader *reader, const struct node *top, const char *text, size_t size)
{
	enum { LAST_LINE = sizeof "digest: " - 1 + 64 + 1 };
	char hex[SHA256_HEX];
	const char *digest;
	int r = lock_file_get_sha256(reader, top, "digest", &digest);

	if (r < 0)
		return r;
	sha256_hex_of(text, size > LAST_LINE ? size - LAST_LINE : 0, hex);
	if (strcmp(hex, digest) != 0)
		return err_at(reader->err, -EINVAL, &node_get(top, "digest")->pos, NULL,
			      "the lock was changed after it was made");
	return 0;
}

static int lock_file_read_top(struct reader *reader, const struct node *node)
{
	static const char *const known[] = {"format", "recipe", "toolsRecipe", "epoch", "archives", "downloads", "containers",
					    "accounts", "image", "tools", "digest", NULL};
	struct lock *lock = reader->lock;
	const struct node *top;
	const char *format;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &top)) < 0 ||
	    (r = lock_file_get_text(reader, top, "format", &format)) < 0)
		return r;
	if (strcmp(format, "1") != 0)
		return lock_file_refuse(reader, node_get(top, "format"), "format",
					"1; this lock was made by a newer aether-build");
	if ((r = lock_file_get_sha256(reader, top, "recipe", &lock->recipe_sha256)) < 0 ||
	    (r = lock_file_get_time(reader, top, "epoch", &lock->epoch)) < 0 ||
	    (node_get(top, "toolsRecipe") &&
	     (r = lock_file_get_sha256(reader, top, "toolsRecipe", &lock->tools_sha256)) < 0) ||
	    (r = lock_file_read_archives(reader, top)) < 0 || (r = lock_file_read_downloads(reader, top)) < 0 ||
	    (r = lock_file_read_containers(reader, top)) < 0 || (r = lock_file_read_accounts(reader, top)) < 0 ||
	    (r = lock_file_read_tree(reader, top, "image", &lock->image)) < 0 ||
	    (r = lock_file_read_tree(reader, top, "tools", &lock->tools)) < 0)
		return r;
	return 0;
}

int lock_parse(struct arena *arena, const char *path, const char *text, size_t size, struct lock **ret_lock,
	       struct err *err)
{
	struct reader reader = {arena, arena_new_of(arena, struct lock), err};
	struct node *node;
	int r;

	path = reader.lock->path = arena_strdup(arena, path);
	r = yaml_read(arena, path, text, size, &node, err);
	if (r == 0)
		r = lock_file_read_top(&reader, node);
	if (r == 0)
		r = lock_file_check_digest(&reader, node, text, size);
	if (r == 0)
		*ret_lock = reader.lock;
	return r;
}
