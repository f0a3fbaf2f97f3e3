#include "machine/box/pivot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/box/steps.h"
#include "machine/mountinfo.h"
#include "machine/say.h"

enum { STATE_BYTES = 1 << 16 };

/* Makes what is missing of the path, a folder or a file at its end, within the folder that it begins with. No part may be a
 * link: it would lead out of the tree. */
static int pivot_make_point(const char *path, size_t base, bool folder, const struct stat *like)
{
	char part[PATH_MAX];
	struct stat st;

	for (const char *at = path + base; *at;) {
		size_t length = strspn(at, "/") + strcspn(at + strspn(at, "/"), "/");
		bool last;
		int fd = -1;

		at += length;
		last = !*at;
		if ((size_t)snprintf(part, sizeof part, "%.*s", (int)(at - path), path) >= sizeof part)
			return -ENAMETOOLONG;
		if (lstat(part, &st) == 0) {
			if (S_ISLNK(st.st_mode) || (S_ISDIR(st.st_mode) != (folder || !last)))
				return -ENOTDIR;
			continue;
		}
		if (errno != ENOENT)
			return -errno;
		if (folder || !last ? mkdir(part, 0755) < 0 : (fd = open(part, O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0)
			return -errno;
		if (fd >= 0)
			close(fd);
		if (last && folder && like && (chown(part, like->st_uid, like->st_gid) < 0 ||
					       chmod(part, like->st_mode & 07777) < 0))
			return -errno;
	}
	return 0;
}

/* A path of `state:` that the root has not yet is made as the tree has it; then it is filled as an empty mount point is. */
static int pivot_make_points(const struct box_step *step, size_t base)
{
	struct stat source, tree;
	int r = 0;

	if (!step->source || !step->target[base])
		return 0;
	if (step->state && lstat(step->source, &source) < 0)
		r = pivot_make_point(step->source, 0, true, lstat(step->target, &tree) == 0 ? &tree : NULL);
	if (r == 0 && stat(step->source, &source) < 0)
		r = -errno;
	return r < 0 ? r : pivot_make_point(step->target, base, S_ISDIR(source.st_mode), &source);
}

static int pivot_mount(const struct box_steps *steps, const char *tree, char *why, size_t size)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct box_step *step = &steps->steps[i];
		int r = pivot_make_points(step, strlen(tree));

		if (r == 0 && mount(step->source, step->target, NULL, step->flags, NULL) < 0)
			r = -errno;
		if (r < 0) {
			snprintf(why, size, "cannot mount %s at %s: %s", step->source ? step->source : "(propagation)",
				 step->target, strerror(-r));
			return r;
		}
	}
	return 0;
}

/* The old root comes to lie over the new one, and is taken off (pivot_root(2)). */
static int pivot_root_to(const char *tree, char *why, size_t size)
{
	int r;

	if (chdir(tree) == 0 && syscall(SYS_pivot_root, ".", ".") == 0)
		return 0;
	r = -errno;
	snprintf(why, size, "cannot make %s the root: %s", tree, strerror(-r));
	if (chdir("/") < 0)
		return r;
	return r;
}

static void pivot_share(const struct box_steps *steps)
{
	if (steps->shared && mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		say("mounts are not shared any more: %s", strerror(errno));
}

static int pivot_plan(const char *tree, struct box_steps *ret_steps, char *why, size_t size)
{
	char path[PATH_MAX], state[STATE_BYTES];
	char *mounts = mountinfo_load();
	int r;

	*ret_steps = (struct box_steps){0};
	snprintf(path, sizeof path, "%s" BOX_STATE_FILE, tree);
	r = mounts ? read_line(path, state, sizeof state) : -EIO;
	if (r >= 0 || r == -ENOENT)
		r = steps_plan(tree, mounts, state, ret_steps);
	free(mounts);
	if (r < 0)
		snprintf(why, size, "cannot find out what to mount: %s", strerror(-r));
	return r;
}

int pivot_into(const char *tree, char *why, size_t size)
{
	struct box_steps steps;
	int r = pivot_plan(tree, &steps, why, size);

	if (r == 0)
		r = pivot_mount(&steps, tree, why, size);
	if (r == 0)
		r = pivot_root_to(tree, why, size);
	if (r < 0)
		umount2(tree, MNT_DETACH); /* with all that was mounted in it (it may be no mount yet) */
	else if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		say("the old root cannot be put away: %s", strerror(errno));
	pivot_share(&steps);
	steps_free(&steps);
	return r;
}
