#include "verb/options/recipe.h"

const struct option recipe_options[] = {
	{"with-fakes", "FOLDER", "take downloads/NAME and images/NAME from there; not releasable", OPTION_TEXT,
	 offsetof(struct project_options, fakes), NULL},
	{"allow-outside", NULL, "the recipe's own files may lie outside its repository", OPTION_FLAG,
	 offsetof(struct project_options, allow_outside), NULL},
	{0},
};

const struct option kind_options[] = {
	{"kind", "vm|lxc", "which kind of the recipe to use (its first)", OPTION_TEXT,
	 offsetof(struct project_options, kind), NULL},
	{0},
};
