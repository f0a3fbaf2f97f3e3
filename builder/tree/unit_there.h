/* Which systemd units a machine of the image can have (systemd.unit(5)): those of files, of packages and of the recipe; their
 * aliases and instances; what generators and systemd itself make at run time. */
#ifndef TREE_UNIT_THERE_H
#define TREE_UNIT_THERE_H

#include "plan/config.h"
#include "tree/unit_scope.h"

enum unit_there {
	UNIT_MISSING,  /* nothing makes it */
	UNIT_UNSURE,   /* no file makes it; but a package has a generator that we do not know, and that may */
	UNIT_MASKED,   /* it can never start */
	UNIT_THERE,
};

/* Asks one manager in the tree open as `root_fd` and the plan's own units, mount points and quadlets: the same before and
 * after step_units().
 * `name` is a whole name ("foo.service", "getty@tty1.service"); a template ("getty@.service") is there as a file, but is
 * nothing that can run. Devices, scopes and slices need no file and are always there. */
enum unit_there unit_there_of(const struct plan *plan, int root_fd, const struct unit_scope *scope, const char *name);
enum unit_there unit_there(const struct plan *plan, int root_fd, const char *name); /* of the system's manager */

/* The name nearest to `name` among those that have a file; of an instance, one of the nearest template. In `arena`; NULL when
 * none is near. */
const char *unit_nearest_of(struct arena *arena, const struct plan *plan, int root_fd, const struct unit_scope *scope,
			    const char *name);
const char *unit_nearest(struct arena *arena, const struct plan *plan, int root_fd, const char *name);

/* `name@instance.service` comes from `name@.service`; any other name from itself. In `arena`. */
const char *unit_template(struct arena *arena, const char *name);

/* The name of the unit that mounts `path` (systemd.mount(5), systemd-escape --path); in `arena`. */
const char *unit_of_path(struct arena *arena, const char *path, const char *suffix);

#endif
