#include "lock/fakes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"

int fakes_check(const char *fakes, struct err *err)
{
	struct stat st;

	if (!fakes || (stat(fakes, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	err_set(err, -ENOTDIR, "the folder '%s' does not exist", fakes);
	return err_hint(err, "--with-fakes needs a folder with files downloads/NAME or images/NAME");
}

const char *fakes_find(struct arena *arena, const char *fakes, const char *kind, const char *name)
{
	char *absolute = fakes ? realpath(arena_printf(arena, "%s/%s/%s", fakes, kind, name), NULL) : NULL;
	const char *found = absolute ? arena_strdup(arena, absolute) : NULL;

	free(absolute);
	return found;
}

struct strv fakes_of(struct arena *arena, const struct lock *lock)
{
	struct strv fakes = {0};

	for (size_t i = 0; i < lock->n_downloads; i++)
		if (lock->downloads[i].fake)
			strv_push(arena, &fakes, arena_printf(arena, "downloads/%s", lock->downloads[i].name));
	for (size_t i = 0; i < lock->n_containers; i++)
		if (lock->containers[i].fake)
			strv_push(arena, &fakes, arena_printf(arena, "images/%s", lock->containers[i].image));
	return fakes;
}

int fakes_check_lock(const struct lock *lock, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	if (lock->fakes || fakes_of(arena, lock).count == 0)
		return 0;
	err_set(err, -EINVAL, "'%s' was made with fakes, and belongs in their folder", lock->path);
	return err_hint(err, "remove it and run '%s'", lock_again(arena, lock, ""));
}

void fakes_warn(const struct lock *lock)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct strv fakes = fakes_of(arena, lock);

	if (fakes.count)
		log_warn("NOT RELEASABLE: local files in '%s' are used instead of: %s", lock->fakes,
			 strv_join(arena, &fakes, ", "));
}
