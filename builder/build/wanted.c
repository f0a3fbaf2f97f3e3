#include "build/wanted.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "build/proof.h"
#include "build/project.h"
#include "shelf/generation.h"
#include "tree/debs.h"

struct wanted {
	struct arena *arena;
	const char *out;
	struct strv entries;
};

static void wanted_add(struct wanted *wanted, const char *room, const char *key)
{
	if (key)
		strv_push(wanted->arena, &wanted->entries, arena_printf(wanted->arena, "%s/%s", room, key));
}

/* --- locks ----------------------------------------------------------------------------------------------------------- */

static void wanted_packages(struct wanted *wanted, const struct package_set *tree)
{
	for (size_t i = 0; i < tree->n_packages; i++) {
		wanted_add(wanted, "blobs", tree->packages[i].sha256);
		wanted_add(wanted, "debs", deb_key(wanted->arena, tree->packages[i].sha256));
	}
}

static void wanted_lock(struct wanted *wanted, const struct lock *lock)
{
	wanted_packages(wanted, &lock->image);
	wanted_packages(wanted, &lock->tools);
	for (size_t i = 0; i < lock->n_downloads; i++)
		wanted_add(wanted, "blobs", lock->downloads[i].sha256);
	for (size_t i = 0; i < lock->n_containers; i++) {
		const struct oci_image *container = &lock->containers[i];

		wanted_add(wanted, "blobs", container->manifest.sha256);
		wanted_add(wanted, "blobs", container->config.sha256);
		for (size_t l = 0; l < container->n_layers; l++)
			wanted_add(wanted, "blobs", container->layers[l].sha256);
	}
}

/* What is kept for its key, and what is remembered of that. */
static void wanted_made(struct wanted *wanted, const char *room, const char *key)
{
	wanted_add(wanted, room, key);
	wanted_add(wanted, "leaks", key ? proof_key(wanted->arena, key) : NULL);
}

static void wanted_plan(struct wanted *wanted, const struct plan *plan)
{
	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		wanted_made(wanted, "layers", plan->image.layers[l].key);
		wanted_add(wanted, "layers", plan->tools.layers[l].key);
	}
	for (size_t i = 0; i < plan->n_containers; i++)
		wanted_made(wanted, "containers", plan->containers[i].key);
	wanted_add(wanted, "roots", plan->ground_key);
}

/* The recipe beside the lock, in the kind that the lock is of. What its lock says is wanted whether or not it can be
 * planned. */
static void wanted_recipe(struct wanted *wanted, const char *path)
{
	static const struct project_options as_usual;
	static const unsigned kinds[] = {KIND_VM, KIND_LXC, KIND_TOOLS};
	const char *stem = arena_strndup(wanted->arena, path, strlen(path) - strlen(".lock"));
	const char *recipe = arena_printf(wanted->arena, "%s.recipe", stem);
	struct err problem = {0};
	bool planned = false;

	if (!path_exists(recipe) && text_has_suffix(stem, ".lxc"))
		recipe = arena_printf(wanted->arena, "%.*s.recipe", (int)(strlen(stem) - 4), stem);
	if (!path_exists(recipe))
		return; /* another program's lock */

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct project project = {0};
		struct err err = {0};

		if (project_load(recipe, kinds[i], &as_usual, &project, &err) == 0 && project_plan(&project, &err) == 0) {
			wanted_plan(wanted, project.plan);
			planned = true;
		}
		if (project.lock)
			wanted_lock(wanted, project.lock);
		if (!planned && problem.count == 0)
			err_take(&problem, &err);
		err_free(&err);
		project_close(&project);
	}
	if (!planned)
		log_warn("cannot tell all that '%s' needs: %s", path,
			 problem.first ? problem.first->text : "no kind of its recipe fits");
	err_free(&problem);
}

/* The nearest folder around `folder` with .git, else that folder. */
static const char *wanted_repository(struct arena *arena, const char *folder)
{
	char real[PATH_MAX];
	char *at;

	if (!realpath(folder, real))
		return arena_strdup(arena, folder);
	for (at = arena_strdup(arena, real); *at; *strrchr(at, '/') = 0)
		if (path_exists(arena_printf(arena, "%s/.git", at)))
			return at;
	return arena_strdup(arena, real);
}

