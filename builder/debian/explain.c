#include "debian/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debian/pins.h"
#include "debian/way.h"

/* How many problems are told in a run, and how many packages one is made of; versions that are listed. */
enum { PROBLEMS_MAX = 8, SET_MAX = 8, VERSIONS_MAX = 4 };

/* --- names ----------------------------------------------------------------------------------------------------------- */

static const struct recipe_package *explain_find(const struct recipe_package *packages, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(packages[i].name, name) == 0)
			return &packages[i];
	return NULL;
}

static const char *explain_place(const struct explain *explain, const struct pos *pos)
{
	return arena_printf(explain->arena, "%s:%u:%u", pos->file, pos->line, pos->column);
}

/* The name in quotes, and where it was removed or pinned, if it was. */
static const char *explain_name(const struct explain *explain, const char *name)
{
	const struct recipe *recipe = explain->recipe;
	const struct recipe_package *removed = explain_find(recipe->removed, recipe->n_removed, name);
	struct pos pinned;

	if (removed && !explain_find(recipe->packages, recipe->n_packages, name))
		return arena_printf(explain->arena, "'%s' (removed at %s)", name, explain_place(explain, &removed->pos));
	if (pins_find(recipe, name, &pinned))
		return arena_printf(explain->arena, "'%s' (pinned at %s)", name, explain_place(explain, &pinned));
	return arena_printf(explain->arena, "'%s'", name);
}

/* Which of the packages has the name, or provides it; NULL for none. */
static const char *explain_provider(const struct explain *explain, const struct strv *packages, const char *name)
{
	for (size_t i = 0; i < packages->count; i++) {
		const struct index_entry *entry = index_find(explain->index, packages->items[i]);
		struct strv provided = {0};

		if (strcmp(packages->items[i], name) == 0)
			return packages->items[i];
		for (; entry; entry = index_next(explain->index, entry))
			index_names(explain->arena, entry, INDEX_PROVIDES, &provided);
		if (strv_has(&provided, name))
			return packages->items[i];
	}
	return NULL;
}

/* "'a' needs 'b', which needs 'c'" */
static const char *explain_tell_way(const struct explain *explain, const struct strv *way)
{
	const char *text = explain_name(explain, way->items[0]);

	for (size_t i = 1; i < way->count; i++)
		text = arena_printf(explain->arena, "%s%s needs %s", text, i > 1 ? ", which" : "",
				    explain_name(explain, way->items[i]));
	return text;
}

/* --- what apt says --------------------------------------------------------------------------------------------------- */

/* A line of apt's: ` PACKAGE : RELATION: OTHER (VERSION) but …`. */
struct unmet {
	const char *package, *relation, *other, *wanted; /* `wanted`: the other's name, with the version */
};

static bool explain_read_unmet(const struct explain *explain, const char *line, size_t length, struct unmet *unmet)
{
	static const char *const relations[][2] = {
		{" : Depends: ", "needs"}, {" : PreDepends: ", "needs"}, {" : Conflicts: ", "conflicts with"},
		{" : Breaks: ", "breaks"},
	};
	const char *text = arena_strndup(explain->arena, line, length), *at;

	text += strspn(text, " |");
	for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
		size_t end;

		at = strstr(text, relations[i][0]);
		if (!at)
			continue;
		unmet->package = arena_strndup(explain->arena, text, (size_t)(at - text));
		unmet->relation = relations[i][1];
		at += strlen(relations[i][0]);
		unmet->other = arena_strndup(explain->arena, at, strcspn(at, " :"));
		end = strstr(at, " but ") ? (size_t)(strstr(at, " but ") - at) : strlen(at);
		unmet->wanted = arena_strndup(explain->arena, at, end);
		return true;
	}
	return false;
}

