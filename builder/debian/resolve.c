#include "debian/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/valid.h"
#include "debian/apt.h"
#include "debian/explain.h"
#include "debian/index.h"
#include "debian/pins.h"

enum { RELEASE_DEPTH_MAX = 16 }; /* of dependencies let go of; Debian's chains are shorter */

struct work {
	struct arena *arena;
	const struct resolve *resolve;
	struct index index;
	struct pins pins;
	struct apt apt;
	struct strv wanted[LAYER_COUNT]; /* asked for by name, by layer */
	struct strv free;                /* names whose locked version need not be kept */
	struct apt_choice *choices;
	size_t n_choices;
};

/* --- what is asked for -------------------------------------------------------------------------------------------- */

/* A name that is provided and that no package has: with one provider apt takes that one, with several it asks. */
static int resolve_check_provided(const struct work *work, const struct recipe_package *package,
				  const struct strv *providers, struct err *err)
{
	const char *names = providers->items[0];

	if (providers->count == 1)
		return 0;
	for (size_t i = 1; i < providers->count; i++)
		names = arena_printf(work->arena, "%s, %s", names, providers->items[i]);
	err_at(err, -EINVAL, &package->pos, NULL, "'%s' is no package: several provide it", package->name);
	return err_hint(err, "write one of them: %s", names);
}

/* apt would take some names for more than names (`a-`, `a=1`, `a.*`): only what an index knows is passed on. */
static int resolve_check_name(const struct work *work, const struct recipe_package *package, struct err *err)
{
	struct strv providers = {0};
	const char *near;

	if (debian_name_ok(package->name) && index_find(&work->index, package->name))
		return 0;
	if (debian_name_ok(package->name))
		index_providers(work->arena, &work->index, package->name, &providers);
	if (providers.count)
		return resolve_check_provided(work, package, &providers, err);
	err_at(err, -ENOENT, &package->pos, NULL, "the package '%s' does not exist", package->name);
	near = index_nearest(&work->index, package->name);
	if (strv_has(&work->index.foreign, package->name))
		return err_hint(err, "the archive has it, but not for amd64");
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "check the suites and components of the archive: none of them has it");
}

static int resolve_collect_wanted(struct work *work, struct err *err)
{
	const struct recipe *recipe = work->resolve->recipe;
	struct strv *essential = &work->wanted[LAYER_BASE];

	for (size_t i = 0; i < work->index.n; i++)
		if (work->index.entries[i].essential && !strv_has(essential, work->index.entries[i].name))
			strv_push(work->arena, essential, work->index.entries[i].name);
	for (size_t i = 0; i < recipe->n_packages; i++) {
		const struct recipe_package *package = &recipe->packages[i];
		enum package_layer layer = package->origin == ORIGIN_PARENT ? LAYER_PARENT : LAYER_RECIPE;

		if (resolve_check_name(work, package, err) == 0 && !strv_has(&work->wanted[layer], package->name))
			strv_push(work->arena, &work->wanted[layer], package->name);
	}
	if (err->count == 0 && essential->count == 0)
		err_set(err, -ENOENT, "the archives of '%s' have no essential package: this is not a Debian archive",
			recipe->path);
	return err_result(err);
}

/* All words of the recipe that name packages: every problem of them is told. */
static int resolve_check_words(struct work *work, struct err *err)
{
	int r = resolve_collect_wanted(work, err), of_pins = pins_check(work->arena, &work->pins, err);

	return r < 0 ? r : of_pins;
}

/* --- what is kept ------------------------------------------------------------------------------------------------- */

static bool resolve_is_locked(const struct package_set *old, const char *name)
{
	for (size_t i = 0; i < old->n_packages; i++)
		if (strcmp(old->packages[i].name, name) == 0)
			return true;
	return false;
}

/* Whether the archive still has what was locked, to the byte. */
static bool resolve_still_there(struct work *work, const struct debian_package *locked)
{
	const struct index_entry *entry =
		index_exact(work->arena, &work->index, locked->name, locked->version, locked->arch, SIZE_MAX);
	struct err ignored = {0};
	struct debian_package package;
	bool same = entry && index_package(work->arena, entry, &package, &ignored) == 0 &&
		    (!valid_sha256(package.sha256) || strcmp(package.sha256, locked->sha256) == 0);

	err_free(&ignored);
	return same;
}

