#include "cache/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "edge/digest.h"
#include "edge/http.h"
#include "host/pool.h"

static const char ROOM[] = "blobs";

struct fetch {
	struct cache *cache;
	bool verify;
	uint64_t done_bytes, total_bytes;
	struct download *downloads;
};

/* One item being fetched. Its cache entry stays locked from the first try to the end of all of them, and entries are
 * locked in the order of their digests: two builds that want the same files cannot wait for each other. */
struct download {
	struct fetch *fetch;
	const struct fetch_item *item;
	struct cache_draft draft;
	bool drafted;
	int fd;
	uint64_t taken;
	struct sha256 *digest;
};

/* --- one download, as http_run() wants it ------------------------------------------------------------------------- */

static int cache_fetch_begin(void *data, struct err *err)
{
	struct download *d = data;
	int r;

	if (!d->drafted) {
		r = cache_begin(d->fetch->cache, ROOM, d->item->sha256, &d->draft, err);
		if (r == 1)
			d->fetch->total_bytes -= d->item->size;
		if (r != 0)
			return r;
		d->drafted = true;
	}
	d->fd = open(d->draft.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (d->fd < 0)
		return err_sys(err, -errno, "cannot make '%s'", d->draft.path);
	d->digest = sha256_new();
	return 0;
}

static int cache_fetch_take(void *data, const void *bytes, size_t size, struct err *err)
{
	struct download *d = data;
	int r = fd_write_all(d->fd, bytes, size);

	if (r < 0)
		return err_sys(err, r, "cannot write '%s'", d->draft.path);
	sha256_add(d->digest, bytes, size);
	d->taken += size;
	d->fetch->done_bytes += size;
	log_progress(d->fetch->done_bytes >> 20, (d->fetch->total_bytes + (1 << 20) - 1) >> 20, "MiB");
	return 0;
}

static void cache_fetch_drop(void *data)
{
	struct download *d = data;

	d->fetch->done_bytes -= d->taken;
	d->taken = 0;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	sha256_free(d->digest);
	d->digest = NULL;
}

static int cache_fetch_end(void *data, struct err *err)
{
	struct download *d = data;
	uint64_t taken = d->taken;
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX];
	int r;

	sha256_finish(d->digest, digest);
	hex_encode(digest, sizeof digest, hex);
	if (taken != d->item->size || strcmp(hex, d->item->sha256) != 0) {
		cache_fetch_drop(d);
		return err_set(err, -EBADMSG, "has %llu bytes and SHA-256 %s, expected %llu and %s",
			       (unsigned long long)taken, hex, (unsigned long long)d->item->size, d->item->sha256);
	}
	cache_fetch_drop(d);
	d->fetch->done_bytes += taken;
	r = cache_commit(&d->draft, err);
	d->drafted = false;
	return r;
}

/* --- what is there already ---------------------------------------------------------------------------------------- */

/* Removes the item's blob when it is not what it should be. Runs on many threads. */
static int cache_fetch_check_blob(void *data, size_t i, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct fetch *fetch = data;
	const struct fetch_item *item = fetch->downloads[i].item;
	const char *path = cache_path(fetch->cache, arena, ROOM, item->sha256);
	char hex[SHA256_HEX];
	struct stat status;
	int r;

	if (stat(path, &status) < 0)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot access '%s'", path);
	if ((uint64_t)status.st_size == item->size) {
		if (!fetch->verify)
			return 0;
		r = sha256_file(path, hex, NULL, err);
		if (r < 0)
			return r;
		if (strcmp(hex, item->sha256) == 0)
			return 0;
	}
	log_note("'%s' is damaged in the cache and is fetched again", item->name);
	return path_remove(path, err);
}

static int cache_fetch_compare_digests(const void *a, const void *b)
{
	return strcmp(((const struct download *)a)->item->sha256, ((const struct download *)b)->item->sha256);
}

