/* Suites of archives, verified: from what the recipe names to indexes of packages that can be believed. */
#ifndef DEBIAN_SUITE_H
#define DEBIAN_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "debian/package.h"
#include "edge/http.h"
#include "recipe/recipe.h"

/* One index of packages: a Packages file, plain, in the cache's blobs or a folder of ours. */
struct suite_index {
	const char *component, *arch; /* arch: "amd64" or "all"; component: "" in a flat archive */
	const char *path;
	struct buf text; /* its content, checked */
};

struct suite {
	const struct recipe_repository *repository;
	struct debian_archive locked; /* what the lock says of it */
	struct http_secret secret;  /* of requests to its URL */
	int64_t not_before; /* the date of what is locked of it: an older Release is an attack, or a mirror gone astray;
			       0: any */
	struct buf release;         /* the verified text */
	struct suite_index *indexes;
	size_t n_indexes;
};

struct suites {
	struct suite *items;
	size_t count;
};

/* Adds the suites of a recipe's distribution and repositories that are not in `suites` yet, and tells which of `suites`
 * are the recipe's: indices in `ret_own`, as many as *ret_n_own. */
int suites_collect(struct arena *arena, const struct recipe *recipe, struct suites *suites, size_t **ret_own,
		   size_t *ret_n_own, struct err *err);

/* Whether the suite is a folder with Release and Packages in it, without components (sources.list(5): it ends in a slash). */
bool suite_is_flat(const char *suite);

/* The path of a file that stands beside the suite's Release, or is named relative to it; in `arena`. */
const char *suite_path(struct arena *arena, const struct suite *suite, const char *name);

/* What errors call the suite's Release. */
const char *suite_label(struct arena *arena, const struct suite *suite);

/* Adds the URLs of `path`, which is below the archive: at the archive itself, then at every mirror. */
void suite_push_urls(struct arena *arena, const struct suite *suite, const char *path, struct strv *urls);

/* Frees the texts. */
void suites_free(struct suites *suites);

#endif
