/* Where `exclude` gives way: to packages that are asked for by name, and whose purpose it would defeat. */
#include <fnmatch.h>
#include <string.h>

#include "plan/config.h"

static bool exceptions_asked(const struct recipe *recipe, const char *package, const char *pattern)
{
	for (size_t i = 0; i < recipe->n_packages; i++)
		if (strcmp(recipe->packages[i].name, package) == 0)
			return fnmatch(pattern, package, 0) == 0;
	return false;
}

/* Whether one of these packages is asked for by a name that the pattern means. */
static bool exceptions_has(const struct recipe *recipe, const struct debian_package *packages, size_t n, const char *pattern)
{
	for (size_t i = 0; i < n; i++)
		if (exceptions_asked(recipe, packages[i].name, pattern))
			return true;
	return false;
}

static void exceptions_add(struct arena *arena, const struct recipe *recipe, const struct strv *paths, struct strv *exceptions)
{
	for (size_t i = 0; i < paths->count; i++)
		if (!strv_has(&recipe->include, paths->items[i]) && !strv_has(exceptions, paths->items[i]))
			strv_push(arena, exceptions, paths->items[i]);
}

void exceptions_make(struct arena *arena, const struct recipe *recipe, const struct package_set *locked,
		     struct plan_layer *layer)
{
	for (size_t i = 0; i < recipe->n_include_of; i++)
		if (exceptions_has(recipe, layer->packages, layer->n_packages, recipe->include_of[i].package))
			exceptions_add(arena, recipe, &recipe->include_of[i].paths, &layer->exceptions);
	for (size_t i = 0; i < recipe->n_include_with; i++)
		if (exceptions_has(recipe, locked->packages, locked->n_packages, recipe->include_with[i].package))
			exceptions_add(arena, recipe, &recipe->include_with[i].paths, &layer->exceptions);
}