/* The first of apt's reasons that is understood. */
static bool explain_find_unmet(const struct explain *explain, const char *words, struct unmet *unmet)
{
	for (const char *at = words ? words : ""; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (explain_read_unmet(explain, at, strcspn(at, "\n"), unmet))
			return true;
	return false;
}

/* "1.0, 2.0 (backports)": the versions that there are, and of which archives, but for the distribution. */
static size_t explain_list_versions(const struct explain *explain, const char *name, const char **ret_text)
{
	const struct index_entry *entry = index_find(explain->index, name);
	const char *text = "";
	struct strv seen = {0};

	for (; entry; entry = index_next(explain->index, entry)) {
		const char *archive = explain->suites->items[entry->archive].locked.name;
		const char *version = index_version(explain->arena, entry);

		if (strcmp(archive, explain->recipe->distribution.name ? explain->recipe->distribution.name : "") != 0)
			version = arena_printf(explain->arena, "%s (%s)", version, archive);
		if (strv_has(&seen, version) || seen.count == VERSIONS_MAX)
			continue;
		text = arena_printf(explain->arena, "%s%s%s", text, seen.count ? ", " : "", version);
		strv_push(explain->arena, &seen, version);
	}
	*ret_text = text;
	return seen.count;
}

/* ", which conflicts with 'x'", when it does so with one of the set, or that one with it; NULL when neither does. */
static const char *explain_clash(const struct explain *explain, const char *name, const struct strv *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *sides[] = {name, set->items[i]};

		for (size_t s = 0; s < 2 && strcmp(name, set->items[i]) != 0; s++) {
			const struct index_entry *entry = index_find(explain->index, sides[s]);
			const struct strv other = {(const char **)&sides[1 - s], 1};
			struct strv conflicts = {0};

			for (; entry; entry = index_next(explain->index, entry))
				index_names(explain->arena, entry, INDEX_CONFLICTS, &conflicts);
			for (size_t c = 0; c < conflicts.count; c++)
				if (explain_provider(explain, &other, conflicts.items[c]))
					return arena_printf(explain->arena,
							    s ? ", and '%s' conflicts with it" : ", which conflicts with '%s'",
							    set->items[i]);
		}
	}
	return NULL;
}

/* What is the matter with what is needed: the end of a sentence. */
static const char *explain_needed(const struct explain *explain, const struct unmet *unmet, const struct strv *set)
{
	struct strv providers = {0};
	const char *text = explain_clash(explain, unmet->other, set);

	if (text)
		return text;
	if (explain_list_versions(explain, unmet->other, &text))
		return strchr(unmet->wanted, '(') ? arena_printf(explain->arena, ", and there is %s", text) : "";
	index_providers(explain->arena, explain->index, unmet->other, &providers);
	return providers.count ? "" : ", which no archive has";
}

/* How what is conflicted with comes to be there: the end of a sentence. */
static const char *explain_present(const struct explain *explain, const struct unmet *unmet, const struct strv *set)
{
	struct strv others = {0}, way;
	const char *provider;

	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i], unmet->package) != 0)
			strv_push(explain->arena, &others, set->items[i]);
	provider = explain_provider(explain, &others, unmet->other);
	if (provider)
		return strcmp(provider, unmet->other) == 0
			       ? "" : arena_printf(explain->arena, ", which '%s' provides", provider);
	if (way_find(explain->arena, explain->index, &others, unmet->other, &way))
		return arena_printf(explain->arena, ", and %s", explain_tell_way(explain, &way));
	if (way_find(explain->arena, explain->index, explain->essential, unmet->other, &way))
		return ", which every Debian system has";
	return "";
}

/* "'a' needs 'b', which conflicts with 'c'"; NULL when apt's words were not understood. */
static const char *explain_reason(const struct explain *explain, const struct strv *set, const char *words)
{
	struct unmet unmet;
	struct strv way;
	bool needs;

	if (!explain_find_unmet(explain, words, &unmet))
		return NULL;
	if (!way_find(explain->arena, explain->index, set, unmet.package, &way) &&
	    !way_find(explain->arena, explain->index, explain->essential, unmet.package, &way))
		return NULL;
	needs = strcmp(unmet.relation, "needs") == 0;
	return arena_printf(explain->arena, "%s%s %s %s%s", explain_tell_way(explain, &way), way.count > 1 ? ", which" : "",
			    unmet.relation,
			    strcmp(unmet.wanted, unmet.other) == 0 ? explain_name(explain, unmet.other)
								   : arena_printf(explain->arena, "'%s'", unmet.wanted),
			    needs ? explain_needed(explain, &unmet, set) : explain_present(explain, &unmet, set));
}

