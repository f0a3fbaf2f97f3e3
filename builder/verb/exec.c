/* aether-build exec RECIPE -- PROGRAM [ARGUMENT…]: runs a program of a tools tree in place of this one. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "build/project.h"
#include "host/userns.h"
#include "tree/enter.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct exec_options {
	struct common_options common;
	struct project_options recipe;
};

static const struct option_group exec_option_groups[] = {{recipe_options, offsetof(struct exec_options, recipe)}, {0}};

static const char SEARCH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* The tree is mounted from the cache: nothing is copied, and nothing stays when the program has ended. */
static int exec_enter(const struct exec_options *options, const struct project *project, struct err *err)
{
	const char *folder = options->common.cache ? options->common.cache : cache_default(project->arena);
	struct tree tree = {.scratch_fd = -1};
	struct cache *cache = NULL;
	int r = userns_enter(err);

	if (r == 0)
		r = cache_open(folder, &cache, err);
	if (r == 0)
		r = tree_packages(project->arena, cache, project->plan, &tree, NULL, err);
	if (r == 0)
		r = cache_outlive(cache, err);
	return r == 0 ? tree_enter(&tree, err) : r; /* what is open now is kept until the program ends */
}

static int exec_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct exec_options *options = data;
	_cleanup_project_ struct project project = {0};
	int r = project_load(arguments[0], KIND_TOOLS, &options->recipe, &project, err);

	(void)n_arguments;
	if (r == 0)
		r = project_plan(&project, err);
	if (r == 0)
		r = exec_enter(options, &project, err);
	log_step(NULL);
	if (r < 0)
		return r;
	if (setenv("PATH", SEARCH, 1) < 0)
		return err_sys(err, -errno, "cannot set PATH");
	signal(SIGPIPE, SIG_DFL); /* main ignores it */
	execvp(arguments[1], arguments + 1);
	r = err_sys(err, -errno, "cannot run '%s' of '%s'", arguments[1], project.recipe->name);
	err_hint(err, "add the package that contains it to the recipe, and lock again");
	return r;
}

const struct verb verb_exec = {
	.name = "exec",
	.arguments = "RECIPE -- PROGRAM…",
	.summary = "Runs a program of a tools recipe without installing it",
	.options = exec_option_groups,
	.options_size = sizeof(struct exec_options),
	.min_arguments = 2,
	.max_arguments = ANY_NUMBER,
	.run = exec_run,
};
