/* aether-build plan RECIPE: what was decided, and what of it is there already. */
#include <inttypes.h>
#include <stdio.h>

#include "build/project.h"
#include "plan/fields.h"
#include "plan/json.h"
#include "tree/tree.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct plan_options {
	struct common_options common;
	struct project_options recipe;
};

static const struct option_group plan_option_groups[] = {{recipe_options, offsetof(struct plan_options, recipe)},
							 {kind_options, offsetof(struct plan_options, recipe)},
							 {0}};

/* A layer of packages and whether the cache has it. */
struct stand {
	const char *tree, *layer;
	const struct plan_layer *packages;
	bool cached;
};

static size_t verb_plan_look(const struct plan *plan, const struct cache *cache, struct stand stands[2 * LAYER_COUNT])
{
	const struct {
		const char *name;
		const struct plan_tree *tree;
	} trees[] = {{"image", &plan->image}, {"tools", &plan->tools}};
	size_t n = 0;

	for (size_t t = 0; t < 2; t++)
		for (unsigned l = 0; trees[t].tree->recipe && l < LAYER_COUNT; l++) {
			const struct plan_layer *packages = &trees[t].tree->layers[l];

			stands[n++] = (struct stand){trees[t].name, debian_layer_names[l], packages,
						     tree_cached(cache, packages)};
		}
	return n;
}

/* Where partitions will be, as far as that is known: an image larger than expected moves what comes after it. */
static int verb_plan_place(struct arena *arena, const struct plan *plan, struct disk_layout *ret_layout,
			   struct err *err)
{
	struct disk_layout layout = plan->layout;
	uint64_t *needs = arena_array(arena, uint64_t, layout.n_partitions + 1);

	layout.partitions = arena_array(arena, struct disk_partition, layout.n_partitions + 1);
	for (size_t i = 0; i < layout.n_partitions; i++)
		layout.partitions[i] = plan->layout.partitions[i];
	*ret_layout = layout;
	return layout.n_partitions ? layout_place(ret_layout, needs, err) : 0;
}

static void verb_plan_print_text(const struct plan *plan, const struct disk_layout *layout, const struct stand *stands,
				 size_t n)
{
	fputs(plan->text, stdout);
	puts("");
	for (size_t i = 0; i < layout->n_partitions; i++)
		printf("placed %s start=%" PRIu64 " size=%s%" PRIu64 "\n", layout->partitions[i].label,
		       layout->partitions[i].start,
		       plan->layout.partitions[i].size ? "" : "at-least:", layout->partitions[i].size);
	for (size_t i = 0; i < n; i++)
		printf("%s %s/%s %zu packages\n", stands[i].cached ? "cached" : "to-make", stands[i].tree, stands[i].layer,
		       stands[i].packages->n_packages);
}

static void verb_plan_print_json(struct arena *arena, const struct plan *plan, const struct disk_layout *layout,
				 const struct stand *stands, size_t n)
{
	_cleanup_jval_ struct jval *object = plan_json(plan);
	struct jval *cached = jval_new_object(), *placed = jval_new_array();

	for (size_t i = 0; i < n; i++)
		jval_set(cached, arena_printf(arena, "%s/%s", stands[i].tree, stands[i].layer),
			 jval_bool(stands[i].cached));
	for (size_t i = 0; i < layout->n_partitions; i++) {
		struct jval *part = jval_new_object();

		jval_set(part, "label", jval_text(layout->partitions[i].label));
		jval_set(part, "start", jval_number((int64_t)layout->partitions[i].start));
		jval_set(part, "size", jval_number((int64_t)layout->partitions[i].size));
		jval_set(part, "atLeast", jval_bool(!plan->layout.partitions[i].size));
		jval_add(placed, part);
	}
	jval_set(object, "cached", cached);
	jval_set(object, "placed", placed);
	puts(jval_print(arena, object, true));
}

static int verb_plan_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct plan_options *options = data;
	_cleanup_project_ struct project project = {0};
	struct stand stands[2 * LAYER_COUNT];
	struct disk_layout layout;
	struct cache *cache;
	int r = project_load(arguments[0], 0, &options->recipe, &project, err);
	size_t n;

	(void)n_arguments;
	if (r == 0)
		r = project_plan(&project, err);
	if (r == 0)
		r = verb_plan_place(project.arena, project.plan, &layout, err);
	if (r == 0)
		r = cache_open(options->common.cache ? options->common.cache : cache_default(project.arena), &cache, err);
	if (r < 0)
		return r;
	n = verb_plan_look(project.plan, cache, stands);
	cache_close(cache);
	if (options->common.json)
		verb_plan_print_json(project.arena, project.plan, &layout, stands, n);
	else
		verb_plan_print_text(project.plan, &layout, stands, n);
	return 0;
}

const struct verb verb_plan = {
	.name = "plan",
	.arguments = "RECIPE",
	.summary = "Prints everything that a build would do, without building",
	.options = plan_option_groups,
	.options_size = sizeof(struct plan_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = verb_plan_run,
};
