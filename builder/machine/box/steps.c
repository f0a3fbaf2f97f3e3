#include "machine/box/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "contract/box.h"
#include "machine/mountinfo.h"

/* The path is `folder`, or in it. */
static bool steps_is_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (!path[length] || path[length] == '/');
}

static int steps_add(struct box_steps *steps, const char *source, const char *tree, const char *path, unsigned long flags,
		     bool state)
{
	struct box_step *more = reallocarray(steps->steps, steps->n + 1, sizeof *more);
	size_t size = strlen(tree) + strlen(path) + 1;
	char *target;

	if (!more)
		return -ENOMEM;
	steps->steps = more;
	target = malloc(size);
	more[steps->n++] = (struct box_step){source ? strdup(source) : NULL, target, flags, state};
	if (!target || (source && !more[steps->n - 1].source))
		return -ENOMEM;
	snprintf(target, size, "%s%s", tree, path);
	return 0;
}

/* The mounts that stand right in the root: what is in them comes with them. The list of all mounts may have several roots, of
 * which the last is the one that is seen. */
struct in_root {
	struct mountinfo *mounts;
	size_t n;
};

static int steps_find_mounts(char *text, struct in_root *in, bool *ret_shared)
{
	struct mountinfo mount, *more;
	unsigned long root = 0;
	size_t kept = 0;
	bool found = false;
	int r;

	while ((r = mountinfo_next(&text, &mount)) > 0) {
		more = reallocarray(in->mounts, in->n + 1, sizeof *more);
		if (!more)
			return -ENOMEM;
		in->mounts = more;
		in->mounts[in->n++] = mount;
		if (strcmp(mount.point, "/") == 0) {
			root = mount.id;
			*ret_shared = mount.shared;
			found = true;
		}
	}
	for (size_t i = 0; i < in->n; i++)
		if (in->mounts[i].parent == root && in->mounts[i].id != root && !steps_is_in(in->mounts[i].point, BOX_FOLDER))
			in->mounts[kept++] = in->mounts[i];
	in->n = kept;
	return r < 0 ? r : found ? 0 : -EINVAL;
}

static bool steps_is_mounted(const struct in_root *in, const char *path)
{
	for (size_t i = 0; i < in->n; i++)
		if (steps_is_in(path, in->mounts[i].point))
			return true;
	return false;
}

static int steps_add_state(struct box_steps *steps, const char *tree, const struct in_root *in, char *state)
{
	const char *path;
	int r = 0;

	while (r == 0 && (path = strsep(&state, "\n")))
		if (path[0] == '/' && path[1] && !steps_is_mounted(in, path))
			r = steps_add(steps, path, tree, path, MS_BIND | MS_REC, true);
	return r;
}

static bool steps_has(const struct box_steps *steps, const char *path)
{
	for (size_t i = 0; i < steps->n; i++)
		if (steps->steps[i].state && steps_is_in(path, steps->steps[i].source))
			return true;
	return false;
}

int steps_plan(const char *tree, char *mountinfo, char *state, struct box_steps *ret_steps)
{
	struct in_root in = {0};
	int r;

	*ret_steps = (struct box_steps){0};
	r = steps_find_mounts(mountinfo, &in, &ret_steps->shared);
	if (r == 0)
		r = steps_add(ret_steps, NULL, "", "/", MS_REC | MS_SLAVE, false);
	if (r == 0)
		r = steps_add(ret_steps, tree, tree, "", MS_BIND, false);
	if (r == 0)
		r = steps_add_state(ret_steps, tree, &in, state);
	for (size_t i = 0; r == 0 && i < in.n; i++)
		if (!steps_has(ret_steps, in.mounts[i].point))
			r = steps_add(ret_steps, in.mounts[i].point, tree, in.mounts[i].point, MS_BIND | MS_REC, false);
	if (r == 0)
		r = steps_add(ret_steps, BOX_FOLDER, tree, BOX_FOLDER, MS_BIND, false);
	free(in.mounts);
	return r;
}

void steps_free(struct box_steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		free((char *)steps->steps[i].source);
		free((char *)steps->steps[i].target);
	}
	free(steps->steps);
	*steps = (struct box_steps){0};
}
