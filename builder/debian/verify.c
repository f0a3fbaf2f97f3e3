#include "debian/verify.h"

#include <errno.h>
#include <time.h>

#include "cache/fetch.h"
#include "debian/openpgp.h"
#include "debian/packages.h"
#include "debian/release.h"
#include "edge/digest.h"

enum { INRELEASE_BYTES_MAX = 16 << 20 };

static int verify(struct arena *arena, struct suite *suite, const struct buf *file,
		  const char *scratch, bool allow_expired, struct release **ret_release, struct err *err)
{
	const char *name = suite_label(arena, suite);
	char hex[SHA256_HEX];
	int r = openpgp_verify(name, file, suite->repository->key, &suite->repository->fingerprints, scratch,
			       &suite->release, err);

	if (r == 0)
		r = release_read(arena, name, suite->release.data, suite->release.size, ret_release, err);
	if (r == 0)
		r = release_check(*ret_release, name, suite->locked.suite, suite->not_before, time(NULL),
				  allow_expired, err);
	if (r < 0)
		return r;
	sha256_hex_of(file->data, file->size, hex);
	suite->locked.inrelease_sha256 = arena_strdup(arena, hex);
	suite->locked.date = (*ret_release)->date;
	return 0;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static int verify_fetch_releases(struct arena *arena, const struct suites *suites, struct buf *files, struct err *err)
{
	struct fetch_text *texts = arena_array(arena, struct fetch_text, suites->count + 1);
	int r;

	for (size_t i = 0; i < suites->count; i++) {
		texts[i] = (struct fetch_text){.max_bytes = INRELEASE_BYTES_MAX, .buf = &files[i]};
		suite_push_urls(arena, &suites->items[i],
				arena_printf(arena, "dists/%s/InRelease", suites->items[i].locked.suite),
				&texts[i].urls);
	}
	r = fetch_texts(texts, suites->count, err);
	if (r == -ENOENT)
		err_hint(err, "check 'url' and 'suites': the archive does not have this suite");
	else if (r == -EIO)
		err_hint(err, "check the network and the mirror");
	return r;
}

int suites_open(struct arena *arena, struct suites *suites, struct cache *cache, const char *scratch,
		bool allow_expired, struct err *err)
{
	struct buf *files = arena_array(arena, struct buf, suites->count + 1);
	struct packages *all = NULL;
	size_t n_all = 0;
	int r = verify_fetch_releases(arena, suites, files, err);

	for (size_t i = 0; r == 0 && i < suites->count; i++) {
		struct release *release;

		r = verify(arena, &suites->items[i], &files[i], scratch, allow_expired, &release, err);
		if (r == 0)
			r = packages_want(arena, &suites->items[i], release, cache, &all, &n_all, err);
	}
	for (size_t i = 0; i < suites->count; i++)
		buf_free(&files[i]);
	if (r == 0)
		r = packages_open(arena, all, n_all, cache, err);
	for (size_t i = 0; i < n_all; i++)
		*arena_push(arena, all[i].suite->indexes, all[i].suite->n_indexes) = *all[i].index;
	return r;
}
