#include "verb/options/recipe.h"

const struct option recipe_options[] = {
	{"with-fakes", "FOLDER", "use local downloads/NAME and images/NAME; result not releasable", OPTION_TEXT,
	 offsetof(struct project_options, fakes), NULL},
	{"allow-outside", NULL, "allow files of the recipe outside of its repository", OPTION_FLAG,
	 offsetof(struct project_options, allow_outside), NULL},
	{"strict", NULL, "treat warnings as errors", OPTION_FLAG, offsetof(struct project_options, strict), NULL},
	{"verbose", NULL, "show all output of the recipe's hooks", OPTION_FLAG, offsetof(struct project_options, verbose),
	 NULL},
	{0},
};

const struct option kind_options[] = {
	{"kind", "vm|lxc", "kind to use, if the recipe has several (its first)", OPTION_TEXT,
	 offsetof(struct project_options, kind), NULL},
	{0},
};
