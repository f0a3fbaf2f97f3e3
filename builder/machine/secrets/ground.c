#include "machine/secrets/ground.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/owner.h"
#include "machine/say.h"

/* Whoever may read a secret can reach it by its name, and list nothing. */
enum { FOLDER_MODE = 0751, OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* --- memory that is not swapped -------------------------------------------------------------------------------------- */

static bool ground_is_mounted(const char *folder)
{
	struct stat there, above;
	struct statfs system;
	char parent[512];

	snprintf(parent, sizeof parent, "%s/..", folder);
	return stat(folder, &there) == 0 && stat(parent, &above) == 0 && there.st_dev != above.st_dev &&
	       statfs(folder, &system) == 0 &&
	       (system.f_type == RAMFS_MAGIC || system.f_type == TMPFS_MAGIC);
}

static bool ground_there_is_swap(void)
{
	char text[512];
	int r = read_line("/proc/swaps", text, sizeof text);

	return r == -EFBIG || (r > 0 && strchr(text, '\n')); /* a line for each, behind the headings */
}

/* ramfs is never swapped. A container may not be allowed it, nor to say `noswap` (Linux 6.4). */
static void ground_mount(struct here *here, const char *folder)
{
	static const struct {
		const char *type, *options;
		bool swapped;
	} ways[] = {{"ramfs", "mode=0751", false}, {"tmpfs", "mode=0751,noswap", false}, {"tmpfs", "mode=0751", true}};
	size_t i = 0;

	if (*here->root || ground_is_mounted(folder))
		return;
	while (i < 3 && mount("secrets", folder, ways[i].type, MS_NOSUID | MS_NODEV | MS_NOEXEC, ways[i].options) < 0)
		i++;
	if ((i == 3 || ways[i].swapped) && ground_there_is_swap())
		here_remark(here, "%s is in memory that may be swapped to a disk: this system has no other", folder);
}

/* --- generations ----------------------------------------------------------------------------------------------------- */

/* A number as it is printed; 0 for any other name. */
static unsigned long ground_number(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < 10 && *name != '0' && strspn(name, "0123456789") == n ? strtoul(name, NULL, 10) : 0;
}

/* The generation that is seen; 0: none. */
static unsigned long ground_seen(const struct here *here, const struct ground *ground)
{
	const char *name = strrchr(ground->folder, '/') + 1;
	char target[512];
	ssize_t n = readlink(here_path(here, ground->link), target, sizeof target - 1);
	size_t length = strlen(name);

	if (n < 0)
		return 0;
	target[n] = 0;
	return strncmp(target, name, length) == 0 && target[length] == '/' ? ground_number(target + length + 1) : 0;
}

static int ground_remove(const char *path)
{
	char *paths[] = {(char *)(uintptr_t)path, NULL};
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;
	int r = fts ? 0 : -errno;

	while (fts && (entry = fts_read(fts)))
		if (entry->fts_info != FTS_D &&
		    (entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath)) < 0 && r == 0)
			r = -errno;
	if (fts)
		fts_close(fts);
	return r;
}

/* Removes all but the generation `keep`; the highest number there was, or `keep`. */
static unsigned long ground_sweep(struct here *here, const struct ground *ground, unsigned long keep)
{
	unsigned long highest = keep;
	DIR *folder = opendir(ground->folder);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		unsigned long number = ground_number(entry->d_name);
		const char *path = pool_printf(here->pool, "%s/%s", ground->folder, entry->d_name);
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || (keep && number == keep))
			continue;
		highest = number > highest ? number : highest;
		r = ground_remove(path);
		if (r < 0)
			here_remark(here, "%s cannot be removed: %s", path, strerror(-r));
	}
	if (folder)
		closedir(folder);
	return highest;
}

static int ground_enter(const char *path)
{
	int fd = open(path, OPEN_FOLDER);

	return fd < 0 ? -errno : fd;
}

