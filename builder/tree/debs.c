#include "tree/debs.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/pool.h"
#include "edge/archive.h"
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

const char *deb_path(const struct cache *cache, struct arena *arena, const struct lock_package *package)
{
	return cache_path(cache, arena, ROOM, deb_key(arena, package->sha256));
}

struct work {
	struct cache *cache;
	const struct lock *lock;
	struct lock_package *packages; /* those that are missing */
	size_t n, done;
};

static int flatten(void *data, size_t i, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct work *work = data;
	const struct lock_package *package = &work->packages[i];
	struct cache_draft draft;
	int r = cache_begin(work->cache, ROOM, deb_key(arena, package->sha256), &draft, err);

	if (r == 0) {
		r = archive_flatten_deb(cache_path(work->cache, arena, "blobs", package->sha256), draft.path, PACKAGE_BYTES_MAX,
					err);
		if (r < 0)
			cache_abandon(&draft);
		else
			r = cache_commit(&draft, err);
	}
	if (r < 0)
		return err_wrap(err, "while unpacking the package '%s'", package->name);
	log_progress(__atomic_add_fetch(&work->done, 1, __ATOMIC_RELAXED), work->n, "packages");
	return 0;
}

int debs_prepare(struct cache *cache, const struct lock *lock, const struct lock_package *packages, size_t n, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct work work = {.cache = cache, .lock = lock};
	struct lock_tree missing;
	int r;

	for (size_t i = 0; i < n; i++)
		if (!path_exists(deb_path(cache, arena, &packages[i])))
			*arena_push(arena, work.packages, work.n) = packages[i];
	if (work.n == 0)
		return 0;
	missing = (struct lock_tree){work.packages, work.n};
	log_step("fetching %zu packages", work.n);
	r = lock_fetch(lock, &missing, cache, true, NULL, err);
	if (r < 0)
		return r;
	log_step("unpacking %zu packages", work.n);
	return pool_run(work.n, flatten, &work, err);
}
