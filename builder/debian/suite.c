#include "debian/suite.h"

#include <errno.h>
#include <string.h>

#include "edge/http.h"
#include "recipe/auth.h"

/* --- which -------------------------------------------------------------------------------------------------------- */

static bool suite_same_words(const struct strv *a, const struct strv *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool suite_same(const struct suite *known, const struct recipe_repository *repository, const char *suite)
{
	return strcmp(known->locked.suite, suite) == 0 && strcmp(known->repository->url, repository->url) == 0 &&
	       strcmp(known->repository->key, repository->key) == 0 &&
	       !auth_of_repository(known->repository) == !auth_of_repository(repository) &&
	       suite_same_words(&known->repository->components, &repository->components) &&
	       suite_same_words(&known->repository->fingerprints, &repository->fingerprints);
}

/* The suite's name in the lock is `NAME/SUITE`: two archives of one name are told apart by a number. */
static const char *suite_free_name(struct arena *arena, const struct suites *suites, const char *name,
				   const char *suite)
{
	const char *tried = name;

	for (size_t number = 2, i = 0; i < suites->count; i++)
		if (strcmp(suites->items[i].locked.name, tried) == 0 &&
		    strcmp(suites->items[i].locked.suite, suite) == 0) {
			tried = arena_printf(arena, "%s-%zu", name, number++);
			i = (size_t)-1;
		}
	return tried;
}

static size_t suite_find_or_add(struct arena *arena, struct suites *suites, const struct recipe_repository *repository,
				const char *suite)
{
	struct debian_archive locked = {.url = repository->url, .suite = suite, .mirrors = repository->mirrors};

	for (size_t i = 0; i < suites->count; i++)
		if (suite_same(&suites->items[i], repository, suite))
			return i;
	locked.name = suite_free_name(arena, suites, repository->name ? repository->name : "debian", suite);
	*arena_push(arena, suites->items, suites->count) = (struct suite){.repository = repository, .locked = locked};
	return suites->count - 1;
}

/* sources.list(5): $(ARCH) in a suite is the architecture. */
static const char *suite_of_machine(struct arena *arena, const char *suite)
{
	static const char variable[] = "$(ARCH)";
	const char *at = strstr(suite, variable);

	return at ? arena_printf(arena, "%.*samd64%s", (int)(at - suite), suite, at + sizeof variable - 1) : suite;
}

static int suite_collect(struct arena *arena, const struct recipe_repository *repository, struct suites *suites,
			 size_t **own, size_t *n_own, struct err *err)
{
	if (!repository->key || repository->fingerprints.count == 0)
		return err_at(err, -EINVAL, &repository->pos, NULL,
			      "the archive '%s' has no 'key' or no 'fingerprints'", repository->url);
	for (size_t i = 0; i < repository->suites.count; i++) {
		const char *suite = suite_of_machine(arena, repository->suites.items[i]);
		size_t found = suite_find_or_add(arena, suites, repository, suite);

		*arena_push(arena, *own, *n_own) = found;
	}
	return 0;
}

int suites_collect(struct arena *arena, const struct recipe *recipe, struct suites *suites, size_t **ret_own,
		   size_t *ret_n_own, struct err *err)
{
	size_t *own = NULL, n_own = 0;
	int r;

	if (!recipe->distribution.url) {
		err_set(err, -EINVAL, "'%s' has no 'distribution'", recipe->path);
		return err_hint(err, "start from a base recipe: 'from: aether:trixie'");
	}
	r = suite_collect(arena, &recipe->distribution, suites, &own, &n_own, err);
	for (size_t i = 0; r == 0 && i < recipe->n_repositories; i++)
		r = suite_collect(arena, &recipe->repositories[i], suites, &own, &n_own, err);
	if (r < 0)
		return r;
	*ret_own = own;
	*ret_n_own = n_own;
	return 0;
}

/* --- Release ------------------------------------------------------------------------------------------------------ */

bool suite_is_flat(const char *suite)
{
	return text_has_suffix(suite, "/");
}

const char *suite_path(struct arena *arena, const struct suite *suite, const char *name)
{
	const char *folder = suite->locked.suite;

	if (!suite_is_flat(folder))
		return arena_printf(arena, "dists/%s/%s", folder, name);
	while (*folder == '/' || text_has_prefix(folder, "./"))
		folder += *folder == '/' ? 1 : 2;
	return arena_printf(arena, "%s%s", folder, name);
}

const char *suite_label(struct arena *arena, const struct suite *suite)
{
	return arena_printf(arena, "the Release of '%s' at %s", suite->locked.suite, suite->locked.url);
}

/* `path` below the archive, at every mirror. */
void suite_push_urls(struct arena *arena, const struct suite *suite, const char *path, struct strv *urls)
{
	strv_push(arena, urls, http_join(arena, suite->locked.url, path));
	for (size_t i = 0; i < suite->locked.mirrors.count; i++)
		strv_push(arena, urls, http_join(arena, suite->locked.mirrors.items[i], path));
}

void suites_free(struct suites *suites)
{
	for (size_t i = 0; i < suites->count; i++) {
		for (size_t j = 0; j < suites->items[i].n_indexes; j++)
			buf_free(&suites->items[i].indexes[j].text);
		buf_free(&suites->items[i].release);
	}
}
