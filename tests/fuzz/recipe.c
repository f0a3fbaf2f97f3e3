/* recipe_load(): from bytes to a recipe or a refusal that says why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "fuzz.h"

static char folder[] = "/tmp/aether-fuzz-XXXXXX";

static void put(const char *name, const void *data, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
}

static void remove_folder(void)
{
	struct err err = {0};

	path_remove(folder, &err);
	err_free(&err);
}

/* What inputs may name: a complete recipe, and one that is a module, a layout or facts. */
static void make_folder(void)
{
	static const char base[] =
		"distribution: { url: 'http://deb.debian.org/debian', suites: trixie, components: main, key: base.recipe,\n"
		"  fingerprints: 04B54C3CDCA79751B16BC6B5225629DF75B188BD }\n"
		"name: base\nkinds: tools\npackages: [curl, less]\nusers: { aether: { groups: [sudo] } }\n"
		"units: { a.service: { Service: { ExecStart: ['', /bin/a] } } }\n";
	static const char module[] = "packages: [vim]\nvars: { a: 1 }\ntimezone: UTC\n";

	if (!mkdtemp(folder))
		abort();
	atexit(remove_folder);
	put("base.recipe", base, strlen(base));
	put("m.recipe", module, strlen(module));
	put(".git", "", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct recipe_options options;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct recipe *recipe = NULL;
	struct err err = {0};
	char path[64];
	int r;

	if (strstr(folder, "XXXXXX"))
		make_folder();
	put("x.recipe", data, size);
	snprintf(path, sizeof path, "%s/x.recipe", folder);
	r = recipe_load(arena, path, &options, &recipe, &err);
	if ((r == 0) != (recipe != NULL) || (r == 0) != (err.count == 0))
		abort();
	for (const struct err_item *item = err.first; item; item = item->next)
		if (!item->text || !item->file || !item->line)
			abort();
	if (recipe)
		recipe_digest(arena, recipe);
	err_free(&err);
	return 0;
}
