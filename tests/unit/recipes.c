#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipes.h"
#include "scratch.h"

static const char base[] =
	"distribution: { url: 'http://deb.debian.org/debian', suites: trixie, components: main, key: key.asc,\n"
	"  fingerprints: 04B54C3CDCA79751B16BC6B5225629DF75B188BD }\n"
	"name: base\n"
	"kinds: vm\n"
	"partitions: ab.yaml\n"
	"packages: [curl, less]\n"
	"users: { aether: { groups: [sudo], linger: true } }\n";

static const char layout[] =
	"disk: { main: { content: { type: gpt, partitions: {\n"
	"  state: { priority: 4, size: 512M, content: { type: filesystem, format: ext4, mountpoint: /var } },\n"
	"  bios:  { priority: 1, type: EF02, size: 1M },\n"
	"  esp:   { priority: 2, type: EF00, size: 128M, content: { type: filesystem, format: vfat } },\n"
	"  root:  { priority: 3, type: '8304', content: { type: root, format: erofs } } } } } }\n";

void recipes_write(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	char *folder = arena_strdup(scratch_arena(), path);
	struct err err = {0};

	*strrchr(folder, '/') = 0;
	ck_assert_int_eq(folder_make(folder, 0755, &err), 0);
	ck_assert_int_eq(file_publish(path, text, strlen(text), 0644, &err), 0);
}

static int load(const char *text, unsigned kind, struct recipe **ret, struct err *err)
{
	const struct recipe_options options = {.kind = kind};

	recipes_write(".git/HEAD", "");
	recipes_write("key.asc", "a key\n");
	recipes_write("ab.yaml", layout);
	recipes_write("base.recipe", base);
	recipes_write("x.recipe", text);
	return recipe_load(scratch_arena(), scratch_path("x.recipe"), &options, ret, err);
}

/* What main() would print. */
static const char *printed(const struct err *err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	err_print(err, out);
	fclose(out);
	return scratch_own(text);
}

const struct recipe *recipes_load_as(const char *text, unsigned kind)
{
	struct recipe *recipe = NULL;
	struct err err = {0};

	ck_assert_msg(load(text, kind, &recipe, &err) == 0, "%s", printed(&err));
	return recipe;
}

const struct recipe *recipes_load(const char *text)
{
	return recipes_load_as(text, 0);
}

const struct recipe *recipes_load_container(const char *text)
{
	recipes_write("c.recipe", "distribution: { url: 'http://deb.debian.org/debian', suites: trixie, components: main,\n"
				  "  key: key.asc, fingerprints: 04B54C3CDCA79751B16BC6B5225629DF75B188BD }\n"
				  "name: box\nkinds: lxc\n");
	return recipes_load(arena_printf(scratch_arena(), "from: c.recipe\n%s", text));
}

void recipes_refused(const char *text, unsigned kind, const char *words)
{
	struct recipe *recipe = NULL;
	struct err err = {0};

	ck_assert_msg(load(text, kind, &recipe, &err) < 0, "it was accepted:\n%s", text);
	ck_assert_ptr_null(recipe);
	ck_assert_msg(strstr(printed(&err), words) != NULL, "there is no \"%s\" in:\n%s", words, printed(&err));
	err_free(&err);
}

const char *recipes_words(const struct strv *list)
{
	const char *words = "";

	for (size_t i = 0; i < list->count; i++)
		words = arena_printf(scratch_arena(), "%s%s%s", words, i ? " " : "", list->items[i]);
	return words;
}

const char *recipes_packages(const struct recipe *recipe)
{
	const char *words = "";

	for (size_t i = 0; i < recipe->n_packages; i++)
		words = arena_printf(scratch_arena(), "%s%s%s/%c", words, i ? " " : "", recipe->packages[i].name,
				     "PMS"[recipe->packages[i].origin]);
	return words;
}

const char *recipes_unit(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_units; i++) {
		const struct recipe_settings *settings = &recipe->units[i].settings;
		const char *words = "";

		if (strcmp(recipe->units[i].name, name) != 0)
			continue;
		for (size_t s = 0; s < settings->count; s++)
			words = arena_printf(scratch_arena(), "%s%s%s.%s=%s", words, s ? " " : "", settings->items[s].section,
					     settings->items[s].key, settings->items[s].value);
		return words;
	}
	return NULL;
}

const char *recipes_text(const struct recipe *recipe, const char *path)
{
	for (size_t i = 0; i < recipe->n_files; i++)
		if (strcmp(recipe->files[i].path, path) == 0)
			return recipe->files[i].text;
	return NULL;
}