/* Sorts by digest and drops what is asked for twice. Returns how many are left. */
static size_t cache_fetch_sort_downloads(struct download *downloads, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(downloads, n, sizeof *downloads, cache_fetch_compare_digests);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || cache_fetch_compare_digests(&downloads[kept - 1], &downloads[i]) != 0)
			downloads[kept++] = downloads[i];
	return kept;
}

static uint64_t cache_fetch_most(const struct fetch_item *item)
{
	return item->max_bytes ? item->max_bytes : item->size;
}

static struct http_request cache_fetch_request(struct download *download)
{
	const struct fetch_item *item = download->item;

	return (struct http_request){
		.name = item->name,
		.urls = item->urls,
		.headers = item->headers,
		.secret = item->secret,
		.max_bytes = cache_fetch_most(item),
		.data = download,
		.begin = cache_fetch_begin,
		.take = cache_fetch_take,
		.end = cache_fetch_end,
		.drop = cache_fetch_drop,
	};
}

int fetch_check(struct cache *cache, const struct fetch_item *items, size_t n, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct fetch fetch = {.cache = cache, .verify = true};

	fetch.downloads = arena_array(arena, struct download, n + 1);
	for (size_t i = 0; i < n; i++)
		fetch.downloads[i] = (struct download){.fetch = &fetch, .item = &items[i], .fd = -1};
	return pool_run(cache_fetch_sort_downloads(fetch.downloads, n), cache_fetch_check_blob, &fetch, err);
}

int fetch_items(struct cache *cache, const struct fetch_item *items, size_t n, bool verify, uint64_t *ret_bytes,
		struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct fetch fetch = {.cache = cache, .verify = verify};
	struct http_request *requests = NULL;
	size_t n_requests = 0;
	int r;

	fetch.downloads = arena_array(arena, struct download, n + 1);
	for (size_t i = 0; i < n; i++)
		fetch.downloads[i] = (struct download){.fetch = &fetch, .item = &items[i], .fd = -1};
	n = cache_fetch_sort_downloads(fetch.downloads, n);
	r = pool_run(n, cache_fetch_check_blob, &fetch, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct fetch_item *item = fetch.downloads[i].item;

		if (cache_has(cache, ROOM, item->sha256))
			continue;
		fetch.total_bytes += item->size;
		*arena_push(arena, requests, n_requests) = cache_fetch_request(&fetch.downloads[i]);
	}
	r = n_requests ? http_run(requests, n_requests, err) : 0;
	for (size_t i = 0; i < n; i++)
		if (fetch.downloads[i].drafted)
			cache_abandon(&fetch.downloads[i].draft);
	if (r == 0 && ret_bytes)
		*ret_bytes = fetch.done_bytes;
	return r;
}

/* --- what no digest is known of ----------------------------------------------------------------------------------- */

static int cache_fetch_begin_text(void *data, struct err *err)
{
	(void)err;
	((struct buf *)data)->size = 0;
	return 0;
}

static int cache_fetch_take_text(void *data, const void *bytes, size_t size, struct err *err)
{
	(void)err;
	buf_add(data, bytes, size);
	return 0;
}

static int cache_fetch_end_text(void *data, struct err *err)
{
	(void)data;
	(void)err;
	return 0;
}

static void cache_fetch_drop_text(void *data)
{
	((struct buf *)data)->size = 0;
}

int fetch_texts(const struct fetch_text *texts, size_t n, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct http_request *requests = arena_array(arena, struct http_request, n + 1);

	for (size_t i = 0; i < n; i++)
		requests[i] = (struct http_request){
			.urls = texts[i].urls,
			.secret = texts[i].secret,
			.max_bytes = texts[i].max_bytes,
			.data = texts[i].buf,
			.begin = cache_fetch_begin_text,
			.take = cache_fetch_take_text,
			.end = cache_fetch_end_text,
			.drop = cache_fetch_drop_text,
		};
	return http_run(requests, n, err);
}
