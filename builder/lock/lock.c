/* The lock as a value: where a recipe's is, whether it is still the recipe's, what may move. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "lock/fakes.h"
#include "lock/file.h"
#include "recipe/recipe.h"

enum { LOCK_BYTES_MAX = 16 << 20 };

/* A path without its ending, when that is the one it has. */
static const char *lock_without(struct arena *arena, const char *path, const char *ending)
{
	return arena_strndup(arena, path, strlen(path) - (text_has_suffix(path, ending) ? strlen(ending) : 0));
}

const char *lock_path(struct arena *arena, const char *recipe_path, const char *suffix, const char *fakes)
{
	const char *stem = arena_printf(arena, "%s%s", lock_without(arena, recipe_path, ".recipe"), suffix);
	const char *slash = strrchr(stem, '/');

	return fakes ? arena_printf(arena, "%s/%s.fake.lock", fakes, slash ? slash + 1 : stem)
		     : arena_printf(arena, "%s.lock", stem);
}

static const char *lock_command(struct arena *arena, const char *options, const char *recipe_path, const char *fakes)
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

int lock_read(struct arena *arena, const char *recipe_path, const char *suffix, const char *fakes, struct lock **ret_lock,
	      struct err *err)
{
	const char *path = lock_path(arena, recipe_path, suffix, fakes),
		   *again = lock_command(arena, "", recipe_path, fakes);
	_cleanup_buf_ struct buf text = {0};
	int r;

	if (!path_exists(path)) {
		err_set(err, -ENOENT, "the lock '%s' does not exist", path);
		return err_hint(err, "run '%s'", again);
	}
	r = file_read(path, LOCK_BYTES_MAX, &text, err);
	if (r < 0)
		return r;
	if (lock_parse(arena, path, text.size ? text.data : "", text.size, ret_lock, err) < 0)
		return err_hint(err, "do not edit a lock by hand: restore the file, or remove it and run '%s'",
				again);
	(*ret_lock)->recipe_path = arena_strdup(arena, recipe_path);
	(*ret_lock)->fakes = fakes;
	return 0;
}

bool lock_moves_all(const struct lock_how *options)
{
	return options->update && options->update_packages.count == 0;
}

bool lock_may_move(const struct lock_how *options, const char *name)
{
	return lock_moves_all(options) || (options->update && strv_has(&options->update_packages, name));
}

static int lock_check_drift(struct arena *arena, const struct recipe *recipe, const struct recipe *tools,
			    const struct lock *lock, struct err *err)
{
	const struct recipe *drifted = NULL;

	if (strcmp(recipe_digest(arena, recipe), lock->recipe_sha256) != 0)
		drifted = recipe;
	else if (tools && (!lock->tools_sha256 || strcmp(recipe_digest(arena, tools), lock->tools_sha256) != 0))
		drifted = tools;
	if (!drifted)
		return 0;
	err_set(err, -ESTALE, "the packages, archives or downloads of '%s' have changed since '%s' was made",
		drifted->path, lock->path);
	return err_hint(err, "run '%s'", lock_again(arena, lock, ""));
}

int lock_for(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, const char *fakes,
	     struct lock **ret_lock, struct err *err)
{
	struct lock *lock;
	int r = lock_read(arena, recipe->path, recipe_suffix(arena, recipe), fakes, &lock, err);

	if (r == 0)
		r = lock_check_drift(arena, recipe, tools, lock, err);
	if (r == 0)
		r = fakes_check_lock(lock, err);
	if (r < 0)
		return r;
	fakes_warn(lock);
	*ret_lock = lock;
	return 0;
}