/* What may move from the start: what the user named, what was never locked, and what a pin says other things of. */
static void resolve_collect_free(struct work *work)
{
	const struct strv *moving = &work->resolve->moving;
	const struct package_set *old = work->resolve->old;

	for (size_t i = 0; i < moving->count; i++)
		strv_push(work->arena, &work->free, moving->items[i]);
	for (size_t l = 0; l < LAYER_COUNT; l++)
		for (size_t i = 0; i < work->wanted[l].count; i++)
			if (!resolve_is_locked(work->resolve->old, work->wanted[l].items[i]))
				strv_push(work->arena, &work->free, work->wanted[l].items[i]);
	for (size_t i = 0; i < old->n_packages; i++)
		if (resolve_still_there(work, &old->packages[i]) &&
		    !pins_allow(work->arena, &work->pins, &old->packages[i]))
			strv_push(work->arena, &work->free, old->packages[i].name);
}

/* Lets go of what the free ones need too. Returns whether that was anything new. */
static bool resolve_free_more(struct work *work)
{
	size_t before = work->free.count;
	struct strv needs = {0};

	for (size_t i = 0; i < before; i++) {
		const struct index_entry *entry = index_find(&work->index, work->free.items[i]);

		for (; entry; entry = index_next(&work->index, entry))
			index_needs(work->arena, entry, &needs);
	}
	for (size_t i = 0; i < needs.count; i++)
		if (!strv_has(&work->free, needs.items[i]))
			strv_push(work->arena, &work->free, needs.items[i]);
	return work->free.count > before;
}

/* Tells apt to keep what is locked. */
static int resolve_prefer_locked(struct work *work, bool tell, struct err *err)
{
	const struct package_set *old = work->resolve->old;
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < old->n_packages; i++) {
		const struct debian_package *locked = &old->packages[i];

		if (strv_has(&work->free, locked->name))
			continue;
		if (resolve_still_there(work, locked))
			pins_print_locked(&text, locked->name, locked->version);
		else if (tell)
			log_note("'%s' %s is no longer in the archive and cannot be kept", locked->name,
				 locked->version);
	}
	pins_print(&text, &work->pins);
	return apt_prefer(&work->apt, &text, err);
}

/* --- one solution ------------------------------------------------------------------------------------------------- */

static void resolve_push_all(struct arena *arena, struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->count; i++)
		strv_push(arena, to, from->items[i]);
}

static int resolve_ask(struct work *work, const struct strv *names, struct err *err)
{
	return apt_install(work->arena, &work->apt, names, &work->choices, &work->n_choices, err);
}

/* Asks for layer after layer. What the layers below chose is asked for by name, so that a package on top does not
 * change them; when that cannot be had (it conflicts with one of them), the words of the recipes alone count. */
static int resolve_solve(struct work *work, struct err *err)
{
	struct strv words = {0};
	int r = 0;

	for (size_t l = 0; r == 0 && l < LAYER_COUNT; l++) {
		struct err first = {0};
		struct strv names = {0};

		resolve_push_all(work->arena, &words, &work->wanted[l]);
		if (work->wanted[l].count == 0)
			continue;
		for (size_t i = 0; i < work->n_choices; i++)
			strv_push(work->arena, &names, work->choices[i].name);
		resolve_push_all(work->arena, &names, &work->wanted[l]);
		r = resolve_ask(work, &names, &first);
		if (r == -EIO && work->n_choices)
			r = resolve_ask(work, &words, err);
		else
			err_take(err, &first);
		err_free(&first);
	}
	return r;
}

static struct explain resolve_explain(const struct work *work)
{
	return (struct explain){.arena = work->arena,
				.recipe = work->resolve->recipe,
				.suites = work->resolve->suites,
				.index = &work->index,
				.apt = &work->apt,
				.essential = &work->wanted[LAYER_BASE]};
}