/* --- one problem ----------------------------------------------------------------------------------------------------- */

/* "'b' (FILE:1:2) and 'c' (…)": all of the set but its first. */
static const char *explain_others(const struct explain *explain, const struct strv *set)
{
	const char *text = "";

	for (size_t i = 1; i < set->count; i++) {
		const struct recipe_package *package =
			explain_find(explain->recipe->packages, explain->recipe->n_packages, set->items[i]);

		text = arena_printf(explain->arena, "%s%s'%s' (%s)", text, i > 1 ? " and " : "", set->items[i],
				    package ? explain_place(explain, &package->pos) : "");
	}
	return text;
}

/* The archive that has the very version that is wanted, NULL for none. */
static const char *explain_archive(const struct explain *explain, const struct unmet *unmet)
{
	const struct index_entry *entry = index_find(explain->index, unmet->other);
	const char *wanted = strchr(unmet->wanted, '(');

	for (; wanted && entry; entry = index_next(explain->index, entry))
		if (strstr(wanted, arena_printf(explain->arena, "= %s)", index_version(explain->arena, entry))))
			return explain->suites->items[entry->archive].locked.name;
	return NULL;
}

static void explain_hint(const struct explain *explain, const struct strv *set, const char *words, struct err *err)
{
	const struct recipe *recipe = explain->recipe;
	const struct recipe_package *first = explain_find(recipe->packages, recipe->n_packages, set->items[0]), *other;
	struct unmet unmet;
	const char *versions, *archive;
	bool understood = explain_find_unmet(explain, words, &unmet) && strchr(unmet.wanted, '(');

	if (understood && (archive = explain_archive(explain, &unmet)))
		err_hint(err, "the archive '%s' has it: add '%s' to its 'prefer'", archive, unmet.other);
	else if (understood && explain_list_versions(explain, unmet.other, &versions) > 1)
		err_hint(err, "there is '%s' %s: 'prefer' of an archive, or 'versions', says which one is taken", unmet.other,
			 versions);
	other = set->count > 1 ? explain_find(recipe->packages, recipe->n_packages, set->items[1]) : NULL;
	if (other && strcmp(other->pos.file, first->pos.file) != 0)
		err_hint(err, "'packages: [!remove %s]' takes away what '%s' lists", other->name, other->pos.file);
}

/* The first of the set is the one that was listed last. `words` has apt's as its context. */
static void explain_tell(const struct explain *explain, const struct strv *set, const struct err *words, struct err *err)
{
	const struct recipe *recipe = explain->recipe;
	const struct recipe_package *first = explain_find(recipe->packages, recipe->n_packages, set->items[0]);
	const char *said = words->last->context, *reason = explain_reason(explain, set, said);
	const char *others = explain_others(explain, set);

	err_at(err, -EIO, &first->pos, NULL, "the package '%s' cannot be installed%s%s%s%s", first->name,
	       *others ? " together with " : "", others, reason ? ": " : "", reason ? reason : "");
	if (said)
		err_wrap(err, "%s", said);
	explain_hint(explain, set, said, err);
}

/* --- the smallest sets ----------------------------------------------------------------------------------------------- */

/* Whether apt can install the packages of `set` and the first `n` of `more`: 1, or 0 with its words. */
static int explain_try(const struct explain *explain, const struct strv *set, const struct strv *more, size_t n,
		       struct err *words)
{
	const struct strv first = {more->items, n}, *const parts[] = {explain->essential, &first, set};
	struct strv names = {0};
	struct apt_choice *choices;
	size_t n_choices;
	int r;

