#include "debian/digests.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/valid.h"
#include "cache/fetch.h"
#include "edge/digest.h"

enum { PACKAGE_BYTES_MAX = 1 << 30 }; /* such a package is read into memory */

static int digests_keep(struct cache *cache, const char *sha256, const struct buf *bytes, struct err *err)
{
	struct cache_draft draft;
	int r = cache_begin(cache, "blobs", sha256, &draft, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = file_write(draft.path, bytes->data, bytes->size, 0644, err);
	if (r == 0)
		return cache_commit(&draft, err);
	cache_abandon(&draft);
	return r;
}

static int digests_check(const struct debian_package *package, const struct buf *bytes, const char *sha256, struct err *err)
{
	char sha512[SHA512_HEX];

	sha512_hex_of(bytes->data, bytes->size, sha512);
	if (bytes->size == 0 || (package->size && package->size != bytes->size))
		return err_set(err, -EBADMSG, "'%s' has %zu bytes, expected %llu", package->path, bytes->size,
			       (unsigned long long)package->size);
	if (strcmp(package->sha256, strlen(package->sha256) == strlen(sha512) ? sha512 : sha256) != 0)
		return err_set(err, -EBADMSG, "'%s' does not have the digest that the archive's index lists", package->path);
	return 0;
}

static int digests_complete_one(struct arena *arena, const struct suites *suites, struct debian_package *package,
				struct cache *cache, struct err *err)
{
	_cleanup_buf_ struct buf bytes = {0};
	struct fetch_text text = {.buf = &bytes, .max_bytes = package->size ? package->size : PACKAGE_BYTES_MAX};
	char *sha256 = arena_array(arena, char, SHA256_HEX);
	int r;

	text.secret = suites->items[package->archive].secret;
	suite_push_urls(arena, &suites->items[package->archive], package->path, &text.urls);
	r = fetch_texts(&text, 1, err);
	if (r < 0)
		return r;
	sha256_hex_of(bytes.data, bytes.size, sha256);
	r = digests_check(package, &bytes, sha256, err);
	if (r < 0)
		return r;
	package->sha256 = sha256;
	package->size = bytes.size;
	return digests_keep(cache, sha256, &bytes, err);
}

int digests_complete(struct arena *arena, const struct suites *suites, struct package_set *tree, struct cache *cache,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree->n_packages; i++)
		if (!valid_sha256(tree->packages[i].sha256) || tree->packages[i].size == 0)
			r = digests_complete_one(arena, suites, &tree->packages[i], cache, err);
	return r;
}
