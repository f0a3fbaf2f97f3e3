/* aether-build lxc RECIPE: a template that containers are made of. */
#include "build/pipeline.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct lxc_options {
	struct common_options common;
	struct project_options recipe;
	bool check_repeat;
	const char *out, *format;
};

static const struct option lxc_own_options[] = {
	OPTION_OUT(lxc_options),
	{"format", "tar.zst|tar.xz|tar.gz", "format of the template (tar.zst)", OPTION_TEXT,
	 offsetof(struct lxc_options, format), NULL},
	{"check-repeat", NULL, "install the packages twice; what differs is an error", OPTION_FLAG,
	 offsetof(struct lxc_options, check_repeat), NULL},
	{0},
};
static const struct option_group lxc_option_groups[] = {
	{recipe_options, offsetof(struct lxc_options, recipe)}, {lxc_own_options, 0}, {0}};

static int verb_lxc_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct lxc_options *options = data;
	const struct build_how how = {
		.recipe = options->recipe, .out = options->out, .cache = options->common.cache, .format = options->format,
		.check_repeat = options->check_repeat,
	};

	(void)n_arguments;
	return build_run(&build_lxc, &how, arguments[0], options->common.json, err);
}

const struct verb verb_lxc = {
	.name = "lxc",
	.arguments = "RECIPE",
	.summary = "Builds a container template (Proxmox, LXC), and prints its path",
	.options = lxc_option_groups,
	.options_size = sizeof(struct lxc_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = verb_lxc_run,
};