	for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
		for (size_t i = 0; i < parts[p]->count; i++)
			strv_push(explain->arena, &names, parts[p]->items[i]);
	err_free(words);
	r = apt_install(explain->arena, explain->apt, &names, &choices, &n_choices, words);
	return r == -EIO ? 0 : r < 0 ? r : 1;
}

/* The number of the first of `names` with which apt fails, together with `set` and all before it; it fails with all of them. */
static int explain_find_culprit(const struct explain *explain, const struct strv *set, const struct strv *names,
				struct err *words, size_t *ret_at)
{
	size_t good = 0, bad = names->count;

	while (bad - good > 1) {
		size_t middle = (good + bad) / 2;
		int r = explain_try(explain, set, names, middle, words);

		if (r < 0)
			return r;
		*(r ? &good : &bad) = middle;
	}
	*ret_at = bad - 1;
	return 0;
}

/* A smallest set of `names` that apt cannot install, the last one listed first. It is empty when there is none: then it is
 * the essential packages that cannot be installed, or apt's answer depends on more than what it is asked for. */
static int explain_find_set(const struct explain *explain, const struct strv *names, struct strv *set, struct err *words)
{
	struct strv left = *names;

	for (;;) {
		int r = explain_try(explain, set, &left, 0, words);
		size_t at = 0;

		if (r == 0)
			return 0;
		if (r > 0 && (left.count == 0 || set->count == SET_MAX)) {
			set->count = 0;
			return 0;
		}
		if (r > 0)
			r = explain_find_culprit(explain, set, &left, words, &at);
		if (r < 0)
			return r;
		strv_push(explain->arena, set, left.items[at]);
		left.count = at;
	}
}

int explain_packages(const struct explain *explain, const struct strv *names, struct err *err)
{
	static const struct strv nothing;
	struct strv left = {0};
	int r = 0;

	for (size_t i = 0; i < names->count; i++)
		if (!strv_has(explain->essential, names->items[i]))
			strv_push(explain->arena, &left, names->items[i]);
	for (size_t problems = 0; r == 0 && problems < PROBLEMS_MAX; problems++) {
		struct err words = {0};
		struct strv set = {0}, rest = {0};

		r = explain_find_set(explain, &left, &set, &words);
		if (r == 0 && set.count)
			explain_tell(explain, &set, &words, err);
		for (size_t i = 0; i < left.count; i++)
			if (set.count && strcmp(left.items[i], set.items[0]) != 0)
				strv_push(explain->arena, &rest, left.items[i]);
		left = rest;
		if (r == 0 && set.count)
			r = explain_try(explain, &nothing, &left, left.count, &words);
		else
			r = r < 0 ? r : 1;
		err_free(&words);
	}
	return r < 0 ? r : err_result(err);
}

/* --- what was removed ------------------------------------------------------------------------------------------------ */

int explain_removed(const struct explain *explain, const struct strv *chosen, struct err *err)
{
	const struct recipe *recipe = explain->recipe;
	struct strv wanted = {0}, way;

	for (size_t i = 0; i < recipe->n_packages; i++)
		strv_push(explain->arena, &wanted, recipe->packages[i].name);
	for (size_t i = 0; i < recipe->n_removed; i++) {
		const struct recipe_package *removed = &recipe->removed[i], *by;

		if (strv_has(&wanted, removed->name) || !strv_has(chosen, removed->name))
			continue;
		if (way_find(explain->arena, explain->index, explain->essential, removed->name, &way)) {
			err_warn(err, &removed->pos, NULL, "'%s' is there all the same: every Debian system has it",
				 removed->name);
		} else if (way_find(explain->arena, explain->index, &wanted, removed->name, &way) &&
			   (by = explain_find(recipe->packages, recipe->n_packages, way.items[0])) != NULL) {
			err_warn(err, &removed->pos, NULL, "'%s' is there all the same: '%s' (%s) needs it%s", removed->name,
				 by->name, explain_place(explain, &by->pos), way.count > 2 ? ", by way of others" : "");
			err_hint(err, "remove '%s' as well, or leave '%s'", by->name, removed->name);
		}
	}
	return err_result(err);
}
