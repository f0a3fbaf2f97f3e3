#include "build/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "build/revealed.h"
#include "build/proof.h"
#include "host/userns.h"
#include "lock/fakes.h"
#include "plan/json.h"
#include "shelf/publish.h"
#include "tree/repeat.h"

/* --- what the manifest says ------------------------------------------------------------------------------------------ */

static void pipeline_note_packages(struct arena *arena, const struct plan *plan, struct manifest *manifest)
{
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		for (size_t i = 0; i < plan->image.layers[l].n_packages; i++) {
			const struct debian_package *package = &plan->image.layers[l].packages[i];

			*arena_push(arena, manifest->packages, manifest->n_packages) =
				(struct manifest_package){package->name, package->version, package->arch, package->sha256};
		}
}

static void pipeline_note_inputs(struct arena *arena, const struct plan *plan, struct manifest *manifest)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t i = 0; i < recipe->n_inputs; i++)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) =
			(struct manifest_input){recipe->inputs[i].name, recipe->inputs[i].sha256};
	for (size_t i = 0; i < plan->n_downloads; i++)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) = (struct manifest_input){
			arena_printf(arena, "downloads/%s", plan->downloads[i].words->name), plan->downloads[i].locked->sha256,
		};
	for (size_t i = 0; i < plan->n_containers; i++)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) = (struct manifest_input){
			arena_printf(arena, "images/%s", plan->containers[i].locked->image),
			plan->containers[i].locked->manifest.sha256,
		};
	if (plan->programs->init)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) =
			(struct manifest_input){"aether-init", plan->programs->init_sha256};
	if (plan->programs->box)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) =
			(struct manifest_input){"aether-box", plan->programs->box_sha256};
	if (plan->programs->secrets)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) =
			(struct manifest_input){"aether-secrets", plan->programs->secrets_sha256};
	if (plan->programs->disks)
		*arena_push(arena, manifest->inputs, manifest->n_inputs) =
			(struct manifest_input){"aether-disks", plan->programs->disks_sha256};
	*arena_push(arena, manifest->inputs, manifest->n_inputs) =
		(struct manifest_input){"aether-agent", plan->programs->agent_sha256};
}

static void pipeline_note_fakes(struct arena *arena, const struct plan *plan, struct manifest *manifest)
{
	const struct strv fakes = fakes_of(arena, plan->lock);

	for (size_t i = 0; i < fakes.count; i++)
		*arena_push(arena, manifest->fakes, manifest->n_fakes) = (struct manifest_fake){fakes.items[i]};
}

static struct manifest pipeline_describe(struct arena *arena, const struct plan *plan, const char *kind)
{
	struct manifest manifest = {
		.tool = "aether-build", .tool_version = AETHER_VERSION, .name = plan->recipe->name, .kind = kind,
		.key = plan->key, .epoch = plan->epoch,
	};

	pipeline_note_packages(arena, plan, &manifest);
	pipeline_note_inputs(arena, plan, &manifest);
	pipeline_note_fakes(arena, plan, &manifest);
	for (size_t i = 0; i < plan->recipe->state.count; i++)
		*arena_push(arena, manifest.state, manifest.n_state) = (struct manifest_state){plan->recipe->state.items[i]};
	return manifest;
}

/* --- the steps of a build ---------------------------------------------------------------------------------------- */

/* The trees of the packages lie below the image's, and are no business of a kind's. */
static int pipeline_make_trees(struct build *build, bool check_repeat, struct tree *packages, struct err *err)
{
	int r = tree_packages(build->arena, build->cache, build->plan, packages, &build->tools, err);

	if (r == 0 && check_repeat)
		r = tree_repeat(build->cache, build->plan, err);
	if (r == 0)
		r = tree_image(build->arena, build->cache, build->plan, &build->image, err);
	log_warnings(err);
	return r;
}

