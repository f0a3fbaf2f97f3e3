/* aether-build vm RECIPE: from the recipe to an image that boots. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "artifact/image.h"
#include "base/file.h"
#include "base/log.h"
#include "base/userns.h"
#include "disk/compose.h"
#include "edge/json.h"
#include "release/publish.h"
#include "tree/tree.h"
#include "verb/project.h"

static int read_disk(void *data, uint64_t offset, void *out, size_t size, struct err *err)
{
	return disk_read(data, offset, out, size, err);
}

static uint64_t next_data(void *data, uint64_t offset)
{
	return disk_next_data(data, offset);
}

static struct publish_wanted wanted_of(const struct verb_options *options, const struct plan *plan)
{
	return (struct publish_wanted){
		.name = plan->recipe->name, .key = plan->key,
		.format = options->format ? options->format : "qcow2",
		.compression = options->compress ? options->compress : "none",
	};
}

/* --- what the manifest says ------------------------------------------------------------------------------------------ */

static void note_packages(struct arena *arena, const struct plan *plan, struct manifest *manifest)
{
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		for (size_t i = 0; i < plan->image.layers[l].n_packages; i++) {
			const struct lock_package *package = &plan->image.layers[l].packages[i];

			*arena_push(arena, manifest->packages, manifest->n_packages) =
				(struct manifest_package){package->name, package->version, package->arch, package->sha256};
		}
}

static void note_inputs(struct arena *arena, const struct plan *plan, struct manifest *manifest)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t i = 0; i < recipe->n_inputs; i++)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) =
			(struct manifest_input){recipe->inputs[i].name, recipe->inputs[i].sha256};
	*arena_push(arena, manifest->inputs, manifest->n_inputs) = (struct manifest_input){"aether-init", plan->init_sha256};
}

static void note_partitions(struct arena *arena, const struct disk_layout *layout, struct manifest *manifest)
{
	for (size_t i = 0; i < layout->n_partitions; i++) {
		const struct disk_partition *part = &layout->partitions[i];

		*arena_push(arena, manifest->partitions, manifest->n_partitions) = (struct manifest_partition){
			part->label, part->type, part->uuid, part->start, part->size, disk_content_name(part->content),
		};
	}
}

static struct manifest describe(struct arena *arena, const struct plan *plan, const struct disk_facts *facts)
{
	struct manifest manifest = {
		.tool = "aether-build", .tool_version = AETHER_VERSION, .name = plan->recipe->name, .kind = "vm", .key = plan->key,
		.epoch = plan->epoch, .root_hash = facts->root_hash, .kernel = facts->kernel,
	};

	note_packages(arena, plan, &manifest);
	note_inputs(arena, plan, &manifest);
	note_partitions(arena, &facts->layout, &manifest);
	for (size_t i = 0; i < plan->recipe->state.count; i++)
		*arena_push(arena, manifest.state, manifest.n_state) = (struct manifest_state){plan->recipe->state.items[i]};
	return manifest;
}

/* --- the way there --------------------------------------------------------------------------------------------------- */

/* A build in the making: what it holds open, and where it works. */
struct build {
	struct arena *arena;
	const struct project *project;
	struct cache *cache;
	struct tree packages, tools, image;
	const char *work;
	int work_fd;
	struct disk disk;
	struct disk_facts facts;
};

static void build_close(struct build *build)
{
	struct err ignored = {0};

	disk_close(&build->disk);
	tree_close(&build->image);
	tree_close(&build->packages);
	tree_close(&build->tools);
	if (build->work_fd >= 0) {
		path_remove(build->work, &ignored); /* else the next build sweeps it */
		close(build->work_fd);
	}
	err_free(&ignored);
	cache_close(build->cache);
	*build = (struct build){.work_fd = -1};
}

