/* A recipe's lock, read and held against the recipe. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "lock/fakes.h"
#include "lock/file.h"
#include "recipe/recipe.h"

enum { LOCK_BYTES_MAX = 16 << 20 };

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

static int open_check_drift(struct arena *arena, const struct recipe *recipe, const struct recipe *tools,
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
		r = open_check_drift(arena, recipe, tools, lock, err);
	if (r == 0)
		r = fakes_check_lock(lock, err);
	if (r < 0)
		return r;
	lock->recipe = recipe;
	lock->tools_recipe = tools;
	fakes_warn(lock);
	*ret_lock = lock;
	return 0;
}