/* The plan stays beside the image: `why` and `diff` compare other plans with it. */
static int pipeline_keep_plan(const struct build *build, const struct publish_draft *draft, struct err *err)
{
	_cleanup_jval_ struct jval *plan = plan_json(build->plan);
	const char *text = jval_print(build->arena, plan, true);

	return file_publish(arena_printf(build->arena, "%s/plan.json", draft->folder), text, strlen(text), 0444, err);
}

/* What is known of secrets, and what was said while the image was made. */
struct pipeline_secrets {
	struct leak_value *values;
	size_t n;
	const char *lock;
	struct buf said;
};

static int pipeline_make(const struct build_kind *kind, struct build *build, const struct publish_wanted *wanted,
			 const struct pipeline_secrets *secrets, struct publish_draft *draft, const char **ret_path,
			 struct err *err)
{
	const char *file = arena_printf(build->arena, "%s.%s", build->plan->recipe->name, wanted->format);
	const char *image = arena_printf(build->arena, "%s/%s", draft->folder, file);
	struct manifest manifest = pipeline_describe(build->arena, build->plan, kind->name);
	struct err ignored = {0};
	int work_fd, r = cache_scratch(build->cache, build->arena, &build->work, &work_fd, err);

	if (r < 0)
		return r;
	r = kind->make(build, image, &manifest, err);
	path_remove(build->work, &ignored); /* else the next build sweeps it */
	err_free(&ignored);
	close(work_fd);
	manifest.image.file = file;
	manifest.image.format = wanted->format;
	manifest.image.compression = wanted->compression;
	if (r == 0)
		r = pipeline_keep_plan(build, draft, err);
	if (r == 0)
		r = proof_search(build, secrets->values, secrets->n,
				 &(struct proof_draft){draft->folder, image, &manifest, secrets->lock, &secrets->said}, err);
	return r == 0 ? publish_commit(build->arena, draft, &manifest, ret_path, err) : r;
}

/* A plain user is root from here on, in its own user and mount namespace: where the cache and the image go was
 * decided before. */
static int pipeline_build_new(const struct build_kind *kind, const struct build_how *how, struct project *project,
			      const struct publish_wanted *wanted, const char **ret_path, struct err *err)
{
	struct build build = {
		.arena = project->arena, .plan = project->plan,  .format = wanted->format,
		.compression = wanted->compression,
	};
	const char *cache = how->cache ? how->cache : cache_default(project->arena);
	struct publish_draft draft = {.fd = -1};
	struct tree packages = {.scratch_fd = -1};
	struct pipeline_secrets secrets = {.lock = project->lock->path};
	_cleanup_pool_ struct pool *pool = pool_new();
	int r;

	log_keep(&secrets.said);
	revealed_values(pool, project->recipe, &secrets.values, &secrets.n);
	r = kind->prepare ? kind->prepare(project->plan, cache, err) : 0;
	if (r == 0)
		r = userns_enter(err);
	build.image = build.tools = packages;
	if (r == 0)
		r = publish_begin(how->out, wanted->name, &draft, err);
	if (r == 0)
		r = cache_open(cache, &build.cache, err);
	if (r == 0)
		r = pipeline_make_trees(&build, how->check_repeat, &packages, err);
	if (r == 0)
		r = pipeline_make(kind, &build, wanted, &secrets, &draft, ret_path, err);
	log_keep(NULL);
	buf_free(&secrets.said);
	publish_abandon(&draft);
	tree_close(&build.image);
	tree_close(&build.tools);
	tree_close(&packages);
	cache_close(build.cache);
	return r;
}

/* The packages alone, for an image that is there already. */
static int pipeline_repeat(const struct build_how *how, struct project *project, struct err *err)
{
	const char *folder = how->cache ? how->cache : cache_default(project->arena);
	struct tree packages = {.scratch_fd = -1};
	struct cache *cache = NULL;
	int r = userns_enter(err);

	if (r == 0)
		r = cache_open(folder, &cache, err);
	if (r == 0)
		r = tree_packages(project->arena, cache, project->plan, &packages, NULL, err);
	if (r == 0)
		r = tree_repeat(cache, project->plan, err);
	tree_close(&packages);
	cache_close(cache);
	return r;
}

