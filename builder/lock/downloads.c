#include "lock/downloads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cache/fetch.h"
#include "edge/digest.h"
#include "edge/http.h"
#include "host/pool.h"
#include "lock/fakes.h"
#include "recipe/auth.h"

const struct lock_download *lock_download(const struct lock *lock, const char *name)
{
	for (size_t i = 0; i < lock->n_downloads; i++)
		if (strcmp(lock->downloads[i].name, name) == 0)
			return &lock->downloads[i];
	return NULL;
}

/* --- what nobody knows the digest of yet -------------------------------------------------------------------------- */

/* A download that is fetched to be told; the file is a draft of a blob whose name is not known before its end. */
struct unknown {
	const struct recipe_download *words;
	struct lock_download *locked;
	const char *path;
	int fd;
	struct sha256 *digest;
};

static int lock_downloads_begin(void *data, struct err *err)
{
	struct unknown *u = data;

	u->fd = open(u->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (u->fd < 0)
		return err_sys(err, -errno, "cannot make '%s'", u->path);
	u->locked->size = 0;
	u->digest = sha256_new();
	return 0;
}

static int lock_downloads_take(void *data, const void *bytes, size_t size, struct err *err)
{
	struct unknown *u = data;
	int r = fd_write_all(u->fd, bytes, size);

	sha256_add(u->digest, bytes, size);
	u->locked->size += size;
	log_progress(u->locked->size >> 20, 0, "MiB");
	return r < 0 ? err_sys(err, r, "cannot write '%s'", u->path) : 0;
}

static void lock_downloads_drop(void *data)
{
	struct unknown *u = data;

	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	sha256_free(u->digest);
	u->digest = NULL;
}

static int lock_downloads_end(void *data, struct err *err)
{
	struct unknown *u = data;
	uint8_t digest[SHA256_SIZE];

	sha256_finish(u->digest, digest);
	hex_encode(digest, sizeof digest, (char *)u->locked->sha256);
	lock_downloads_drop(u);
	return u->locked->size ? 0 : err_set(err, -EBADMSG, "the file is empty");
}

/* What the recipe says of it counts, wherever the file came from; but a fake is not what the recipe means. */
static int lock_downloads_check(const struct unknown *u, struct err *err)
{
	const struct recipe_download *words = u->words;

	if (!words->sha256 || u->locked->fake || strcmp(words->sha256, u->locked->sha256) == 0)
		return 0;
	err_at(err, -EBADMSG, &words->pos, NULL, "'%s' has the SHA-256 %s, expected %s", words->name, u->locked->sha256,
	       words->sha256);
	return err_hint(err, "find out why the file is different before you change 'sha256' in the recipe");
}

static int lock_downloads_keep(struct cache *cache, const struct unknown *u, struct err *err)
{
	struct cache_draft draft;
	int r = cache_begin(cache, "blobs", u->locked->sha256, &draft, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (rename(u->path, draft.path) == 0)
		return cache_commit(&draft, err);
	r = err_sys(err, -errno, "cannot move '%s' to '%s'", u->path, draft.path);
	cache_abandon(&draft);
	return r;
}

static const char *lock_downloads_url_of(struct arena *arena, const char *path)
{
	return http_join(arena, "file:", arena_printf(arena, "/%s", path));
}

static int lock_downloads_fetch(struct arena *arena, const struct recipe *recipe, struct cache *cache, const char *fakes,
				struct unknown *all, size_t n, struct err *err)
{
	struct http_request *requests = arena_array(arena, struct http_request, n + 1);
	int r;

	if (n == 0)
		return 0;
	log_step("fetching %zu downloads", n);
	for (size_t i = 0; i < n; i++) {
		const char *fake = fakes_find(arena, fakes, "downloads", all[i].words->name);

		requests[i] = (struct http_request){.name = all[i].words->name,
						    .max_bytes = DOWNLOAD_BYTES_MAX,
						    .data = &all[i],
						    .begin = lock_downloads_begin,
						    .take = lock_downloads_take,
						    .end = lock_downloads_end,
						    .drop = lock_downloads_drop};
		r = fake ? 0
			 : auth_secret(arena, auth_of_download(recipe, all[i].words->name), all[i].words->url,
				       &requests[i].secret, err);
		if (r < 0)
			return r;
		all[i].locked->fake = fake != NULL;
		strv_push(arena, &requests[i].urls, fake ? lock_downloads_url_of(arena, fake) : all[i].words->url);
	}
	r = http_run(requests, n, err);
	if (r == -EACCES)
		return err_hint(err, AUTH_HINT);
	if (r == -ENOENT || r == -EIO)
		return err_hint(err, "%s (or build with a local file in its place: --with-fakes FOLDER)",
				r == -EIO ? "check the network and the server" : "check its 'url'");
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		lock_downloads_check(&all[i], err);
	for (size_t i = 0; err->count == 0 && i < n; i++)
		lock_downloads_keep(cache, &all[i], err);
	return err_result(err);
}

/* --- what is locked ----------------------------------------------------------------------------------------------- */

/* What is locked and still what is asked for; a fake is looked at every time, it costs nothing. */
static const struct lock_download *lock_downloads_kept(const struct lock *old, const struct lock_how *options,
						       const struct recipe_download *words)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct lock_download *locked = old ? lock_download(old, words->name) : NULL;

	if (!locked || locked->fake || strcmp(locked->url, words->url) != 0 || lock_may_move(options, words->name) ||
	    (words->sha256 && strcmp(words->sha256, locked->sha256) != 0) ||
	    fakes_find(arena, options->fakes, "downloads", words->name))
		return NULL;
	return locked;
}

static int lock_downloads_compare_names(const void *a, const void *b)
{
	return strcmp(((const struct lock_download *)a)->name, ((const struct lock_download *)b)->name);
}

int downloads_lock(struct arena *arena, const struct recipe *recipe, const struct lock *old, const struct lock_how *options,
		   struct cache *cache, const char *scratch, struct lock *lock, struct err *err)
{
	struct lock_download *all = arena_array(arena, struct lock_download, recipe->n_downloads + 1);
	struct unknown *unknown = arena_array(arena, struct unknown, recipe->n_downloads + 1);
	size_t n = 0;
	int r;

	for (size_t i = 0; i < recipe->n_downloads; i++) {
		const struct recipe_download *words = &recipe->downloads[i];
		const struct lock_download *locked = lock_downloads_kept(old, options, words);

		if (locked) {
			all[i] = *locked;
			continue;
		}
		all[i] = (struct lock_download){.name = words->name, .url = words->url,
						.sha256 = arena_array(arena, char, SHA256_HEX)};
		unknown[n++] = (struct unknown){.words = words, .locked = &all[i], .fd = -1,
						.path = arena_printf(arena, "%s/download-%zu", scratch, i)};
	}
	r = lock_downloads_fetch(arena, recipe, cache, options->fakes, unknown, n, err);
	if (r < 0)
		return r;
	if (recipe->n_downloads)
		qsort(all, recipe->n_downloads, sizeof *all, lock_downloads_compare_names);
	lock->downloads = all;
	lock->n_downloads = recipe->n_downloads;
	return 0;
}

void downloads_tell(const struct lock *old, const struct lock *new)
{
	for (size_t i = 0; i < new->n_downloads; i++) {
		const struct lock_download *now = &new->downloads[i], *before = lock_download(old, now->name);

		if (!before)
			log_note("download: '%s' is new", now->name);
		else if (strcmp(before->sha256, now->sha256) != 0)
			log_note("download: '%s' changes from %s to %s", now->name, before->sha256, now->sha256);
	}
	for (size_t i = 0; i < old->n_downloads; i++)
		if (!lock_download(new, old->downloads[i].name))
			log_note("download: '%s' is no longer needed", old->downloads[i].name);
}

/* --- what is fetched for a build ---------------------------------------------------------------------------------- */

struct fetching {
	const struct lock *lock;
	struct cache *cache;
};

/* Where it comes from now. Where a fake was locked, the true one is not looked for. */
static int lock_downloads_find_url(struct arena *arena, const struct lock *lock, const struct lock_download *download,
				   const char **ret_url, struct err *err)
{
	const char *fake = download->fake ? fakes_find(arena, lock->fakes, "downloads", download->name) : NULL;

	if (download->fake && !fake)
		return err_set(err, -ENOENT, "'%s/downloads/%s' no longer exists", lock->fakes, download->name);
	*ret_url = fake ? lock_downloads_url_of(arena, fake) : download->url;
	return 0;
}

static int lock_downloads_fetch_one(void *data, size_t i, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct fetching *fetching = data;
	const struct lock *lock = fetching->lock;
	const struct lock_download *download = &lock->downloads[i];
	struct fetch_item item = {.name = download->name, .sha256 = download->sha256, .size = download->size,
				  .max_bytes = DOWNLOAD_BYTES_MAX};
	const char *url = NULL, *option = arena_printf(arena, "--update %s ", download->name);
	int r = lock_downloads_find_url(arena, lock, download, &url, err);

	if (r == 0 && !download->fake)
		r = auth_secret(arena, auth_of_download(lock->recipe, download->name), url, &item.secret, err);
	if (r == 0) {
		strv_push(arena, &item.urls, url);
		r = fetch_items(fetching->cache, &item, 1, true, NULL, err);
	}
	if (r == -EBADMSG || r == -ENOENT)
		return err_hint(err, "%s, run '%s' to lock the current file",
				r == -EBADMSG ? "if the new file is the one you want" : "if its 'url' is correct",
				lock_again(arena, lock, download->fake ? "" : option));
	if (r == -EACCES && err->count && !err->first->hint)
		return err_hint(err, AUTH_HINT);
	return r == -EIO ? err_hint(err,
				    "check the network and the server; what was fetched is kept: run the command again")
			 : r;
}

int lock_fetch_downloads(const struct lock *lock, struct cache *cache, struct err *err)
{
	struct fetching fetching = {lock, cache};

	if (lock->n_downloads == 0)
		return 0;
	log_step("fetching %zu downloads", lock->n_downloads);
	return pool_run(lock->n_downloads, lock_downloads_fetch_one, &fetching, err);
}
