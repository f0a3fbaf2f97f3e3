#include "tree/enter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

/* The tree has these folders, too, but what belongs there is the host's. */
static const char *const host_folders[] = {"dev",  "home", "media", "mnt", "opt", "proc", "root",
					   "run",  "srv",  "sys",   "tmp", "var", NULL};

/* Files of /etc that are about this host and its users. */
static const char *const host_files[] = {"passwd", "group", "hosts", "hostname", "resolv.conf", "localtime", NULL};

static bool enter_is_listed(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* Makes `to` what `from` is: a link of the same words, or a mount on it with all that is mounted there. */
static int enter_show(const char *from, const char *to)
{
	char target[PATH_MAX];
	struct stat status;
	ssize_t n;
	int fd;

	if (lstat(from, &status) < 0)
		return -errno;
	if (S_ISLNK(status.st_mode)) {
		n = readlink(from, target, sizeof target - 1);
		target[n < 0 ? 0 : n] = 0;
		return n < 0 || (symlink(target, to) < 0 && errno != EEXIST) ? -errno : 0;
	}
	if (S_ISDIR(status.st_mode)) {
		if (mkdir(to, 0755) < 0 && errno != EEXIST)
			return -errno;
	} else {
		fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

/* Shows the entries of the folder `from` in `root`: those that are the host's, or those that are not. */
static int enter_show_all(struct arena *arena, const char *from, bool from_host, const char *root, struct err *err)
{
	DIR *folder = opendir(from);
	struct dirent *entry;
	int r = 0;

	if (!folder)
		return err_sys(err, -errno, "cannot read the folder '%s'", from);
	while (r == 0 && (entry = readdir(folder))) {
		const char *to = arena_printf(arena, "%s/%s", root, entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (enter_is_listed(host_folders, entry->d_name) == from_host || (from_host && !path_exists(to)))
			r = enter_show(arena_printf(arena, "%s/%s", from, entry->d_name), to);
		if (r < 0)
			err_sys(err, r, "cannot mount '%s/%s' for a program of the tree", from, entry->d_name);
	}
	closedir(folder);
	return r;
}

/* Those that both have: the tree cannot be written. */
static int enter_show_files(struct arena *arena, const char *root, struct err *err)
{
	for (size_t i = 0; host_files[i]; i++) {
		const char *from = arena_printf(arena, "/etc/%s", host_files[i]);
		const char *to = arena_printf(arena, "%s%s", root, from);

		if (path_exists(from) && path_exists(to) && mount(from, to, NULL, MS_BIND, NULL) < 0)
			return err_sys(err, -errno, "cannot mount '%s' for a program of the tree", from);
	}
	return 0;
}

static int enter_pivot(const char *root, const char *cwd, struct err *err)
{
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return err_sys(err, -errno, "cannot make the tree the root file system");
	return chdir(cwd) < 0 ? err_sys(err, -errno, "cannot go back to '%s'", cwd) : 0;
}

int tree_enter(const struct tree *tree, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *root = arena_printf(arena, "%s/entered", tree->scratch);
	char cwd[PATH_MAX];
	int r;

	if (!getcwd(cwd, sizeof cwd))
		return err_sys(err, -errno, "cannot get the working directory");
	r = folder_make(root, 0755, err);
	if (r < 0)
		return r;
	if (mount("tmpfs", root, "tmpfs", MS_NOSUID, "mode=0755") < 0)
		return err_sys(err, -errno, "cannot mount a tmpfs");
	r = enter_show_all(arena, tree->path, false, root, err);
	if (r == 0)
		r = enter_show_files(arena, root, err);
	if (r == 0)
		r = enter_show_all(arena, "/", true, root, err);
	if (r == 0 && fcntl(tree->scratch_fd, F_SETFD, 0) < 0)
		r = err_sys(err, -errno, "cannot keep the tree's scratch folder");
	return r == 0 ? enter_pivot(root, cwd, err) : r;
}
