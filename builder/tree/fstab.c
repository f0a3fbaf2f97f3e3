/* A table of file systems of the recipe's own (fstab(5)): the machine's root cannot be written, so the folders that it mounts
 * on have to be there; and a disk that it does not have stops it, unless the table says otherwise. */
#include "tree/fstab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tree/inside.h"
#include "tree/name.h"
#include "tree/steps.h"

static const char FSTAB[] = "/etc/fstab";
enum { FSTAB_BYTES_MAX = 1 << 20, LINE_BYTES = 4096 };

int fstab_each(int root_fd, fstab_tell *tell, void *data, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r = inside_exists(root_fd, FSTAB) ? inside_read(root_fd, FSTAB, FSTAB_BYTES_MAX, &text, err) : 0;
	char line[LINE_BYTES];
	struct mntent entry;
	FILE *table;

	if (r < 0 || text.size == 0)
		return r;
	table = fmemopen(text.data, text.size, "r");
	if (!table)
		return err_no_memory(err);
	while (getmntent_r(table, &entry, line, sizeof line))
		tell(data, &entry);
	endmntent(table);
	return 0;
}

/* The recipe's own; what is made of `partitions` is in order, and has no place in a file. */
static const struct plan_file *tree_fstab_own(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, FSTAB) == 0 && plan->files[i].pos.line)
			return &plan->files[i];
	return NULL;
}

static bool tree_fstab_may_be_missing(const struct mntent *entry)
{
	static const char *const options[] = {"nofail", "noauto", "x-systemd.automount", "_netdev"};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (hasmntopt(entry, options[i]))
			return true;
	return false;
}

static bool tree_fstab_is_disk(const struct mntent *entry)
{
	static const char *const beginnings[] = {"/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID="};

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (text_has_prefix(entry->mnt_fsname, beginnings[i]))
			return true;
	return false;
}

struct fstab_check {
	const struct step *step;
	const struct plan_file *file;
	struct err *err;
};

static void tree_fstab_check(void *data, const struct mntent *entry)
{
	const struct fstab_check *check = data;
	const struct step *step = check->step;
	const struct pos *pos = &check->file->pos;
	const char *where = entry->mnt_dir;

	if (!*where || !*entry->mnt_type) {
		err_at(check->err, -EINVAL, pos, NULL, "'%s' of '%s' has no %s", entry->mnt_fsname, FSTAB,
		       *where ? "type" : "mount point");
		err_hint(check->err, "a line is: DEVICE MOUNTPOINT TYPE OPTIONS, like /dev/vdb1 /srv ext4 nofail");
		return;
	}
	if (*where == '/' && name_is_of_image(step->plan, where) && !inside_exists(step->root_fd, where) &&
	    inside_folder(step->root_fd, where, check->err) < 0)
		err_at(check->err, -EINVAL, pos, NULL, "'%s' of '%s' cannot be a mount point", where, FSTAB);
	if (*where != '/' || !tree_fstab_is_disk(entry) || tree_fstab_may_be_missing(entry))
		return; /* (swap that is missing is waited for, and done without) */
	err_warn(check->err, pos, NULL, "without '%s', which '%s' has for '%s', the machine does not start",
		 entry->mnt_fsname, FSTAB, where);
	err_hint(check->err, "add the option 'nofail' if it can go without");
}

int step_fstab(const struct step *step, struct err *err)
{
	const struct plan_file *file = tree_fstab_own(step->plan);
	int r = file ? fstab_each(step->root_fd, tree_fstab_check, &(struct fstab_check){step, file, err}, err) : 0;

	return r < 0 ? r : err_result(err);
}
