/* What is each machine's own is in no image: it goes from the tree, and links lead to where each machine keeps it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tree/accounts.h"
#include "tree/inside.h"
#include "tree/steps.h"
#include "tree/unit_there.h"

/* --- away with it ---------------------------------------------------------------------------------------------------- */

/* A name of its own beside it that leads to it, like the hash of a certificate. */
static int tree_own_remove_link(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				struct err *err)
{
	const char *own = data;
	char target[256];
	ssize_t n = readlinkat(folder_fd, name, target, sizeof target);

	(void)type;
	if (n != (ssize_t)strlen(own) || memcmp(target, own, (size_t)n) != 0)
		return 0;
	return unlinkat(folder_fd, name, 0) < 0 ? err_sys(err, -errno, "cannot remove '%s' in the tree", path) : 0;
}

static int tree_own_remove_path(const struct step *step, const char *path, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *name = path_last(path), *parent = arena_strndup(arena, path, (size_t)(name - 1 - path));
	int r, folder = root_open(step->root_fd, *parent ? parent : "/", O_RDONLY | O_DIRECTORY, 0);

	if (folder < 0)
		return folder == -ENOENT || folder == -ENOTDIR
			       ? 0
			       : err_sys(err, folder, "cannot open '%s' in the tree", parent);
	r = fd_remove(folder, name);
	close(folder);
	if (r < 0 && r != -ENOENT)
		return err_sys(err, r, "cannot remove '%s' in the tree", path);
	return inside_each(step->root_fd, parent, tree_own_remove_link, (void *)name, err);
}

int own_remove(const struct step *step, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < step->plan->n_own; i++)
		for (size_t p = 0; r == 0 && p < step->plan->own[i].paths.count; p++)
			r = tree_own_remove_path(step, step->plan->own[i].paths.items[p], err);
	return r;
}

/* --- what takes its place -------------------------------------------------------------------------------------------- */

/* The unit of a package, of the recipe, or of a Quadlet file. */
static bool tree_own_has_unit(const struct step *step, const char *name)
{
	enum unit_there there = unit_there(step->plan, step->root_fd, name);

	return there == UNIT_THERE || there == UNIT_MASKED;
}

static int tree_own_refuse_unit(const struct step *step, struct arena *arena, const struct plan_own *own, const char *unit,
				struct err *err)
{
	const char *near = unit_nearest(arena, step->plan, step->root_fd, unit);

	err_at(err, -ENOENT, &own->pos, arena_printf(arena, "perMachine.%s.before", own->name),
	       "the image has no unit '%s'", unit);
	return err_hint(err, near ? "did you mean '%s'?" : "add the package that has it, or leave it out", near);
}

/* What is known of Debian's packages is right; what a recipe says may be misspelt. */
static void tree_own_check(const struct step *step, struct arena *arena, const struct accounts *accounts,
			   const struct plan_own *own, struct err *err)
{
	uid_t uid;
	gid_t gid;

	if (own->known)
		return;
	if (!inside_exists(step->root_fd, own->make.items[0]))
		err_at(err, -ENOENT, &own->pos, arena_printf(arena, "perMachine.%s.make", own->name),
		       "the image has no program '%s'", own->make.items[0]);
	if (own->owner)
		accounts_uid(accounts, own->owner, &own->pos, &uid, err);
	if (own->group)
		accounts_gid(accounts, own->group, &own->pos, &gid, err);
	for (size_t i = 0; i < own->before.count; i++)
		if (!tree_own_has_unit(step, own->before.items[i]))
			tree_own_refuse_unit(step, arena, own, own->before.items[i], err);
}

int step_own(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_accounts_ struct accounts accounts = {0};
	int r = accounts_read(step->root_fd, &accounts, err);

	for (size_t i = 0; r == 0 && i < step->plan->n_own; i++) {
		const struct plan_own *own = &step->plan->own[i];

		tree_own_check(step, arena, &accounts, own, err);
		for (size_t p = 0; r == 0 && p < own->links.count; p++)
			r = inside_link(step->root_fd, own->links.items[p],
					arena_printf(arena, "%s/%s", own->folder, path_last(own->links.items[p])), err);
	}
	return r < 0 ? r : err_result(err);
}
