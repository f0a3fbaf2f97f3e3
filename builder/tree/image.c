#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "host/pool.h"
#include "host/sandbox.h"
#include "tree/containers.h"
#include "tree/debs.h"
#include "tree/inside.h"
#include "tree/layer.h"
#include "tree/steps.h"
#include "tree/tree.h"

const char *const step_env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
				"TZ=UTC", "HOME=/root", "SOURCE_DATE_EPOCH=1", NULL};

int step_run(const struct step *step, const char *const *argv, unsigned deadline_s, struct err *err)
{
	const struct sandbox sandbox = {.root = step->root, .hostname = step->plan->recipe->name};

	return sandbox_check(&sandbox, &(struct proc){.argv = argv, .env = step_env, .deadline_s = deadline_s}, err);
}

typedef int image_step(const struct step *step, struct err *err);

/* Files, units and hooks. Names are asked when files or units were refused, too: all that is misspelt is told at once. */
static int tree_image_words(const struct step *step, struct err *err)
{
	static image_step *const steps[] = {step_files, step_fstab, step_logins, step_tmpfiles,
					     step_judges, step_quadlets, step_units};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof steps / sizeof *steps; i++)
		r = steps[i](step, err);
	if (r == 0)
		r = step_configure(step, err);
	else
		step_names(step, err);
	return r == 0 ? step_names(step, err) : r;
}

/* Stacks the packages and the container images, and takes the `n` steps in what lies over them. */
static int tree_image_make(struct arena *arena, struct cache *cache, const struct plan *plan, image_step *const *steps,
			   size_t n, struct tree *ret_tree, struct err *err)
{
	_cleanup_tree_ struct tree tree = {.scratch_fd = -1};
	_cleanup_fd_ int root_fd = -1;
	struct step step = {.plan = plan, .cache = cache};
	struct strv containers;
	int r = containers_prepare(arena, cache, plan, &containers, err);

	if (r < 0)
		return r;
	r = layer_writable(arena, cache, &plan->image, &containers, &tree, err);
	if (r < 0)
		return r;
	root_fd = inside_open(tree.path, err);
	if (root_fd < 0)
		return root_fd;
	step.root = tree.path;
	step.root_fd = root_fd;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = steps[i](&step, err);
	if (r == 0)
		r = err_result(err); /* a warning of a step, which is an error with --strict */
	if (r < 0)
		return r;
	*ret_tree = tree;
	tree = (struct tree){.scratch_fd = -1};
	return 0;
}

int tree_image(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_tree, struct err *err)
{
	image_step *const steps[] = {
		step_numbers, step_hostname, step_users, step_downloads, tree_image_words, step_clean, step_own, step_secrets,
		plan->recipe->kind == KIND_LXC ? step_container : step_var,
	};

	log_step("files and units");
	return tree_image_make(arena, cache, plan, steps, sizeof steps / sizeof *steps, ret_tree, err);
}

int tree_ground(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_tree, struct err *err)
{
	static image_step *const steps[] = {step_ground_numbers, step_clean, step_ground};

	return tree_image_make(arena, cache, plan, steps, sizeof steps / sizeof *steps, ret_tree, err);
}

/* The two trees of a plan, made side by side: installing packages keeps one core busy. */
struct both {
	struct cache *cache;
	const struct plan *plan;
	const struct plan_tree *trees[2];
	struct arena *arenas[2];
	struct tree *results[2];
	struct debian_package *missing; /* those of the bottom layers first */
	size_t n_missing, n_bottom;
	struct dpkg_progress progress;
};

/* Adds what the bottom layers lack, or those above; how many packages that is to install. */
static size_t tree_image_both_add(struct both *both, struct arena *arena, bool bottom)
{
	const char *image = both->trees[0]->layers[LAYER_BASE].key, *tools = both->trees[1]->layers[LAYER_BASE].key;
	size_t wanted[2] = {0};

	for (size_t i = 0; i < 2; i++)
		if (both->results[i])
			wanted[i] = layer_missing(arena, both->cache, both->trees[i], bottom, &both->missing, &both->n_missing);
	if (bottom && wanted[0] && wanted[1] && strcmp(image, tools) == 0)
		return wanted[0]; /* it is the same one */
	return wanted[0] + wanted[1];
}

/* What both need is fetched at once. */
static int tree_image_both_fetch(struct both *both, struct arena *arena, struct err *err)
{
	both->progress.total = 2 * tree_image_both_add(both, arena, true);
	both->n_bottom = both->n_missing;
	both->progress.total += 2 * tree_image_both_add(both, arena, false);
	return debs_fetch(both->cache, both->plan->lock, both->missing, both->n_missing, err);
}

static int tree_image_both_unpack(void *data, size_t i, struct err *err)
{
	struct both *both = data;

	return deb_unpack(both->cache, &both->missing[i], err);
}

/* First the bottom layer, which keeps a core busy, and beside it what comes above is unpacked: the one waits for nothing of the
 * other. */
static int tree_image_both_begin(void *data, size_t job, struct err *err)
{
	struct both *both = data;

	if (job > 0)
		return tree_image_both_unpack(data, both->n_bottom + job - 1, err);
	return both->n_bottom ? layer_bottom(both->cache, both->trees[both->results[0] ? 0 : 1], &both->progress, err) : 0;
}

static int tree_image_both_finish(void *data, size_t i, struct err *err)
{
	struct both *both = data;

	if (!both->results[i])
		return 0;
	return layer_packages(both->arenas[i], both->cache, both->trees[i], &both->progress, both->results[i], err);
}

static int tree_image_both_make(struct both *both, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = tree_image_both_fetch(both, arena, err);

	if (r == 0 && both->n_missing)
		log_step("installing %zu packages", both->progress.total / 2);
	if (r == 0)
		r = pool_run(both->n_bottom, tree_image_both_unpack, both, err);
	if (r == 0)
		r = pool_run(1 + both->n_missing - both->n_bottom, tree_image_both_begin, both, err);
	return r == 0 ? pool_run(2, tree_image_both_finish, both, err) : r;
}

/* Moves a tree to its owner, paths included. */
static void tree_image_give(struct arena *arena, struct tree *from, struct tree *ret_tree)
{
	if (!ret_tree)
		return;
	*ret_tree = *from;
	ret_tree->path = arena_strdup(arena, from->path);
	ret_tree->scratch = arena_strdup(arena, from->scratch);
	*from = (struct tree){.scratch_fd = -1};
}

int tree_packages(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_image,
		  struct tree *ret_tools, struct err *err)
{
	struct tree image = {.scratch_fd = -1}, tools = {.scratch_fd = -1};
	struct both both = {
		cache, plan, {&plan->image, &plan->tools}, {arena_new(), arena_new()},
		{ret_image ? &image : NULL, ret_tools && plan->tools.recipe ? &tools : NULL}, NULL, 0, 0, {0},
	};
	int r = ret_image ? lock_fetch_downloads(plan->lock, cache, err) : 0;

	if (r == 0)
		r = tree_image_both_make(&both, err);
	if (r == 0) {
		tree_image_give(arena, &image, ret_image);
		tree_image_give(arena, &tools, ret_tools);
	}
	tree_close(&image); /* while the arenas that their paths live in are there */
	tree_close(&tools);
	arena_free(both.arenas[0]);
	arena_free(both.arenas[1]);
	return r;
}
