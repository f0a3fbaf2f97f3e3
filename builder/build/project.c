#include "build/project.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "edge/digest.h"
#include "host/install.h"
#include "lock/fakes.h"
#include "plan/stack.h"

static int project_find_program(struct arena *arena, const char *name, const char **ret_path, const char **ret_sha256,
				struct err *err)
{
	const char *fixed = arena_printf(arena, AETHER_LIBDIR "/%s", name);
	char *sha256 = arena_array(arena, char, SHA256_HEX);

	*ret_path = install_find(arena, name, arena_printf(arena, "lib/aether-build/%s", name), fixed);
	*ret_sha256 = sha256;
	if (path_exists(*ret_path))
		return sha256_file(*ret_path, sha256, NULL, err);
	err_set(err, -ENOENT, "cannot find %s, a program that every image contains", name);
	return err_hint(err, "it is made beside aether-build by 'make', and installed as %s", fixed);
}

static int project_find_programs(struct arena *arena, const struct recipe *recipe, struct plan_programs *programs,
				 struct err *err)
{
	const unsigned kind = recipe->kind;
	int r = 0;

	if (kind == KIND_VM)
		r = project_find_program(arena, "aether-init", &programs->init, &programs->init_sha256, err);
	if (kind == KIND_LXC)
		r = project_find_program(arena, "aether-box", &programs->box, &programs->box_sha256, err);
	if (r == 0 && kind != KIND_TOOLS)
		r = project_find_program(arena, "aether-agent", &programs->agent, &programs->agent_sha256, err);
	if (r == 0 && kind != KIND_TOOLS && (recipe->n_secrets || recipe->n_templates))
		r = project_find_program(arena, "aether-secrets", &programs->secrets, &programs->secrets_sha256, err);
	if (r == 0 && kind == KIND_VM && stack_is_needed(recipe))
		r = project_find_program(arena, "aether-disks", &programs->disks, &programs->disks_sha256, err);
	return r;
}

static int project_read_kind(const struct project_options *options, unsigned *kind, struct err *err)
{
	if (!options->kind)
		return 0;
	*kind = recipe_kind(options->kind);
	if (*kind)
		return 0;
	err_set(err, -EINVAL, "unknown kind '%s'", options->kind);
	return err_hint(err, "choose one of: vm, lxc, tools");
}

int project_load(const char *path, unsigned kind, const struct project_options *options, struct project *project,
		 struct err *err)
{
	struct recipe_options how = {.allow_outside = options->allow_outside, .kind = kind};
	int r;

	project->arena = arena_new();
	project->fakes = options->fakes;
	err_set_strict(options->strict);
	log_set_verbose(options->verbose);
	r = fakes_check(project->fakes, err);
	if (r == 0)
		r = project_read_kind(options, &how.kind, err);
	if (r == 0)
		r = recipe_load(project->arena, path, &how, &project->recipe, err);
	if (r < 0 || !project->recipe->tools)
		return r;
	how.kind = KIND_TOOLS;
	return recipe_load(project->arena, project->recipe->tools, &how, &project->tools, err);
}

int project_plan(struct project *project, struct err *err)
{
	int r = project_find_programs(project->arena, project->recipe, &project->programs, err);

	if (r == 0)
		r = lock_for(project->arena, project->recipe, project->tools, project->fakes, &project->lock, err);
	if (r == 0)
		r = plan_make(project->arena, project->recipe, project->tools, project->lock, &project->programs,
			      &project->plan, err);
	log_warnings(err);
	return r;
}

int project_check_lock(void *data, const struct lock *lock, struct err *err)
{
	struct project *project = data;
	struct err ignored = {0};
	struct plan *plan;
	int r = project_find_programs(project->arena, project->recipe, &project->programs, &ignored);

	err_free(&ignored); /* without them nothing can be built, but locked it can be */
	return r < 0 ? 0
		     : plan_make(project->arena, project->recipe, project->tools, lock, &project->programs, &plan, err);
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
