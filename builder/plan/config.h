/* What a recipe's words mean in files: users, sudo, ssh trust, firewall, networks, units. Pure: from words to text. */
#ifndef PLAN_CONFIG_H
#define PLAN_CONFIG_H

#include "base/buf.h"
#include "plan/plan.h"

/* Fills plan->files, plan->units and plan->layout from plan->recipe; plan->image and plan->seed must be decided. A file
 * of the recipe's own at the path of one that is made of its other words is an error, but for those that may give way. */
int config_make(struct arena *arena, struct plan *plan, struct err *err);

/* Fills layer->exceptions, when its packages are known: what the recipe's `includeOf` and `includeWith` say for them. */
void exceptions_make(struct arena *arena, const struct recipe *recipe, const struct package_set *locked,
		     struct plan_layer *layer);

/* One kind of words each; called by config_make(). */
int numbers_make(struct arena *arena, struct plan *plan, struct err *err); /* plan->accounts; before all that asks for them */
int access_make(struct arena *arena, struct plan *plan, struct err *err);  /* users, groups, sudo */
int trust_make(struct arena *arena, struct plan *plan, struct err *err);   /* ssh: whose certificates and keys */
int network_make(struct arena *arena, struct plan *plan, struct err *err); /* host name, networks */
int firewall_make(struct arena *arena, struct plan *plan, struct err *err);
int quadlets_make(struct arena *arena, struct plan *plan, struct err *err); /* containers; adds units, so before units_make() */
int units_make(struct arena *arena, struct plan *plan, struct err *err);   /* units, kernel modules */

/* The name of the service that podman's generator makes of a quadlet ("foo.volume": "foo-volume.service"); in `arena`. */
const char *unit_of_quadlet(struct arena *arena, const char *name);

/* The same for a quadlet of the recipe, which may name its service itself (`ServiceName=`). */
const char *unit_of_recipe_quadlet(struct arena *arena, const struct recipe_quadlet *quadlet);

/* Adds what gives each user's systemd the units below USER_UNITS, unless it is there. */
void units_put_generator(struct arena *arena, struct plan *plan);

/* Whether a recipe's settings can be all of a unit of that name: what has not even a command, a listener, … was meant for a
 * unit that is there. */
bool units_can_be_whole(const char *name, const struct recipe_settings *settings);

int own_make(struct arena *arena, struct plan *plan, struct err *err);     /* what each machine makes for itself */
int secrets_make(struct arena *arena, struct plan *plan, struct err *err); /* after units_make() */
int stack_make(struct arena *arena, struct plan *plan, struct err *err);   /* plan->stack, and what the machine needs for it */
int layout_make(struct arena *arena, struct plan *plan, struct err *err);  /* plan->layout; after stack_make() */
int mounts_make(struct arena *arena, struct plan *plan, struct err *err);  /* plan->mounts as a file; after layout_make() */
int needs_make(struct arena *arena, struct plan *plan, struct err *err);   /* a kernel, tools; after layout_make() */
int agent_make(struct arena *arena, struct plan *plan,
	       struct err *err); /* aether-agent, and what it reads; after layout_make() */

/* The GUID of a partition's type, upper-case; NULL, and an error, for a code that nobody knows. */
const char *layout_type_guid(struct arena *arena, const struct recipe_partition *from, struct err *err);

/* The numbers of a name, or NULL. */
const struct plan_account *numbers_of(const struct plan *plan, const char *name);

/* Adds a file of root's with `text` (copied) as its content. */
void config_put(struct arena *arena, struct plan *plan, const char *path, mode_t mode, const struct pos *pos, const char *text);

/* Adds a file of root's that is a copy of the host's file `source` (borrowed), whose digest is `sha256`. */
void config_take(struct arena *arena, struct plan *plan, const char *path, mode_t mode, const char *source, const char *sha256);

/* Adds a symbolic link to `target` (copied), which must be in the image. */
void config_link(struct arena *arena, struct plan *plan, const char *path, const char *target);

/* Whether the recipe itself has a file at `path`. */
bool config_has_file(const struct plan *plan, const char *path);

/* Adds a file of root's whose content the recipe says itself: `text`, or else the host's file `source`, read with it. */
int config_put_words(struct arena *arena, struct plan *plan, const char *path, const struct pos *pos, const char *text,
		     const char *source, struct err *err);

/* Refuses words that mean nothing without `package`: "`what` needs the package …". */
int config_needs(const struct plan *plan, const char *package, const struct pos *pos, const char *what, struct err *err);

/* Appends settings the way systemd writes them: every section once, in the order of appearance. */
void config_settings(struct buf *text, const struct recipe_settings *settings);

/* The setting that config_settings() writes into that line (counted from 1) of a file; NULL for none. */
const struct recipe_setting *config_setting_at(const struct recipe_settings *settings, unsigned line);

#endif
