/* The lock as a value: where a recipe's is, by which command it is made, what may move. */
#include "lock/lock.h"

#include <stdlib.h>
#include <string.h>

#include "edge/digest.h"
#include "recipe/recipe.h"

/* A path without its ending, when that is the one it has. */
static const char *lock_without(struct arena *arena, const char *path, const char *ending)
{
	return arena_strndup(arena, path, strlen(path) - (text_has_suffix(path, ending) ? strlen(ending) : 0));
}

/* What tells recipes of one file name apart: they may be of several repositories, and a folder of fakes is shared. */
static const char *lock_origin(struct arena *arena, const char *recipe_path, const char *suffix)
{
	char *real = realpath(recipe_path, NULL), *sha256 = arena_array(arena, char, SHA256_HEX);
	const char *text = arena_printf(arena, "%s %s", real ? real : recipe_path, suffix);

	free(real);
	sha256_hex_of(text, strlen(text), sha256);
	return sha256;
}

const char *lock_path(struct arena *arena, const char *recipe_path, const char *suffix, const char *fakes)
{
	const char *stem = arena_printf(arena, "%s%s", lock_without(arena, recipe_path, ".recipe"), suffix);

	return fakes ? arena_printf(arena, "%s/%s-%.8s.fake.lock", fakes, path_last(stem),
				    lock_origin(arena, recipe_path, suffix))
		     : arena_printf(arena, "%s.lock", stem);
}

const char *lock_command(struct arena *arena, const char *options, const char *recipe_path, const char *fakes)
{
	return arena_printf(arena, "aether-build lock %s%s%s%s%s", options, fakes ? "--with-fakes " : "", fakes ? fakes : "",
			    fakes ? " " : "", recipe_path);
}

const char *lock_again(struct arena *arena, const struct lock *lock, const char *options)
{
	const char *recipe = lock->recipe_path
				     ? lock->recipe_path
				     : arena_printf(arena, "%s.recipe", lock_without(arena, lock->path, ".lock"));

	return lock_command(arena, options, recipe, lock->fakes);
}

bool lock_moves_all(const struct lock_how *options)
{
	return options->update && options->update_packages.count == 0;
}

bool lock_may_move(const struct lock_how *options, const char *name)
{
	return lock_moves_all(options) || (options->update && strv_has(&options->update_packages, name));
}