static int compose(struct build *build, struct err *err)
{
	const struct plan *plan = build->project->plan;
	struct disk_spec spec = {
		.name = plan->recipe->name, .layout = plan->layout, .cmdline = plan->cmdline, .seed = plan->seed,
		.epoch = plan->epoch, .init = build->project->init,
	};
	int r = tree_packages(build->arena, build->cache, plan, &build->packages, &build->tools, err);

	if (r == 0)
		r = tree_image(build->arena, build->cache, plan, &build->image, err);
	if (r == 0)
		r = cache_scratch(build->cache, build->arena, &build->work, &build->work_fd, err);
	if (r < 0)
		return r;
	log_step("composing the disk");
	spec.root = build->image.path;
	spec.tools.root = build->tools.path;
	spec.work = build->work;
	return disk_compose(build->arena, &spec, &build->disk, &build->facts, err);
}

static int write_image(struct build *build, const struct publish_wanted *wanted, struct publish_draft *draft, const char **ret_path,
		       struct err *err)
{
	const struct image_source source = {build->disk.size_bytes, &build->disk, read_disk, next_data};
	const char *file = arena_printf(build->arena, "%s.%s", wanted->name, wanted->format);
	struct manifest manifest = describe(build->arena, build->project->plan, &build->facts);
	struct image_facts image;
	int r;

	log_step("writing %s", file);
	r = image_write(&source, wanted->format, wanted->compression, arena_printf(build->arena, "%s/%s", draft->folder, file),
			&image, err);
	if (r < 0)
		return r;
	manifest.image = (struct manifest_image){
		file, wanted->format, wanted->compression, image.size_bytes, build->disk.size_bytes, image.sha256,
	};
	return publish_commit(build->arena, draft, &manifest, ret_path, err);
}

static int build_image(const struct verb_options *options, const struct project *project, const struct publish_wanted *wanted,
		       const char **ret_path, struct err *err)
{
	struct build build = {.arena = project->arena, .project = project, .work_fd = -1};
	const char *cache = options->cache ? options->cache : cache_default(project->arena);
	struct publish_draft draft = {.fd = -1};
	int r = userns_enter(err);

	if (r == 0)
		r = publish_begin(options->out, wanted->name, &draft, err);
	if (r == 0)
		r = cache_open(cache, &build.cache, err);
	if (r == 0)
		r = compose(&build, err);
	if (r == 0)
		r = write_image(&build, wanted, &draft, ret_path, err);
	publish_abandon(&draft);
	build_close(&build);
	return r;
}

static void report(const struct verb_options *options, struct arena *arena, const char *path, bool built)
{
	_cleanup_json_ struct json *object = NULL;

	if (!options->json) {
		puts(path);
		return;
	}
	object = json_new_object();
	json_set(object, "image", json_text(path));
	json_set(object, "built", json_bool(built));
	puts(json_print(arena, object, false));
}

static int run(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_project_ struct project project = {0};
	struct publish_wanted wanted;
	const char *path;
	int r = project_load(arguments[0], KIND_VM, options, &project, err), found = 0;

	(void)n_arguments;
	if (r == 0)
		r = project_plan(&project, err);
	if (r < 0)
		return r;
	wanted = wanted_of(options, project.plan);
	r = image_check(wanted.format, wanted.compression, err);
	if (r == 0)
		found = publish_find(project.arena, options->out, &wanted, &path);
	if (r == 0 && found)
		log_note("nothing has changed since this was built");
	else if (r == 0)
		r = build_image(options, &project, &wanted, &path, err);
	if (r < 0)
		return r;
	log_step(NULL);
	report(options, project.arena, path, !found);
	return 0;
}

const struct verb verb_vm = {
	.name = "vm", .arguments = "RECIPE", .summary = "Composes the disk image of a virtual machine, and prints its path",
	.accepts = ACCEPTS_OUT | ACCEPTS_FORMAT | ACCEPTS_COMPRESS | ACCEPTS_RECIPE, .min_arguments = 1, .max_arguments = 1,
	.run = run,
};
