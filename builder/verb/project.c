#include "verb/project.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/digest.h"
#include "lock/fakes.h"

/* Beside the program when it was just compiled, else where it was installed. */
static int find_init(struct arena *arena, const char **ret_path, struct err *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *installed = AETHER_LIBDIR "/aether-init", *beside = NULL;
	char *slash;

	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
		beside = arena_printf(arena, "%.*s/aether-init", (int)(slash - self), self);
	}
	*ret_path = beside && path_exists(beside) ? beside : installed;
	if (path_exists(*ret_path))
		return 0;
	err_set(err, -ENOENT, "cannot find aether-init, the program that starts inside the image");
	return err_hint(err, "it is made beside aether-build by 'make', and installed as %s", installed);
}

static int read_kind(const struct verb_options *options, unsigned *kind, struct err *err)
{
	if (!options->kind)
		return 0;
	*kind = recipe_kind(options->kind);
	if (*kind)
		return 0;
	err_set(err, -EINVAL, "there is no kind '%s'", options->kind);
	return err_hint(err, "choose one of: vm, lxc, tools");
}

int project_load(const char *path, unsigned kind, const struct verb_options *options, struct project *project, struct err *err)
{
	struct recipe_options how = {.allow_outside = options->allow_outside, .kind = kind};
	int r;

	project->arena = arena_new();
	project->fakes = options->fakes;
	r = fakes_check(project->fakes, err);
	if (r == 0)
		r = read_kind(options, &how.kind, err);
	if (r == 0)
		r = recipe_load(project->arena, path, &how, &project->recipe, err);
	if (r < 0 || !project->recipe->tools)
		return r;
	how.kind = KIND_TOOLS;
	return recipe_load(project->arena, project->recipe->tools, &how, &project->tools, err);
}

int project_plan(struct project *project, struct err *err)
{
	bool has_init = project->recipe->kind != KIND_LXC;
	char *init_sha256 = has_init ? arena_array(project->arena, char, SHA256_HEX) : NULL;
	int r = has_init ? find_init(project->arena, &project->init, err) : 0;

	if (r == 0 && has_init)
		r = sha256_file(project->init, init_sha256, NULL, err);
	if (r == 0)
		r = lock_for(project->arena, project->recipe, project->tools, project->fakes, &project->lock, err);
	if (r == 0)
		r = plan_make(project->arena, project->recipe, project->tools, project->lock, init_sha256, &project->plan, err);
	return r;
}

const char *project_shelf(const struct project *project)
{
	return arena_printf(project->arena, "%s%s", project->recipe->name, recipe_suffix(project->arena, project->recipe));
}

void project_close(struct project *project)
{
	arena_free(project->arena);
	*project = (struct project){0};
}
