/* What maintainer scripts have made for one machine: the name is put in that this one has, and what is secret is refused. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "host/sandbox.h"
#include "tree/found.h"
#include "tree/inside.h"
#include "tree/layer.h"
#include "tree/steps.h"

enum { TEXT_MAX = 16 << 20 };

static int made_list(const struct step *step, struct arena *arena, struct found **found, size_t *n, struct err *err)
{
	int r = 0;

	for (unsigned l = 0; r == 0 && l < LAYER_COUNT; l++)
		if (step->plan->image.layers[l].n_packages)
			r = found_read(arena, layer_found(arena, step->cache, &step->plan->image.layers[l]), found, n, err);
	return r;
}

static bool made_is_file(const struct step *step, const char *path, struct stat *st)
{
	_cleanup_fd_ int fd = root_open(step->root_fd, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode);
}

static const char *made_who(struct arena *arena, const struct found *found)
{
	return *found->package ? arena_printf(arena, "a script of the package '%s'", found->package) : "a script of a package";
}

static int made_put_name(const struct step *step, struct arena *arena, const struct found *found, struct err *err)
{
	static const char OLD[] = SANDBOX_HOSTNAME, NO_DOMAIN[] = ".UNKNOWN"; /* Postfix's word for none */
	const struct pos pos = {.file = step->plan->recipe->path};
	_cleanup_buf_ struct buf old = {0}, new = {0};
	const char *at, *next;
	struct stat st;
	int r;

	if (!made_is_file(step, found->path, &st) || st.st_size > TEXT_MAX)
		return 0;
	r = inside_read(step->root_fd, found->path, TEXT_MAX, &old, err);
	if (r < 0)
		return r;
	if (memchr(old.data ? old.data : "", 0, old.size)) {
		r = err_warn(err, &pos, NULL, "'%s' has the name of a machine in it that does not exist ('%s'): "
			     "%s made it, and it is no text", found->path, OLD, made_who(arena, found));
		err_hint(err, "make it on the machine: with 'perMachine', or by a unit");
		return r;
	}
	for (at = old.size ? old.data : ""; (next = strstr(at, OLD));) {
		buf_add(&new, at, (size_t)(next - at));
		buf_puts(&new, step->plan->recipe->name);
		at = next + strlen(OLD);
		at += text_has_prefix(at, NO_DOMAIN) ? strlen(NO_DOMAIN) : 0;
	}
	buf_puts(&new, at);
	return inside_write(step->root_fd, found->path, new.data, new.size,
			    &(struct inside_access){st.st_mode & 07777, st.st_uid, st.st_gid}, err);
}

int step_hostname(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct found *found = NULL;
	size_t n = 0;
	int r = made_list(step, arena, &found, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(found[i].what, FOUND_NAME) == 0 && !clean_forgets(step->plan, found[i].path))
			r = made_put_name(step, arena, &found[i], err);
	return r;
}

/* What to do about a secret, by where it is. */
static const char *made_way_out(const char *path)
{
	return path_is_below(path, "/etc/dbconfig-common")
		       ? "it is the password of a database that is not there yet; add the package 'dbconfig-no-thanks', and "
			 "set the database up on the machine"
		       : "let each machine make its own: declare the path in 'perMachine'; or write the file in 'files', or "
			 "remove it with a hook";
}

int step_secrets(const struct step *step, struct err *err)
{
	const struct pos pos = {.file = step->plan->recipe->path};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct found *found = NULL;
	struct stat st;
	size_t n = 0;
	int r = made_list(step, arena, &found, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (strcmp(found[i].what, FOUND_NAME) == 0 || clean_forgets(step->plan, found[i].path) ||
		    !made_is_file(step, found[i].path, &st))
			continue;
		err_at(err, -EINVAL, &pos, NULL, "'%s' has %s in it, which %s made: "
		       "it would be the same on every machine of this image",
		       found[i].path, found[i].what, made_who(arena, &found[i]));
		err_hint(err, "%s", made_way_out(found[i].path));
	}
	return r < 0 ? r : err_result(err);
}
