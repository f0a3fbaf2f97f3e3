#include "debian/verify.h"

#include <errno.h>
#include <time.h>

#include "cache/fetch.h"
#include "debian/openpgp.h"
#include "debian/packages.h"
#include "debian/release.h"
#include "edge/digest.h"
#include "recipe/auth.h"

enum { INRELEASE_BYTES_MAX = 16 << 20 };

/* A Release as it was fetched: InRelease, or, where an archive has none, Release and Release.gpg. */
struct fetched {
	struct buf inrelease, release, signature;
};

static int verify(struct arena *arena, struct suite *suite, const struct fetched *fetched,
		  const char *scratch, bool allow_expired, struct release **ret_release, struct err *err)
{
	const struct recipe_repository *repository = suite->repository;
	const struct openpgp_signers signers = {repository->key, &repository->fingerprints};
	bool detached = fetched->inrelease.size == 0 && fetched->release.size != 0;
	const struct buf *file = detached ? &fetched->release : &fetched->inrelease;
	const char *name = suite_label(arena, suite);
	char hex[SHA256_HEX];
	int r = openpgp_verify(name, file, detached ? &fetched->signature : NULL, &signers, scratch, &suite->release, err);

	if (r == 0)
		r = release_read(arena, name, suite->release.data, suite->release.size, ret_release, err);
	if (r == 0)
		r = release_check(*ret_release, name, suite->locked.suite, repository->release_name, suite->not_before,
				  time(NULL), allow_expired, err);
	if (r < 0)
		return r;
	sha256_hex_of(file->data, file->size, hex);
	suite->locked.inrelease_sha256 = arena_strdup(arena, hex);
	suite->locked.date = (*ret_release)->date;
	return 0;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static struct fetch_text verify_text_of(struct arena *arena, const struct suite *suite, const char *name, struct buf *buf)
{
	struct fetch_text text = {.max_bytes = INRELEASE_BYTES_MAX, .buf = buf, .secret = suite->secret};

	suite_push_urls(arena, suite, suite_path(arena, suite, name), &text.urls);
	return text;
}

static int verify_not_there(struct arena *arena, const struct suite *suite, int code, struct err *err)
{
	err_wrap(err, "while reading %s", suite_label(arena, suite));
	if (code == -EACCES)
		return err_hint(err, AUTH_HINT);
	return err_hint(err, "check 'url' and 'suites': the archive does not have this suite, or it is not signed (neither "
			     "InRelease nor Release with Release.gpg)%s",
			suite_is_flat(suite->locked.suite)
				? ""
				: "; an archive without 'dists', whose Packages file stands in a folder, "
				  "has that folder as its suite: suites: [\"./\"] and no 'components'");
}

/* What has no InRelease may have the older form; apt looks for it then, too. */
static int verify_fetch_older(struct arena *arena, const struct suite *suite, struct fetched *fetched, struct err *first,
			      struct err *err)
{
	const struct fetch_text texts[] = {
		verify_text_of(arena, suite, "Release", &fetched->release),
		verify_text_of(arena, suite, "Release.gpg", &fetched->signature),
	};
	struct err reasons = {0};
	int r = fetch_texts(texts, 2, &reasons), code;

	if (r == 0) {
		err_free(first);
		return 0;
	}
	if (fetched->release.size && r == -ENOENT) {
		err_free(first);
		err_take(err, &reasons);
		return err_hint(err, "the archive has no signature: neither InRelease nor Release.gpg. What nobody signed "
				     "is not believed: ask its owner to sign it, or download the package by its digest "
				     "('downloads' with 'sha256')");
	}
	err_free(&reasons);
	code = first->code;
	err_take(err, first);
	return verify_not_there(arena, suite, code, err);
}

static int verify_fetch_releases(struct arena *arena, const struct suites *suites, struct fetched *files, struct err *err)
{
	struct fetch_text *texts = arena_array(arena, struct fetch_text, suites->count + 1);
	struct err first = {0};
	int r;

	for (size_t i = 0; i < suites->count; i++)
		texts[i] = verify_text_of(arena, &suites->items[i], "InRelease", &files[i].inrelease);
	r = fetch_texts(texts, suites->count, &first);
	if (r == 0)
		return 0;
	if (r != -ENOENT && r != -EACCES) {
		err_take(err, &first);
		return r == -EIO ? err_hint(err, "check the network and the mirror") : r;
	}
	err_free(&first);
	for (size_t i = 0; i < suites->count; i++) {
		if (files[i].inrelease.size)
			continue;
		r = fetch_texts(&texts[i], 1, &first);
		if (r == -ENOENT || r == -EACCES)
			r = verify_fetch_older(arena, &suites->items[i], &files[i], &first, err);
		else
			err_take(err, &first);
	}
	return err_result(err);
}

int suites_open(struct arena *arena, struct suites *suites, struct cache *cache, const char *scratch,
		bool allow_expired, struct err *err)
{
	struct fetched *files = arena_array(arena, struct fetched, suites->count + 1);
	const struct packages_place place = {cache, scratch};
	struct packages *all = NULL;
	size_t n_all = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < suites->count; i++)
		r = auth_secret(arena, auth_of_repository(suites->items[i].repository), suites->items[i].locked.url,
				&suites->items[i].secret, err);
	if (r == 0)
		r = verify_fetch_releases(arena, suites, files, err);
	for (size_t i = 0; r == 0 && i < suites->count; i++) {
		struct release *release;

		r = verify(arena, &suites->items[i], &files[i], scratch, allow_expired, &release, err);
		if (r == 0)
			r = packages_want(arena, &suites->items[i], release, &place, &all, &n_all, err);
	}
	for (size_t i = 0; i < suites->count; i++) {
		buf_free(&files[i].inrelease);
		buf_free(&files[i].release);
		buf_free(&files[i].signature);
	}
	if (r == 0)
		r = packages_open(arena, all, n_all, err);
	for (size_t i = 0; i < n_all; i++)
		*arena_push(arena, all[i].suite->indexes, all[i].suite->n_indexes) = *all[i].index;
	return r;
}
