/* aether-build lock [--update [NAME…]] RECIPE… */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "build/project.h"
#include "edge/jval.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct lock_options {
	struct common_options common;
	struct project_options recipe;
	bool update, allow_expired;
};

static const struct option lock_own_options[] = {
	{"update", NULL, "update all, or only the packages, downloads and images named", OPTION_FLAG,
	 offsetof(struct lock_options, update), NULL},
	{"allow-expired-release", NULL, "accept an archive past its Valid-Until date, with a warning", OPTION_FLAG,
	 offsetof(struct lock_options, allow_expired), NULL},
	{0},
};
static const struct option_group lock_option_groups[] = {{recipe_options, offsetof(struct lock_options, recipe)},
							 {kind_options, offsetof(struct lock_options, recipe)},
							 {lock_own_options, 0},
							 {0}};

static bool verb_lock_is_recipe(const char *argument)
{
	return text_has_suffix(argument, ".recipe");
}

/* Packages, downloads and images are named before the recipes, and only with --update. */
static int verb_lock_read_packages(struct arena *arena, const struct lock_options *options, char *const *arguments,
				   size_t n, struct strv *ret_packages, struct err *err)
{
	size_t recipes = 0;

	for (size_t i = 0; i < n; i++) {
		if (verb_lock_is_recipe(arguments[i])) {
			recipes++;
			continue;
		}
		if (!options->update) {
			err_set(err, -EINVAL, "'%s' is not a recipe", arguments[i]);
			return err_hint(err, "recipes are files named NAME.recipe; packages, downloads and images are named "
					     "with --update only");
		}
		strv_push(arena, ret_packages, arguments[i]);
	}
	return recipes ? 0 : err_set(err, -EINVAL, "no recipe was named");
}

static void verb_lock_report(const struct lock_options *options, struct arena *arena, const struct lock *lock)
{
	_cleanup_jval_ struct jval *object = NULL;

	if (!options->common.json) {
		puts(lock->path);
		return;
	}
	object = jval_new_object();
	jval_set(object, "lock", jval_text(lock->path));
	jval_set(object, "packages", jval_number((int64_t)lock->image.n_packages));
	jval_set(object, "tools", jval_number((int64_t)lock->tools.n_packages));
	jval_set(object, "epoch", jval_number(lock->epoch));
	puts(jval_print(arena, object, false));
}

/* Locks the recipe as one kind, 0: the one that is asked for, or its first. Says which others there are. */
static int verb_lock_kind(const struct lock_options *options, const char *path, unsigned kind, struct cache *cache,
			  const struct strv *packages, unsigned *ret_others, struct err *err)
{
	_cleanup_project_ struct project project = {0};
	const struct lock_how how = {
		.allow_expired = options->allow_expired || getenv("AETHER_ALLOW_EXPIRED_RELEASE"),
		.update = options->update,
		.update_packages = *packages,
		.fakes = options->recipe.fakes,
		.check = project_check_lock,
		.check_data = &project,
	};
	int r = project_load(path, kind, &options->recipe, &project, err);

	if (r == 0)
		r = lock_make(project.arena, project.recipe, project.tools, cache, &how, &project.lock, err);
	if (r < 0)
		return err_wrap(err, "while locking '%s'", path);
	verb_lock_report(options, project.arena, project.lock);
	*ret_others = project.recipe->kinds & ~project.recipe->kind;
	return 0;
}

/* Each kind of a recipe has packages of its own, and so a lock. */
static int verb_lock_one(const struct lock_options *options, const char *path, struct cache *cache,
			 const struct strv *packages, struct err *err)
{
	unsigned others, ignored;
	int r = verb_lock_kind(options, path, 0, cache, packages, &others, err);

	for (unsigned kind = KIND_VM; r == 0 && !options->recipe.kind && kind <= KIND_TOOLS; kind <<= 1)
		if (others & kind)
			r = verb_lock_kind(options, path, kind, cache, packages, &ignored, err);
	return r;
}

static int verb_lock_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct lock_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv packages = {0};
	struct cache *cache;
	int r = verb_lock_read_packages(arena, options, arguments, n_arguments, &packages, err);

	if (r == 0)
		r = cache_open(options->common.cache ? options->common.cache : cache_default(arena), &cache, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n_arguments; i++)
		if (verb_lock_is_recipe(arguments[i]))
			r = verb_lock_one(options, arguments[i], cache, &packages, err);
	cache_close(cache);
	return r;
}

const struct verb verb_lock = {
	.name = "lock",
	.arguments = "RECIPE…",
	.summary = "Chooses exact package versions and writes them to NAME.lock",
	.options = lock_option_groups,
	.options_size = sizeof(struct lock_options),
	.min_arguments = 1,
	.max_arguments = ANY_NUMBER,
	.run = verb_lock_run,
};