static int wanted_locks(struct wanted *wanted, const char *folder, struct err *err)
{
	char *const paths[] = {(char *)wanted_repository(wanted->arena, folder), NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;

	if (!walk)
		return err_sys(err, -errno, "cannot look for locks below '%s'", paths[0]);
	while ((entry = fts_read(walk))) {
		if (entry->fts_info == FTS_D && entry->fts_level > 0 && entry->fts_name[0] == '.')
			fts_set(walk, entry, FTS_SKIP);
		if (entry->fts_info == FTS_F && text_has_suffix(entry->fts_name, ".lock") && entry->fts_name[0] != '.')
			wanted_recipe(wanted, entry->fts_path);
	}
	fts_close(walk);
	return 0;
}

/* --- generations ------------------------------------------------------------------------------------------------------ */

static void wanted_json_layers(struct wanted *wanted, const struct jval *tree)
{
	const struct jval *layers = jval_get(tree, "layers");

	for (size_t l = 0; l < jval_count(layers); l++) {
		const struct jval *packages = jval_get(jval_item(layers, l), "packages");

		wanted_add(wanted, "layers", jval_get_text(jval_item(layers, l), "key"));
		for (size_t i = 0; i < jval_count(packages); i++) {
			const char *sha256 = jval_get_text(jval_item(packages, i), "sha256");

			wanted_add(wanted, "blobs", sha256);
			if (sha256)
				wanted_add(wanted, "debs", deb_key(wanted->arena, sha256));
		}
	}
}

static void wanted_json(struct wanted *wanted, const struct jval *plan)
{
	const struct jval *downloads = jval_get(plan, "downloads"), *containers = jval_get(plan, "containers");

	wanted_json_layers(wanted, jval_get(plan, "image"));
	wanted_json_layers(wanted, jval_get(plan, "tools"));
	for (size_t i = 0; i < jval_count(downloads); i++)
		wanted_add(wanted, "blobs", jval_get_text(jval_item(downloads, i), "sha256"));
	for (size_t i = 0; i < jval_count(containers); i++) {
		wanted_add(wanted, "blobs", jval_get_text(jval_item(containers, i), "sha256"));
		wanted_add(wanted, "containers", jval_get_text(jval_item(containers, i), "key"));
	}
}

static int wanted_generations(struct wanted *wanted, struct err *err)
{
	const struct strv shelves = generation_shelves(wanted->arena, wanted->out);
	int r = 0;

	for (size_t s = 0; r == 0 && s < shelves.count; s++) {
		struct generation *generations = NULL;
		size_t n = 0;

		r = generation_list(wanted->arena, wanted->out, shelves.items[s], &generations, &n, err);
		for (size_t i = 0; r == 0 && i < n; i++) {
			_cleanup_jval_ struct jval *plan = NULL;
			struct err problem = {0};

			if (generation_plan(wanted->arena, &generations[i], &plan, &problem) == 0)
				wanted_json(wanted, plan);
			else
				log_warn("cannot tell what '%s/%u' needs: %s", generations[i].name, generations[i].number,
					 problem.first->text);
			err_free(&problem);
		}
	}
	return r;
}

/* --- both ------------------------------------------------------------------------------------------------------------ */

int wanted_entries(struct arena *arena, const char *out, const char *folder, struct strv *ret_entries,
		   struct err *err)
{
	struct wanted wanted = {.arena = arena, .out = out};
	int r = wanted_locks(&wanted, folder, err);

	if (r == 0)
		r = wanted_generations(&wanted, err);
	if (r < 0)
		return r;
	strv_sort(&wanted.entries);
	*ret_entries = wanted.entries;
	return 0;
}

static int wanted_compare(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

bool wanted_has(const struct strv *entries, const char *room, const char *key)
{
	char name[PATH_MAX];

	if (entries->count == 0 || snprintf(name, sizeof name, "%s/%s", room, key) >= (int)sizeof name)
		return false;
	return bsearch(name, entries->items, entries->count, sizeof *entries->items, wanted_compare) != NULL;
}
