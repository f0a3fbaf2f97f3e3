#include "debian/pins.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

/* apt's priorities are less than 32767; a recipe's are at most RECIPE_PRIORITY_MAX. 990 is what `apt-get -t` gives. */
enum { PIN_LOCKED = 32766, PIN_VERSION = 32765, PIN_PREFER = 990, VERSIONS_TOLD = 4 };

static bool pins_fit(const char *glob, const char *name)
{
	return fnmatch(glob, name, 0) == 0;
}

static bool pins_is_glob(const char *word)
{
	return strpbrk(word, "*?");
}

/* The number `i` of the distribution (0) and the repositories beside it; NULL behind the last one. */
static const struct recipe_repository *pins_archive(const struct recipe *recipe, size_t i)
{
	return i == 0 ? &recipe->distribution : i <= recipe->n_repositories ? &recipe->repositories[i - 1] : NULL;
}

const struct recipe_repository *pins_repository(const struct pins *pins, size_t i)
{
	const struct recipe_repository *repository;

	for (size_t a = 0; (repository = pins_archive(pins->recipe, a)) && i >= repository->suites.count; a++)
		i -= repository->suites.count;
	return repository;
}

static bool pins_is_of(const struct pins *pins, const struct index_entry *entry, const struct recipe_repository *repository)
{
	for (size_t i = 0; i < pins->n_own; i++)
		if (pins->own[i] == entry->archive && pins_repository(pins, i) == repository)
			return true;
	return false;
}

bool pins_archive_has(const struct pins *pins, const struct recipe_repository *repository, const char *name)
{
	const struct index_entry *entry = index_find(pins->index, name);

	for (; entry; entry = index_next(pins->index, entry))
		if (pins_is_of(pins, entry, repository))
			return true;
	return false;
}

/* --- where a pin stands; pins that nothing fits ---------------------------------------------------------------------- */

static struct pos pins_place(const struct recipe *recipe, const struct recipe_repository *repository, const char *word)
{
	const char *const of_distribution[] = {"distribution", "prefer", NULL};
	const char *const of_repository[] = {"repositories", repository->name, "prefer", NULL};

	return recipe_place(recipe, repository == &recipe->distribution ? of_distribution : of_repository, word);
}

/* The name of one of the archive's packages that is nearest, or NULL. */
static const char *pins_nearest(struct arena *arena, const struct pins *pins, const struct recipe_repository *repository,
				const char *name)
{
	const char **names = arena_array(arena, const char *, pins->index->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < pins->index->n; i++) {
		const struct index_entry *entry = &pins->index->entries[i];

		if ((n == 0 || strcmp(names[n - 1], entry->name) != 0) && pins_is_of(pins, entry, repository))
			names[n++] = entry->name;
	}
	return text_nearest(name, names, n);
}

bool pins_find(const struct recipe *recipe, const char *name, struct pos *ret_pos)
{
	const struct recipe_repository *repository;

	for (size_t i = 0; i < recipe->n_versions; i++)
		if (pins_fit(recipe->versions[i].package, name)) {
			*ret_pos = recipe->versions[i].pos;
			return true;
		}
	for (size_t a = 0; (repository = pins_archive(recipe, a)); a++)
		for (size_t i = 0; i < repository->prefer.count; i++)
			if (pins_fit(repository->prefer.items[i], name)) {
				*ret_pos = pins_place(recipe, repository, repository->prefer.items[i]);
				return true;
			}
	return false;
}

static void pins_check_prefer(struct arena *arena, const struct pins *pins, const struct recipe_repository *repository,
			      const char *word, struct err *err)
{
	const struct pos pos = pins_place(pins->recipe, repository, word);
	const char *near;

	for (size_t i = 0; i < pins->index->n; i++)
		if (pins_fit(word, pins->index->entries[i].name) &&
		    pins_is_of(pins, &pins->index->entries[i], repository))
			return;
	if (pins_is_glob(word)) {
		err_warn(err, &pos, NULL, "'%s' fits no package of the archive '%s'", word, repository->name);
		return;
	}
	err_at(err, -ENOENT, &pos, NULL, "the archive '%s' has no package '%s'", repository->name, word);
	if (index_find(pins->index, word))
		err_hint(err, "it comes from another archive: remove it here");
	else if ((near = pins_nearest(arena, pins, repository, word)))
		err_hint(err, "did you mean '%s'?", near);
}

/* The versions there are of what the glob fits, some of them, each with its package's name. */
static const char *pins_list_versions(struct arena *arena, const struct pins *pins, const char *glob)
{
	_cleanup_buf_ struct buf text = {0};
	struct strv seen = {0};

	for (size_t i = 0; i < pins->index->n && seen.count <= VERSIONS_TOLD; i++) {
		const struct index_entry *entry = &pins->index->entries[i];
		const char *version = pins_fit(glob, entry->name) ? index_version(arena, entry) : NULL;

		if (!version || strv_has(&seen, version))
			continue;
		strv_push(arena, &seen, version);
		if (seen.count <= VERSIONS_TOLD)
			buf_printf(&text, "%s%s", seen.count > 1 ? ", " : "", version);
		else
			buf_puts(&text, ", …");
	}
	return arena_strndup(arena, text.data, text.size);
}

static void pins_check_version(struct arena *arena, const struct pins *pins, const struct recipe_version *pin,
			       struct err *err)
{
	bool found = false;
	const char *near;

