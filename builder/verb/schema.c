/* aether-build schema */
#include <stdio.h>

#include "recipe/recipe.h"
#include "verb/verb.h"

struct schema_options {
	struct common_options common;
};

static const struct option_group schema_option_groups[] = {{0}};

static int verb_schema_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)data, (void)arguments, (void)n_arguments, (void)err;
	puts(recipe_schema(arena));
	return 0;
}

const struct verb verb_schema = {
	.name = "schema",
	.arguments = "",
	.summary = "Prints the JSON Schema of the recipe language",
	.options = schema_option_groups,
	.options_size = sizeof(struct schema_options),
	.run = verb_schema_run,
};