/* Says at the recipe's lines why there is no way, or else what apt `found`. */
static int resolve_say_why(struct work *work, struct err *found, struct err *err)
{
	const struct explain explain = resolve_explain(work);
	struct strv names = {0};
	int r;

	resolve_push_all(work->arena, &names, &work->wanted[LAYER_PARENT]);
	resolve_push_all(work->arena, &names, &work->wanted[LAYER_RECIPE]);
	r = explain_packages(&explain, &names, err);
	if (r == 0) {
		r = err_result(found);
		err_take(err, found);
	}
	return r;
}

/* Whether there is any way when nothing is kept; if not, `err` says why. */
static int resolve_solve_freely(struct work *work, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	struct err found = {0};
	int r;

	pins_print(&text, &work->pins);
	r = apt_prefer(&work->apt, &text, err);
	work->n_choices = 0;
	if (r < 0)
		return r;
	r = resolve_solve(work, &found);
	if (r == -EIO)
		r = resolve_say_why(work, &found, err);
	else
		err_take(err, &found);
	err_free(&found);
	return r;
}

static int resolve_give_up(struct work *work, struct err *err, struct err *found)
{
	int r = resolve_prefer_locked(work, false, err);

	if (r == 0)
		r = resolve_say_why(work, found, err);
	if (r != -EIO)
		return r;
	return err_hint(err, "it can be installed if locked packages may change: run 'aether-build lock --update %s'",
			work->resolve->recipe->path);
}