static void pipeline_report(bool json, struct arena *arena, const char *path, bool built)
{
	_cleanup_jval_ struct jval *object = NULL;

	if (!json) {
		puts(path);
		return;
	}
	object = jval_new_object();
	jval_set(object, "image", jval_text(path));
	jval_set(object, "built", jval_bool(built));
	puts(jval_print(arena, object, false));
}

/* The generation that the recipe and its lock give: the one there is, or a new one. *ret_built: which of the two. */
static int pipeline_find_or_build(const struct build_kind *kind, const struct build_how *how, struct project *project,
				  const char **ret_image, bool *ret_built, struct err *err)
{
	struct publish_wanted wanted = {
		.format = how->format ? how->format : kind->format,
	};
	int r;

	wanted.compression = how->compression ? how->compression : kind->compression(wanted.format);
	r = kind->check(wanted.format, wanted.compression, err);

	if (r == 0)
		r = project_plan(project, err);
	if (r < 0)
		return r;
	wanted.name = project_shelf(project);
	wanted.key = project->plan->key;
	*ret_built = !publish_find(project->arena, how->out, &wanted, ret_image);
	if (*ret_built)
		return pipeline_build_new(kind, how, project, &wanted, ret_image, err);
	log_note("nothing has changed since this was built");
	return how->check_repeat ? pipeline_repeat(how, project, err) : 0;
}

int build_run(const struct build_kind *kind, const struct build_how *how, const char *path, bool json, struct err *err)
{
	_cleanup_project_ struct project project = {0};
	const char *image;
	bool built;
	int r = project_load(path, kind->kind, &how->recipe, &project, err);

	if (r == 0)
		r = pipeline_find_or_build(kind, how, &project, &image, &built, err);
	if (r < 0)
		return r;
	log_step(NULL);
	pipeline_report(json, project.arena, image, built);
	return 0;
}

/* --- for others ------------------------------------------------------------------------------------------------------ */

/* What the process that builds does: the image's path goes into the pipe. */
static int pipeline_build_apart(const struct build_how *how, unsigned kind, const char *recipe, int fd)
{
	_cleanup_project_ struct project project = {0};
	struct err err = {0};
	const char *image;
	bool built;
	int r = project_load(recipe, kind, &how->recipe, &project, &err);

	if (r == 0)
		r = pipeline_find_or_build(project.recipe->kind == KIND_LXC ? &build_lxc : &build_vm, how, &project,
					   &image, &built, &err);
	log_step(NULL);
	if (r == 0 && fd_write_all(fd, image, strlen(image)) < 0)
		r = err_set(&err, -EPIPE, "cannot pass on which image was built");
	log_warnings(&err);
	if (r < 0)
		err_print(&err, stderr);
	err_free(&err);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The child's answer, to its end. */
static void pipeline_read_answer(int fd, char answer[PATH_MAX])
{
	size_t size = 0;
	ssize_t n;

	while (size < PATH_MAX - 1 && (n = read(fd, answer + size, PATH_MAX - 1 - size)) > 0)
		size += (size_t)n;
	answer[size] = 0;
}

int build_obtain(const struct build_how *how, unsigned kind, const char *recipe, struct arena *arena,
		 const char **ret_image, struct err *err)
{
	char answer[PATH_MAX];
	int pipe_fds[2], status = 0;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(pipeline_build_apart(how, kind, recipe, pipe_fds[1]));
	close(pipe_fds[1]);
	pipeline_read_answer(child < 0 ? -1 : pipe_fds[0], answer);
	close(pipe_fds[0]);
	if (child < 0)
		return err_sys(err, -errno, "cannot start the process that builds");
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
		return -ECHILD;
	*ret_image = arena_strdup(arena, answer);
	return 0;
}
