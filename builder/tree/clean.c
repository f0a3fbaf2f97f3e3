/* What differs between two builds, and what must be each machine's own, goes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tree/dates.h"
#include "tree/inside.h"
#include "tree/steps.h"

/* Files by folder and glob(7). */
static const char *const unwanted[][2] = {
	{"/etc", "passwd-"},
	{"/etc", "group-"},
	{"/etc", "shadow-"},
	{"/etc", "gshadow-"},
	{"/etc", "subuid-"},
	{"/etc", "subgid-"},
	{"/etc", ".pwd.lock"},
	{"/boot", "initrd.img-*"},  /* from a package, and different in each build; ours has another path */
	{"/etc/ssh", "ssh_host_*"}, /* each machine makes its own */
	{"/var/cache/debconf", "*-old"},
	{"/var/cache/debconf", "passwords.dat"}, /* what scripts were answered, or made up */
	{"/var/cache/ldconfig", "aux-cache"}, /* inode numbers, times */
	{"/var/lib/dbus", "machine-id"},
	{"/var/lib/dpkg", "*-old"},
	{"/var/lib/dpkg", "lock*"},
	{"/var/lib/dpkg/triggers", "Lock"},
	{"/var/lib/systemd", "random-seed"},
	{"/var/lib/ucf", "hashfile*"},           /* of configuration that scripts made, with what was made up in it … */
	{"/var/lib/ucf/cache", "*"},             /* … and a copy of all of it */
	{"/var/lib/systemd", "credential.secret"},
	{"/var/lib/systemd/catalog", "database"},
};

/* Folders that keep their folders, but no files. */
static const char *const emptied[] = {"/tmp", "/var/cache/apt", "/var/lib/apt/lists", "/var/log", "/var/tmp"};

static int clean_remove_match(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
			      struct err *err)
{
	const char *glob = data;

	(void)type;
	if (fnmatch(glob, name, 0) != 0)
		return 0;
	return unlinkat(folder_fd, name, 0) < 0 ? err_sys(err, -errno, "cannot remove '%s' in the tree", path) : 0;
}

static int clean_remove_file(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
			     struct err *err)
{
	const struct step *step = data;

	if (type == DT_DIR)
		return inside_each(step->root_fd, path, clean_remove_file, data, err);
	return unlinkat(folder_fd, name, 0) < 0 ? err_sys(err, -errno, "cannot remove '%s' in the tree", path) : 0;
}

static int clean_set_dates(const struct step *step, const char *path, struct err *err)
{
	_cleanup_fd_ int fd = root_open(step->root_fd, path, O_PATH, 0);
	_cleanup_buf_ struct buf old = {0}, new = {0};
	struct stat st;
	int r = fd < 0 ? 0 : inside_read(step->root_fd, path, DATED_BYTES_MAX, &old, err);

	if (r < 0)
		return r;
	if (old.size == 0 || fstat(fd, &st) < 0 || !dates_set(path, &old, step->plan->epoch, &new))
		return 0;
	return inside_write(step->root_fd, path, new.data, new.size,
			    &(struct inside_access){st.st_mode & 07777, st.st_uid, st.st_gid}, err);
}

bool clean_forgets(const struct plan *plan, const char *path)
{
	const char *name = path_last(path);
	size_t folder = (size_t)(name - 1 - path);

	for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
		if (strlen(unwanted[i][0]) == folder && strncmp(path, unwanted[i][0], folder) == 0 &&
		    fnmatch(unwanted[i][1], name, 0) == 0)
			return true;
	for (size_t i = 0; i < sizeof emptied / sizeof *emptied; i++)
		if (path_is_below(path, emptied[i])) /* the folder, too: a layer has it when a file in it came and went */
			return true;
	for (size_t i = 0; i < plan->n_own; i++)
		for (size_t p = 0; p < plan->own[i].paths.count; p++)
			if (path_is_below(path, plan->own[i].paths.items[p]))
				return true;
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return true;
	return false;
}

int step_clean(const struct step *step, struct err *err)
{
	int r;

	for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
		if ((r = inside_each(step->root_fd, unwanted[i][0], clean_remove_match, (void *)unwanted[i][1], err)) <
		    0)
			return r;
	for (size_t i = 0; i < sizeof emptied / sizeof *emptied; i++)
		if ((r = inside_each(step->root_fd, emptied[i], clean_remove_file, (void *)step, err)) < 0)
			return r;
	r = own_remove(step, err);
	for (size_t i = 0; r == 0 && dates_path(i); i++)
		r = clean_set_dates(step, dates_path(i), err);
	return r;
}

int step_ground(const struct step *step, struct err *err)
{
	return inside_remove(step->root_fd, "/etc/machine-id", err);
}
