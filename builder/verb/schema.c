/* aether-build schema */
#include <stdio.h>

#include "recipe/recipe.h"
#include "verb/verb.h"

static int run(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)options, (void)arguments, (void)n_arguments, (void)err;
	puts(recipe_schema(arena));
	return 0;
}

const struct verb verb_schema = {
	.name = "schema", .arguments = "", .summary = "Prints the JSON Schema of the recipe language", .run = run,
};
