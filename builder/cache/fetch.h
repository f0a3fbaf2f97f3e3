/* Downloads whose digest is known beforehand, into the cache's blobs. */
#ifndef CACHE_FETCH_H
#define CACHE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "cache/cache.h"
#include "edge/http.h"

struct fetch_item {
	const char *name; /* what errors call it */
	const char *sha256;
	uint64_t size;
	uint64_t max_bytes; /* how much is looked at to tell what something else is; 0: size */
	struct strv urls;    /* asked in order */
	struct strv headers; /* further lines of the request */
	struct http_secret secret;
};

/* Brings all items into the blobs. One that is there already is trusted when its size is right, or, when `verify` is
 * set, its digest; else it is fetched again, with a note. Errors are http_run()'s. `ret_bytes` (may be NULL): how much
 * came. */
int fetch_items(struct cache *cache, const struct fetch_item *items, size_t n, bool verify, uint64_t *ret_bytes,
		struct err *err);

/* Removes those of the items that are in the blobs and are not what they should be, by size and digest, with a note. Asks
 * nobody: of an item only `name`, `sha256` and `size` are looked at. */
int fetch_check(struct cache *cache, const struct fetch_item *items, size_t n, struct err *err);

/* Appends a whole file to `buf`, which nobody knows the digest of: at most `max_bytes`. */
struct fetch_text {
	struct strv urls;
	uint64_t max_bytes;
	struct buf *buf;
	struct http_secret secret;
};

int fetch_texts(const struct fetch_text *texts, size_t n, struct err *err);

#endif
