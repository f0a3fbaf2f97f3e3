/* What users call a generation or a shelf. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "shelf/generation.h"
#include "shelf/shelf.h"

enum { HINT_NAMES_MAX = 8 };

static const char RECIPE[] = ".recipe";

/* --- what there is instead ------------------------------------------------------------------------------------------ */

static int find_hint_shelves(struct arena *arena, const char *out, struct err *err)
{
	const struct strv names = shelf_names(arena, out);
	_cleanup_buf_ struct buf text = {0};

	if (names.count == 0)
		return err_hint(err, "nothing was built in '%s' yet; use --out FOLDER for another folder", out);
	for (size_t i = 0; i < names.count && i < HINT_NAMES_MAX; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", names.items[i]);
	return err_hint(err, "'%s' contains: %s%s", out, text.data, names.count > HINT_NAMES_MAX ? ", …" : "");
}

/* The latest ones: a mistyped number is most likely near them. */
static int find_hint_numbers(struct arena *arena, const char *shelf, const char *name, struct err *err)
{
	unsigned *numbers;
	size_t n = shelf_numbers(arena, shelf, &numbers), first = n > HINT_NAMES_MAX ? n - HINT_NAMES_MAX : 0;
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = first; i < n; i++)
		buf_printf(&text, "%s%s/%u", i > first ? ", " : "", name, numbers[i]);
	return err_hint(err, "generations: %s%s", first ? "…, " : "", text.data);
}

/* --- by name -------------------------------------------------------------------------------------------------------- */

/* The last part of a path, without `suffix`. */
static const char *find_stem_of(struct arena *arena, const char *path, const char *suffix)
{
	const char *name = path_last(path);

	return arena_strndup(arena, name, strlen(name) - strlen(suffix));
}

/* Nothing that leads out of the folder, and none of the names that are ours. */
static bool find_is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

/* What a build would call the shelf of the recipe at `path`, which need not have the name of its file. */
static int find_name_of_recipe(struct arena *arena, const char *path, const char **ret_name, struct err *err)
{
	const struct recipe_options options = {.allow_outside = true};
	struct err problems = {0};
	struct recipe *recipe;
	int r = recipe_load(arena, path, &options, &recipe, &problems);

	if (r == 0)
		*ret_name = arena_printf(arena, "%s%s", recipe->name, recipe_suffix(arena, recipe));
	else
		err_take(err, &problems);
	err_free(&problems);
	if (r < 0)
		err_wrap(err, "while reading the name of the machine in '%s'; NAME or NAME/NUMBER needs no recipe", path);
	return r;
}

/* The name that is meant: of a recipe what it says, of one that is gone its file's, of a path into `out` the shelf's. */
static int find_name(struct arena *arena, const char *out, const char *argument, const char **ret_name, struct err *err)
{
	char *shelf, *real;

	*ret_name = argument;
	if (text_has_suffix(argument, RECIPE) && path_exists(argument))
		return find_name_of_recipe(arena, argument, ret_name, err);
	if (text_has_suffix(argument, RECIPE)) {
		*ret_name = find_stem_of(arena, argument, RECIPE);
		return 0;
	}
	shelf = strchr(argument, '/') ? realpath(argument, NULL) : NULL;
	real = shelf ? realpath(out, NULL) : NULL;
	if (real && text_has_prefix(shelf, real) && shelf[strlen(real)] == '/')
		*ret_name = arena_strdup(arena, shelf + strlen(real) + 1);
	free(shelf);
	free(real);
	return 0;
}

int generation_shelf(struct arena *arena, const char *out, const char *argument, const char **ret_name, struct err *err)
{
	const char *name;
	unsigned *numbers;
	int r = find_name(arena, out, argument, &name, err);

	if (r < 0)
		return r;
	if (find_is_name(name) && shelf_numbers(arena, arena_printf(arena, "%s/%s", out, name), &numbers) > 0) {
		*ret_name = arena_strdup(arena, name);
		return 0;
	}
	if (text_has_suffix(argument, RECIPE))
		err_set(err, -ENOENT, "there is no generation of '%s' (the name is '%s')", argument, name);
	else
		err_set(err, -ENOENT, "there is no generation of '%s': expected NAME or NAME.recipe", argument);
	return find_hint_shelves(arena, out, err);
}

/* Generation `number` (0: the newest) of a shelf that has some. */
static int find_load(struct arena *arena, const char *shelf, unsigned number, struct generation **ret_generation,
		     struct err *err)
{
	unsigned *numbers;
	size_t n = shelf_numbers(arena, shelf, &numbers);

	if (n == 0) /* somebody has removed them since */
		return err_set(err, -ENOENT, "the generations in '%s' no longer exist", shelf);
	return generation_load(arena, shelf, number ? number : numbers[n - 1], ret_generation, err);
}

int generation_by_name(struct arena *arena, const char *out, const char *reference, struct generation **ret_generation,
		       struct err *err)
{
	const char *slash = strchr(reference, '/');
	const char *name = arena_strndup(arena, reference, slash ? (size_t)(slash - reference) : strlen(reference));
	const char *shelf = arena_printf(arena, "%s/%s", out, name);
	unsigned number = slash ? shelf_number(slash + 1) : 0, *numbers;

	if (slash && !slash[1]) /* as a shell completes it */
		slash = NULL;
	if (!find_is_name(name) || shelf_numbers(arena, shelf, &numbers) == 0 || (slash && strchr(slash + 1, '/')))
		return 1;
	if (slash && (!number || !path_exists(arena_printf(arena, "%s/%u", shelf, number)))) {
		err_set(err, -ENOENT, "the generation '%s' does not exist", reference);
		return find_hint_numbers(arena, shelf, name, err);
	}
	return find_load(arena, shelf, number, ret_generation, err);
}

/* --- by path -------------------------------------------------------------------------------------------------------- */

/* The folder that a path of the host leads to, or that the file is in: without links, so that its parts are names. */
static const char *find_folder_of(struct arena *arena, const char *path)
{
	char *real = realpath(path, NULL), *folder = real ? arena_strdup(arena, real) : NULL;
	struct stat st;

	free(real);
	if (folder && stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
		*strrchr(folder, '/') = 0;
	return folder;
}

/* Returns 1 when nothing of ours is there. */
static int find_by_path(struct arena *arena, const char *path, struct generation **ret_generation, struct err *err)
{
	const char *folder = find_folder_of(arena, path), *slash = folder ? strrchr(folder, '/') : NULL;
	unsigned number = slash ? shelf_number(slash + 1) : 0, *numbers;

	if (number && slash > folder)
		return find_load(arena, arena_strndup(arena, folder, (size_t)(slash - folder)), number, ret_generation,
				 err);
	if (folder && shelf_numbers(arena, folder, &numbers) > 0)
		return find_load(arena, folder, 0, ret_generation, err);
	return 1;
}

int generation_find(struct arena *arena, const char *out, const char *reference, struct generation **ret_generation,
		    struct err *err)
{
	const char *name;
	int r;

	if (text_has_suffix(reference, RECIPE)) {
		r = generation_shelf(arena, out, reference, &name, err);
		return r < 0 ? r : find_load(arena, arena_printf(arena, "%s/%s", out, name), 0, ret_generation, err);
	}
	r = generation_by_name(arena, out, reference, ret_generation, err);
	if (r == 1)
		r = find_by_path(arena, reference, ret_generation, err);
	if (r < 1)
		return r;
	err_set(err, -ENOENT, "the generation '%s' does not exist: expected NAME, NAME/NUMBER or the path of an image",
		reference);
	return find_hint_shelves(arena, out, err);
}
