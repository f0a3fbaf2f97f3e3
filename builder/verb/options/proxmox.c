#include "verb/options/proxmox.h"

#include <errno.h>
#include <string.h>

#include "build/pipeline.h"

const struct option proxmox_options[] = {
	{"proxmox", "FILE", "endpoint, token, … (~/.config/aether-build/proxmox.yaml)", OPTION_TEXT,
	 offsetof(struct access_options, config), NULL},
	{"endpoint", "URL", "of Proxmox's API: https://HOST:8006", OPTION_TEXT, offsetof(struct access_options, endpoint),
	 NULL},
	{"token-file", "FILE", "file with the API token: USER@REALM!NAME=SECRET", OPTION_TEXT,
	 offsetof(struct access_options, token_file), NULL},
	{"token-fd", "NUMBER", "open file descriptor to read the token from", OPTION_TEXT,
	 offsetof(struct access_options, token_fd), NULL},
	{"ca", "FILE", "authority that has signed Proxmox's certificate (PEM)", OPTION_TEXT,
	 offsetof(struct access_options, ca), NULL},
	{"fingerprint", "SHA256", "of Proxmox's certificate: AA:BB:…", OPTION_TEXT,
	 offsetof(struct access_options, fingerprint), NULL},
	{"insecure", NULL, "do not check who answers", OPTION_FLAG, offsetof(struct access_options, insecure), NULL},
	{0},
};

static bool options_proxmox_is_recipe(const char *argument)
{
	return text_has_suffix(argument, ".recipe");
}

/* The recipe stays loaded as long as the arena: its words are used. */
static int options_proxmox_load(struct arena *arena, const struct proxmox_finding *finding, const char *path,
				struct recipe **ret_recipe, struct err *err)
{
	struct project *project = arena_new_of(arena, struct project);
	int r = project_load(path, 0, &finding->recipe, project, err);

	if (r < 0) {
		project_close(project);
		return r;
	}
	*ret_recipe = project->recipe;
	return 0;
}

static int options_proxmox_find_recipe(struct arena *arena, const struct proxmox_finding *finding, const char *path,
				       struct site *ret_site, struct generation **ret_generation, struct err *err)
{
	const struct build_how how = {.recipe = finding->recipe, .out = finding->out, .cache = finding->cache};
	struct recipe *recipe;
	const char *image = NULL;
	int r = options_proxmox_load(arena, finding, path, &recipe, err);

	if (r == 0 && !recipe->proxmox.node)
		return site_of_recipe(arena, recipe, "", ret_site, err);
	if (r == 0)
		r = build_obtain(&how, recipe->kind, path, arena, &image, err);
	if (r == 0)
		r = generation_find(arena, finding->out, image, ret_generation, err);
	return r == 0 ? site_of_recipe(arena, recipe, path_folder(arena, (*ret_generation)->folder), ret_site, err) : r;
}

/* A generation and the words of a recipe, which has to be that of its machine. */
static int options_proxmox_find_words(struct arena *arena, const struct proxmox_finding *finding,
				      const struct generation *generation, struct site *ret_site, struct err *err)
{
	struct proxmox_finding as = *finding;
	struct recipe *recipe;
	int r;

	as.recipe.kind = generation->manifest->kind;
	r = options_proxmox_load(arena, &as, finding->words, &recipe, err);
	if (r < 0)
		return r;
	if (strcmp(recipe->name, generation->manifest->name) != 0)
		return err_set(err, -EINVAL, "%s is the recipe of '%s', and %s/%u is not", finding->words, recipe->name,
			       generation->name, generation->number);
	return site_of_recipe(arena, recipe, path_folder(arena, generation->folder), ret_site, err);
}

int proxmox_find(struct arena *arena, const struct proxmox_finding *finding, const char *argument, struct site *ret_site,
		 struct generation **ret_generation, struct err *err)
{
	int r;

	if (options_proxmox_is_recipe(argument))
		return options_proxmox_find_recipe(arena, finding, argument, ret_site, ret_generation, err);
	r = generation_find(arena, finding->out, argument, ret_generation, err);
	if (r == 0 && finding->words)
		return options_proxmox_find_words(arena, finding, *ret_generation, ret_site, err);
	return r == 0 ? site_read(arena, path_folder(arena, (*ret_generation)->folder), ret_site, err) : r;
}

int proxmox_find_site(struct arena *arena, const struct proxmox_finding *finding, const char *argument, struct site *ret_site,
		      struct err *err)
{
	const char *shelf;
	int r = generation_shelf(arena, finding->out, argument, &shelf, err);

	return r == 0 ? site_read(arena, arena_printf(arena, "%s/%s", finding->out, shelf), ret_site, err) : r;
}