	for (size_t i = 0; i < pins->index->n; i++) {
		const struct index_entry *entry = &pins->index->entries[i];

		if (!pins_fit(pin->package, entry->name))
			continue;
		found = true;
		if (pins_fit(pin->version, index_version(arena, entry)))
			return;
	}
	if (found) {
		err_at(err, -ENOENT, &pin->pos, NULL, "no archive has '%s' in the version '%s'", pin->package, pin->version);
		err_hint(err, "there is %s; '*' stands for any characters, as in '6.12.*'",
			 pins_list_versions(arena, pins, pin->package));
	} else if (pins_is_glob(pin->package)) {
		err_warn(err, &pin->pos, NULL, "'%s' fits no package", pin->package);
	} else {
		err_at(err, -ENOENT, &pin->pos, NULL, "the package '%s' does not exist", pin->package);
		near = index_nearest(pins->index, pin->package);
		if (near)
			err_hint(err, "did you mean '%s'?", near);
	}
}

int pins_check(struct arena *arena, const struct pins *pins, struct err *err)
{
	const struct recipe_repository *repository;

	for (size_t a = 0; (repository = pins_archive(pins->recipe, a)); a++)
		for (size_t i = 0; i < repository->prefer.count; i++)
			pins_check_prefer(arena, pins, repository, repository->prefer.items[i], err);
	for (size_t i = 0; i < pins->recipe->n_versions; i++)
		pins_check_version(arena, pins, &pins->recipe->versions[i], err);
	return err_result(err);
}

/* --- what apt is told ------------------------------------------------------------------------------------------------ */

/* The first record that fits a package's version counts, those for names before those for `*`. */
static void pins_put(struct buf *preferences, const char *package, const char *pin, int64_t priority)
{
	buf_printf(preferences, "Package: %s\nPin: %s\nPin-Priority: %" PRId64 "\n\n", package, pin, priority);
}

void pins_print_locked(struct buf *preferences, const char *name, const char *version)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	pins_put(preferences, name, arena_printf(arena, "version %s", version), PIN_LOCKED);
}

static void pins_print_versions(struct arena *arena, struct buf *preferences, const struct pins *pins)
{
	for (size_t v = 0; v < pins->recipe->n_versions; v++) {
		const struct recipe_version *pin = &pins->recipe->versions[v];

		for (size_t i = 0; i < pins->index->n; i++) {
			const struct index_entry *entry = &pins->index->entries[i];
			const char *version = pins_fit(pin->package, entry->name) ? index_version(arena, entry) : NULL;

			if (version && pins_fit(pin->version, version))
				pins_put(preferences, entry->name, arena_printf(arena, "version %s", version), PIN_VERSION);
		}
	}
}

/* What is preferred counts more than any archive. */
static int64_t pins_preferred(const struct pins *pins)
{
	const struct recipe_repository *repository;
	int64_t priority = PIN_PREFER;

	for (size_t a = 0; (repository = pins_archive(pins->recipe, a)); a++)
		if (repository->priority >= priority)
			priority = repository->priority + 1;
	return priority;
}

void pins_print(struct buf *preferences, const struct pins *pins)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int64_t preferred = pins_preferred(pins);

	pins_print_versions(arena, preferences, pins);
	for (size_t i = 0; i < pins->n_own; i++)
		for (size_t p = 0; p < pins_repository(pins, i)->prefer.count; p++)
			pins_put(preferences, pins_repository(pins, i)->prefer.items[p],
				 arena_printf(arena, "release n=s%zu", i), preferred);
	for (size_t i = 0; i < pins->n_own; i++)
		if (pins_repository(pins, i)->priority)
			pins_put(preferences, "*", arena_printf(arena, "release n=s%zu", i),
				 pins_repository(pins, i)->priority);
}

/* --- what is locked -------------------------------------------------------------------------------------------------- */

static bool pins_prefer(const struct recipe_repository *repository, const char *name)
{
	for (size_t i = 0; i < repository->prefer.count; i++)
		if (pins_fit(repository->prefer.items[i], name))
			return true;
	return false;
}

/* Whether the archive has what is locked, in its version. */
static bool pins_has_locked(struct arena *arena, const struct pins *pins, const struct recipe_repository *repository,
			    const struct debian_package *locked)
{
	for (size_t i = 0; i < pins->n_own; i++)
		if (pins_repository(pins, i) == repository &&
		    index_exact(arena, pins->index, locked->name, locked->version, locked->arch, pins->own[i]))
			return true;
	return false;
}

bool pins_allow(struct arena *arena, const struct pins *pins, const struct debian_package *locked)
{
	const struct recipe_repository *repository;
	bool preferred = false, wanted = false;

	for (size_t i = 0; i < pins->recipe->n_versions; i++)
		if (pins_fit(pins->recipe->versions[i].package, locked->name))
			return pins_fit(pins->recipe->versions[i].version, locked->version);
	for (size_t a = 0; (repository = pins_archive(pins->recipe, a)); a++) {
		bool here = pins_has_locked(arena, pins, repository, locked);

		wanted = wanted || (here && repository->priority >= 0);
		if (!pins_prefer(repository, locked->name) || !pins_archive_has(pins, repository, locked->name))
			continue;
		if (here)
			return true;
		preferred = true;
	}
	return wanted && !preferred;
}
