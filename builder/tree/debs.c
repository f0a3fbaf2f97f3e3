#include "tree/debs.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/identity.h"
#include "base/log.h"
#include "edge/debfile.h"
#include "edge/digest.h"

static const char ROOM[] = "debs";

/* What is unpacked of a package is made by us, not by its digest alone. */
const char *deb_key(struct arena *arena, const char *sha256)
{
	const char *text = arena_printf(arena, "deb by %s %s\n", identity_trees, sha256);
	char *key = arena_array(arena, char, SHA256_HEX);

	sha256_hex_of(text, strlen(text), key);
	return key;
}

const char *deb_path(const struct cache *cache, struct arena *arena, const struct debian_package *package)
{
	return cache_path(cache, arena, ROOM, deb_key(arena, package->sha256));
}

int deb_unpack(struct cache *cache, const struct debian_package *package, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache_draft draft;
	int r = cache_begin(cache, ROOM, deb_key(arena, package->sha256), &draft, err);

	if (r == 0) {
		r = debfile_flatten(cache_path(cache, arena, "blobs", package->sha256), draft.path, PACKAGE_BYTES_MAX, err);
		if (r < 0)
			cache_abandon(&draft);
		else
			r = cache_commit(&draft, err);
	}
	return r < 0 ? err_wrap(err, "while unpacking the package '%s'", package->name) : 0;
}

int debs_fetch(struct cache *cache, const struct lock *lock, const struct debian_package *packages, size_t n, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct debian_package *missing = NULL;
	size_t n_missing = 0;

	for (size_t i = 0; i < n; i++)
		if (!path_exists(deb_path(cache, arena, &packages[i])))
			*arena_push(arena, missing, n_missing) = packages[i];
	if (n_missing == 0)
		return 0;
	log_step("fetching %zu packages", n_missing);
	return lock_fetch(lock, &(struct package_set){missing, n_missing}, cache, true, NULL, err);
}
