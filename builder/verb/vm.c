/* aether-build vm RECIPE: the disk image of a virtual machine. */
#include "build/pipeline.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct vm_options {
	struct common_options common;
	struct project_options recipe;
	bool check_repeat;
	const char *out, *format, *compress;
};

static const struct option vm_own_options[] = {
	OPTION_OUT(vm_options),
	{"format", "qcow2|raw", "format of the image (qcow2)", OPTION_TEXT, offsetof(struct vm_options, format), NULL},
	{"compress", "none|zlib|zstd", "compression inside a qcow2 image (none)", OPTION_TEXT,
	 offsetof(struct vm_options, compress), NULL},
	{"check-repeat", NULL, "install the packages twice; what differs is an error", OPTION_FLAG,
	 offsetof(struct vm_options, check_repeat), NULL},
	{0},
};
static const struct option_group vm_option_groups[] = {
	{recipe_options, offsetof(struct vm_options, recipe)}, {vm_own_options, 0}, {0}};

static int verb_vm_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct vm_options *options = data;
	const struct build_how how = {
		.recipe = options->recipe, .out = options->out, .cache = options->common.cache, .format = options->format,
		.compression = options->compress, .check_repeat = options->check_repeat,
	};

	(void)n_arguments;
	return build_run(&build_vm, &how, arguments[0], options->common.json, err);
}

const struct verb verb_vm = {
	.name = "vm",
	.arguments = "RECIPE",
	.summary = "Builds the disk image of a virtual machine, and prints its path",
	.options = vm_option_groups,
	.options_size = sizeof(struct vm_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = verb_vm_run,
};