int ground_open(struct here *here, const char *link, struct ground *ret_ground)
{
	struct ground *ground = ret_ground;
	const char *path;
	int r;

	*ground = (struct ground){.link = link, .old_fd = -1, .new_fd = -1};
	ground->folder = here_path(here, pool_printf(here->pool, "%s" SECRETS_GENERATIONS, link));
	r = make_folder(ground->folder, FOLDER_MODE);
	if (r == 0) {
		ground_mount(here, ground->folder);
		r = chmod(ground->folder, FOLDER_MODE) < 0 ? -errno : 0;
	}
	if (r == 0) {
		ground->old = ground_seen(here, ground);
		path = pool_printf(here->pool, "%s/%lu", ground->folder, ground->old);
		ground->old_fd = ground->old ? ground_enter(path) : -1;
		ground->old = ground->old_fd < 0 ? 0 : ground->old; /* a link to nothing: of before a restart */
		ground->new = ground_sweep(here, ground, ground->old) + 1;
		path = pool_printf(here->pool, "%s/%lu", ground->folder, ground->new);
		r = mkdir(path, FOLDER_MODE) < 0 || chmod(path, FOLDER_MODE) < 0 ? -errno : ground_enter(path);
	}
	if (r < 0) {
		say("%s cannot be made: %s", ground->folder, strerror(-r));
		if (ground->old_fd >= 0)
			close(ground->old_fd);
		return r;
	}
	ground->new_fd = r;
	return 0;
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

/* The folder in `folder` that `name` is in, made when it is missing; a descriptor for the caller. */
static int ground_open_parent(int folder, const char *name, const char **ret_last)
{
	int fd = openat(folder, ".", OPEN_FOLDER), next;
	const char *slash;

	for (; fd >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
		char part[NAME_MAX + 1];

		snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
		next = mkdirat(fd, part, FOLDER_MODE) < 0 && errno != EEXIST ? -1 : openat(fd, part, OPEN_FOLDER);
		if (next >= 0 && fchmod(next, FOLDER_MODE) < 0) {
			close(next);
			next = -1;
		}
		next = next < 0 ? -errno : next;
		close(fd);
		fd = next;
	}
	*ret_last = name;
	return fd;
}

static int ground_write(int fd, const struct item *item, uid_t uid, gid_t gid)
{
	int r = write_all(fd, item->value.data, item->value.size, 0);

	if (r == 0 && geteuid() == 0 && fchown(fd, uid, gid) < 0) /* others (in tests) have nothing to give away */
		r = -errno;
	return r == 0 && fchmod(fd, item->mode) < 0 ? -errno : r;
}

/* Whether the generation before has the same bytes, with the same mode and owner as `now`. */
static bool ground_is_same(const struct here *here, const struct ground *ground, const struct item *item,
			   const struct stat *now)
{
	int fd = ground->old_fd < 0 ? -1 : openat(ground->old_fd, item->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct bytes bytes;
	struct stat old;
	bool same;

	if (fd < 0)
		return false;
	same = fstat(fd, &old) == 0 && old.st_mode == now->st_mode && old.st_uid == now->st_uid && old.st_gid == now->st_gid &&
	       (size_t)old.st_size == item->value.size && here_read_fd(here, fd, item->value.size, &bytes) == 0 &&
	       bytes.size == item->value.size && memcmp(bytes.data, item->value.data, bytes.size) == 0;
	close(fd);
	return same;
}

void ground_put(const struct here *here, const struct ground *ground, struct item *item)
{
	const char *owner = pool_printf(here->pool, "%s:%s", item->owner, item->group), *last;
	struct stat stat;
	uid_t uid;
	gid_t gid;
	int folder, fd, r;

	if (!owner_find(here->root, owner, &uid, &gid)) {
		declared_judge(here->pool, item, VERDICT_BAD, "there is no user and group '%s'", owner);
		return;
	}
	folder = ground_open_parent(ground->new_fd, item->name, &last);
	fd = folder < 0 ? -1 : openat(folder, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = folder < 0 ? folder : fd < 0 ? -errno : ground_write(fd, item, uid, gid);
	if (r == 0 && fstat(fd, &stat) < 0)
		r = -errno;
	if (r == 0)
		item->changed = !ground_is_same(here, ground, item, &stat);
	else
		declared_judge(here->pool, item, VERDICT_BAD, "it cannot be written: %s", strerror(-r));
	if (r < 0 && fd >= 0)
		unlinkat(folder, last, 0); /* no half of it */
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
}

/* --- the link -------------------------------------------------------------------------------------------------------- */

/* A folder is where the link belongs: whoever made it keeps what is in it, elsewhere. */
static int ground_set_aside(struct here *here, const char *path)
{
	const char *aside = pool_printf(here->pool, "%s.stray", path);
	int r;

	if (rmdir(path) == 0)
		return 0;
	ground_remove(aside); /* (there may be none) */
	r = rename(path, aside) < 0 ? -errno : 0;
	if (r == 0)
		here_remark(here, "%s was a folder, and is %s now: a link belongs there", path, aside);
	return r;
}

int ground_turn(struct here *here, struct ground *ground)
{
	const char *path = here_path(here, ground->link), *draft = pool_printf(here->pool, "%s.new", path);
	const char *target = pool_printf(here->pool, "%s/%lu", strrchr(ground->folder, '/') + 1, ground->new);
	int r = unlink(draft) < 0 && errno != ENOENT ? -errno : 0;

	if (r == 0 && symlink(target, draft) < 0)
		r = -errno;
	if (r == 0 && rename(draft, path) < 0) {
		r = errno == EISDIR ? ground_set_aside(here, path) : -errno;
		r = r == 0 && rename(draft, path) < 0 ? -errno : r;
	}
	if (r < 0)
		say("%s cannot be made: %s", path, strerror(-r));
	else
		ground->old = ground->new;
	return r;
}

void ground_close(struct here *here, struct ground *ground)
{
	if (ground->old_fd >= 0)
		close(ground->old_fd);
	if (ground->new_fd >= 0)
		close(ground->new_fd);
	ground_sweep(here, ground, ground->old);
	ground->old_fd = ground->new_fd = -1;
}
