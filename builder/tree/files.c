#include <errno.h>
#include <string.h>

#include "tree/accounts.h"
#include "tree/inside.h"
#include "tree/steps.h"

int step_put_file(const struct step *step, const struct plan_file *file, uid_t uid, gid_t gid, struct err *err)
{
	const struct inside_access access = {file->mode, uid, gid};

	if (file->text)
		return inside_write(step->root_fd, file->path, file->text, strlen(file->text), &access, err);
	return inside_copy(step->root_fd, file->path, file->source, file->sha256, &access, err);
}

/* Says which of the recipe's words it was for. */
static int tree_files_told(const struct plan_file *file, int r, struct err *err)
{
	return r < 0 && file->pos.line ? err_wrap(err, "with the file at %s:%u", file->pos.file, file->pos.line) : r;
}

static int tree_files_put(const struct step *step, const struct accounts *accounts, const struct plan_file *file,
			  struct err *err)
{
	uid_t uid;
	gid_t gid;
	int r;

	if (file->link)
		return tree_files_told(file, inside_link(step->root_fd, file->path, file->link, err), err);
	if ((r = accounts_uid(accounts, file->owner, &file->pos, &uid, err)) < 0 ||
	    (r = accounts_gid(accounts, file->group, &file->pos, &gid, err)) < 0)
		return r;
	return tree_files_told(file, step_put_file(step, file, uid, gid, err), err);
}

/* The root cannot be written, so the folder that something is mounted on has to be there; what lies on a file system of its own
 * makes systemd itself. */
static int tree_files_make_mountpoint(const struct step *step, const struct plan_mount *mount, struct err *err)
{
	static const char *const kept[] = {"/var", "/home", "/root"};

	if (!mount->mountpoint)
		return 0;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (path_is_below(mount->mountpoint, kept[i]))
			return 0;
	if (inside_folder(step->root_fd, mount->mountpoint, err) < 0)
		return err_wrap(err, "with the mount at %s:%u", mount->pos.file, mount->pos.line);
	return 0;
}

int step_files(const struct step *step, struct err *err)
{
	_cleanup_accounts_ struct accounts accounts = {0};
	int r = accounts_read(step->root_fd, &accounts, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < step->plan->n_files; i++)
		tree_files_put(step, &accounts, &step->plan->files[i], err);
	for (size_t i = 0; i < step->plan->n_mounts; i++)
		tree_files_make_mountpoint(step, &step->plan->mounts[i], err);
	return err_result(err);
}
