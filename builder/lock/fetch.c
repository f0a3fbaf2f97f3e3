/* The packages of a lock, into the cache. */
#include <errno.h>

#include "cache/fetch.h"
#include "edge/http.h"
#include "lock/lock.h"
#include "recipe/auth.h"

static void lock_fetch_say_what_to_do(const struct lock *lock, int code, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *command = lock_again(arena, lock, "--update ");

	if (code == -EACCES)
		err_hint(err, AUTH_HINT);
	else if (code == -ENOENT)
		err_hint(err, "the archive no longer has the locked packages: run '%s' to lock the current ones",
			 command);
	else if (code == -EBADMSG)
		err_hint(err, "no mirror has the locked packages: add a mirror, or run '%s'", command);
	else if (code == -EIO)
		err_hint(err, "check the network and the mirror; what was fetched is kept: run the command again");
}

int lock_fetch(const struct lock *lock, const struct package_set *tree, struct cache *cache, bool verify,
	       uint64_t *ret_bytes, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct fetch_item *items = arena_array(arena, struct fetch_item, tree->n_packages + 1);
	struct http_secret *secrets = arena_array(arena, struct http_secret, lock->n_archives + 1);
	int r = 0;

	for (size_t i = 0; r == 0 && i < lock->n_archives; i++) {
		const char *url = lock->archives[i].url;
		const struct recipe_auth *auth = auth_of_archive(lock->recipe, url);

		r = auth_secret(arena, auth ? auth : auth_of_archive(lock->tools_recipe, url), url, &secrets[i], err);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < tree->n_packages; i++) {
		const struct debian_package *package = &tree->packages[i];
		const struct debian_archive *archive = &lock->archives[package->archive];

		items[i] = (struct fetch_item){.name = arena_printf(arena, "%s %s", package->name, package->version),
					       .sha256 = package->sha256,
					       .size = package->size,
					       .secret = secrets[package->archive]};
		strv_push(arena, &items[i].urls, http_join(arena, archive->url, package->path));
		for (size_t m = 0; m < archive->mirrors.count; m++)
			strv_push(arena, &items[i].urls, http_join(arena, archive->mirrors.items[m], package->path));
	}
	r = fetch_items(cache, items, tree->n_packages, verify, ret_bytes, err);
	if (r < 0)
		lock_fetch_say_what_to_do(lock, r, err);
	return r;
}
