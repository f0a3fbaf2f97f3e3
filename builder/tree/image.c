#include <stddef.h>

#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/sandbox.h"
#include "tree/containers.h"
#include "tree/debs.h"
#include "tree/inside.h"
#include "tree/layer.h"
#include "tree/steps.h"
#include "tree/tree.h"

int step_run(const struct step *step, const char *const *argv, unsigned deadline_s, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
					  "TZ=UTC", "HOME=/root", "SOURCE_DATE_EPOCH=1", NULL};
	const struct sandbox sandbox = {.root = step->root};

	return sandbox_check(&sandbox, &(struct proc){.argv = argv, .env = env, .deadline_s = deadline_s}, err);
}

int step_configure(const struct step *step, struct err *err)
{
	const struct recipe *recipe = step->plan->recipe;

	for (size_t i = 0; i < recipe->n_configure; i++) {
		const struct recipe_hook *hook = &recipe->configure[i];
		struct arena *arena = arena_new();
		struct strv argv = {0};
		int r;

		for (size_t a = 0; a < hook->argv.count; a++)
			strv_push(arena, &argv, hook->argv.items[a]);
		*arena_push(arena, argv.items, argv.count) = NULL;
		r = step_run(step, argv.items, 0, err);
		arena_free(arena);
		if (r < 0)
			return err_wrap(err, "in the hook at %s:%u", hook->pos.file, hook->pos.line);
	}
	return 0;
}

typedef int image_step(const struct step *step, struct err *err);

/* Stacks the packages and the container images, and takes the `n` steps in what lies over them. */
static int image_make(struct arena *arena, struct cache *cache, const struct plan *plan, image_step *const *steps, size_t n,
		      struct tree *ret_tree, struct err *err)
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
	if (r < 0)
		return r;
	*ret_tree = tree;
	tree = (struct tree){.scratch_fd = -1};
	return 0;
}

int tree_image(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_tree, struct err *err)
{
	image_step *const steps[] = {
		step_users, step_downloads, step_files, step_quadlets, step_units, step_configure, step_clean,
		plan->recipe->kind == KIND_LXC ? step_container : step_var,
	};

	log_step("files and units");
	return image_make(arena, cache, plan, steps, sizeof steps / sizeof *steps, ret_tree, err);
}

int tree_ground(struct arena *arena, struct cache *cache, const struct plan *plan, struct tree *ret_tree, struct err *err)
{
	static image_step *const steps[] = {step_clean, step_ground};

	return image_make(arena, cache, plan, steps, sizeof steps / sizeof *steps, ret_tree, err);
}

/* The two trees of a plan, made side by side: installing packages keeps one core busy. */
struct both {
	struct cache *cache;
	const struct plan *plan;
	const struct plan_tree *trees[2];
	struct arena *arenas[2];
	struct tree *results[2];
	struct dpkg_progress progress;
};

static int make_one(void *data, size_t i, struct err *err)
{
	struct both *both = data;

	if (!both->results[i])
		return 0;
	return layer_packages(both->arenas[i], both->cache, both->trees[i], &both->progress, both->results[i], err);
}

/* Fetches and unpacks what both need, at once. */
static int prepare(struct both *both, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lock_package *missing = NULL;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < 2; i++)
		if (both->results[i])
			layer_missing(arena, both->cache, both->trees[i], &missing, &n);
	r = debs_prepare(both->cache, both->plan->lock, missing, n, err);
	both->progress.total = 2 * n;
	if (r == 0 && n)
		log_step("installing %zu packages", n);
	return r;
}

/* Moves a tree to its owner, paths included. */
static void give(struct arena *arena, struct tree *from, struct tree *ret_tree)
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
		{ret_image ? &image : NULL, ret_tools && plan->tools.recipe ? &tools : NULL}, {0},
	};
	int r = ret_image ? lock_fetch_downloads(plan->lock, cache, err) : 0;

	if (r == 0)
		r = prepare(&both, err);
	if (r == 0)
		r = pool_run(2, make_one, &both, err);
	if (r == 0) {
		give(arena, &image, ret_image);
		give(arena, &tools, ret_tools);
	}
	tree_close(&image); /* while the arenas that their paths live in are there */
	tree_close(&tools);
	arena_free(both.arenas[0]);
	arena_free(both.arenas[1]);
	return r;
}