/* Solves with everything locked kept, and if that cannot be, lets go of what the moving packages need, step by step. */
static int resolve_solve_keeping(struct work *work, struct err *err)
{
	int r;

	resolve_collect_free(work);
	r = resolve_prefer_locked(work, true, err);
	for (unsigned depth = 0; r == 0; depth++) {
		struct err found = {0};

		work->n_choices = 0;
		r = resolve_solve(work, &found);
		if (r != -EIO) {
			err_take(err, &found);
			return r;
		}
		r = depth == 0 ? resolve_solve_freely(work, err) : 0;
		if (r == 0)
			r = depth == RELEASE_DEPTH_MAX || !resolve_free_more(work)
				    ? resolve_give_up(work, err, &found)
				    : resolve_prefer_locked(work, false, err);
		err_free(&found);
	}
	return r;
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static int resolve_compare_packages(const void *a, const void *b)
{
	const struct debian_package *x = a, *y = b;

	return x->layer != y->layer ? (x->layer > y->layer) - (x->layer < y->layer) : strcmp(x->name, y->name);
}

static struct debian_package *resolve_find_package(const struct package_set *tree, const char *name)
{
	for (size_t i = 0; i < tree->n_packages; i++)
		if (strcmp(tree->packages[i].name, name) == 0)
			return &tree->packages[i];
	return NULL;
}

/* By Debian's policy a package depends on what it makes its users with. Packages of others are not so careful. */
static bool resolve_makes_accounts(const struct work *work, const struct index_entry *entry)
{
	static const char *const tools[] = {"adduser", "passwd", "systemd-sysusers", "systemd-standalone-sysusers",
					    "opensysusers", "sysuser-helper"};
	const struct recipe *recipe = work->resolve->recipe;
	const struct debian_archive *archive = &work->resolve->suites->items[entry->archive].locked;
	struct strv needs = {0};

	if (!recipe->distribution.name || strcmp(archive->name, recipe->distribution.name) != 0 ||
	    text_has_prefix(entry->name, "systemd") || strcmp(entry->name, "udev") == 0)
		return true;
	index_needs(work->arena, entry, &needs);
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (strv_has(&needs, tools[i]))
			return true;
	return false;
}

/* Looks up what apt chose, and writes an index of just these packages. */
static int resolve_look_up(struct work *work, struct package_set *tree, const char *index_path, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r;

	tree->packages = arena_array(work->arena, struct debian_package, work->n_choices + 1);
	for (size_t i = 0; i < work->n_choices; i++) {
		const struct apt_choice *choice = &work->choices[i];
		const struct index_entry *entry = NULL;

		if (choice->suite < work->resolve->n_own)
			entry = index_exact(work->arena, &work->index, choice->name, choice->version, choice->arch,
					    work->resolve->own[choice->suite]);
		if (!entry)
			return err_set(err, -EPROTO, "apt chose '%s' %s, which is in no index", choice->name,
				       choice->version);
		r = index_package(work->arena, entry, &tree->packages[i], err);
		if (r < 0)
			return r;
		if (work->resolve->makers && resolve_makes_accounts(work, entry))
			strv_push(work->arena, work->resolve->makers, entry->name);
		tree->packages[i].layer = LAYER_RECIPE;
		tree->n_packages++;
		buf_add(&text, entry->stanza, entry->length);
		buf_puts(&text, "\n\n");
	}
	return file_write(index_path, text.size ? text.data : "", text.size, 0644, err);
}

/* Within the solution, apt says again what each layer needs: it has nothing else to choose from. */
static int resolve_cut_layers(struct work *work, struct package_set *tree, const struct apt *apt, struct err *err)
{
	struct strv names = {0};

	for (enum package_layer l = LAYER_BASE; l < LAYER_RECIPE; l++) {
		struct apt_choice *choices;
		size_t n;
		int r;

		resolve_push_all(work->arena, &names, &work->wanted[l]);
		if (work->wanted[l].count == 0)
			continue;
		r = apt_install(work->arena, apt, &names, &choices, &n, err);
		if (r < 0)
			return err_wrap(err, "while dividing the packages into layers");
		for (size_t i = 0; i < n; i++) {
			struct debian_package *package = resolve_find_package(tree, choices[i].name);

			if (package && package->layer > l)
				package->layer = l;
			strv_push(work->arena, &names, choices[i].name);
		}
	}
	qsort(tree->packages, tree->n_packages, sizeof *tree->packages, resolve_compare_packages);
	return 0;
}

static int resolve_open_apt(struct work *work, struct err *err)
{
	const struct resolve *resolve = work->resolve;
	struct apt_suite *seen = arena_array(work->arena, struct apt_suite, resolve->n_own + 1);

	for (size_t i = 0; i < resolve->n_own; i++) {
		const struct suite *suite = &resolve->suites->items[resolve->own[i]];
		struct apt_index *indexes = arena_array(work->arena, struct apt_index, suite->n_indexes + 1);

		for (size_t j = 0; j < suite->n_indexes; j++)
			indexes[j] = (struct apt_index){suite->indexes[j].component, suite->indexes[j].arch,
							suite->indexes[j].path};
		seen[i] = (struct apt_suite){&suite->release, indexes, suite->n_indexes};
	}
	return apt_open(work->arena, arena_printf(work->arena, "%s/all", resolve->folder), seen, resolve->n_own,
			&work->apt, err);
}

static int resolve_check_removed(struct work *work, const struct package_set *tree, struct err *err)
{
	const struct explain explain = resolve_explain(work);
	struct strv chosen = {0};

	for (size_t i = 0; i < tree->n_packages; i++)
		strv_push(work->arena, &chosen, tree->packages[i].name);
	return explain_removed(&explain, &chosen, err);
}

int resolve_tree(struct arena *arena, const struct resolve *resolve, struct package_set *ret_tree, struct err *err)
{
	struct work work = {.arena = arena, .resolve = resolve};
	const char *index_path = arena_printf(arena, "%s/chosen-packages", resolve->folder);
	const struct apt_index index = {"main", "amd64", index_path};
	const struct apt_suite suite = {NULL, &index, 1};
	struct package_set tree = {0};
	struct apt chosen;
	int r = index_make(arena, resolve->suites, resolve->own, resolve->n_own, &work.index, err);

	work.pins = (struct pins){resolve->recipe, &work.index, resolve->own, resolve->n_own};
	if (r == 0)
		r = resolve_check_words(&work, err);
	if (r == 0)
		r = resolve_open_apt(&work, err);
	if (r == 0)
		r = resolve->old ? resolve_solve_keeping(&work, err) : resolve_solve_freely(&work, err);
	if (r == 0)
		r = resolve_look_up(&work, &tree, index_path, err);
	if (r == 0)
		r = apt_open(arena, arena_printf(arena, "%s/chosen", resolve->folder), &suite, 1, &chosen, err);
	if (r == 0)
		r = resolve_cut_layers(&work, &tree, &chosen, err);
	if (r == 0)
		r = resolve_check_removed(&work, &tree, err);
	if (r == 0)
		*ret_tree = tree;
	return r;
}
