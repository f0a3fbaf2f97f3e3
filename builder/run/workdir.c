#include "run/workdir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

static int workdir_make_kept(struct arena *arena, const char *name, struct workdir *place, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	char *folder = arena_printf(arena, "%s/aether-%s-XXXXXX", parent && parent[0] == '/' ? parent : "/var/tmp", name);

	if (!mkdtemp(folder))
		return err_sys(err, -errno, "cannot make a folder like '%s'", folder);
	place->folder = folder;
	return 0;
}

int workdir_make(struct arena *arena, const char *cache, const char *name, bool keep, struct workdir *ret_workdir,
		 struct err *err)
{
	struct workdir place = {.keep = keep, .fd = -1};
	char *real;
	int r;

	if (keep) {
		r = workdir_make_kept(arena, name, &place, err);
	} else {
		r = cache_open(cache, &place.cache, err);
		if (r == 0)
			r = cache_scratch(place.cache, arena, &place.folder, &place.fd, err);
	}
	real = r == 0 ? realpath(place.folder, NULL) : NULL;
	if (real)
		place.folder = arena_strdup(arena, real);
	free(real);
	*ret_workdir = place;
	return r;
}

void workdir_close(struct workdir *place)
{
	struct err err = {0};

	if (place->folder && !place->keep && path_remove(place->folder, &err) < 0)
		log_warn("'%s' could not be removed: %s", place->folder, err.first->text);
	if (place->folder && place->keep)
		log_note("kept: %s", place->folder);
	err_free(&err);
	if (place->cache) {
		fd_closep(&place->fd);
		cache_close(place->cache);
	}
	*place = (struct workdir){.fd = -1};
}

const char *workdir_path(const struct workdir *place, struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s", place->folder, name);
}
