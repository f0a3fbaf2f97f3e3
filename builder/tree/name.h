/* Names of a recipe that the image can be asked about: each kind of name is a question. */
#ifndef TREE_NAME_H
#define TREE_NAME_H

#include "tree/steps.h"
#include "tree/unit_scope.h"

struct name {
	const char *text;
	struct pos pos;              /* of the recipe's word */
	const char *path;            /* its key, as messages show it */
};

/* Adds an error, or a warning, with the place and the nearest name that the image has, unless the image has this one. */
typedef void name_ask(const struct step *step, struct arena *arena, const struct name *name, struct err *err);

name_ask name_ask_unit;      /* something must come of it: it is not missing, masked or a template */
name_ask name_ask_program;   /* an absolute path: a file that can be executed, and if a script, its interpreter too */
name_ask name_ask_file;      /* an absolute path of anything */
name_ask name_ask_user;      /* an account's name, or number */
name_ask name_ask_group;
name_ask name_ask_zone;      /* a time zone of tzfile(5) */
name_ask name_ask_module;    /* a kernel module, or an alias of one */
name_ask name_ask_blacklist; /* the same, where a missing one does no harm */

/* Asks for the accounts, files and folders that the recipe's units name: without them a service does not start. */
void names_ask_units(const struct step *step, struct arena *arena, struct err *err);

/* name_ask_unit() of any manager of systemd; that is the system's. */
void name_ask_unit_of(const struct step *step, struct arena *arena, const struct unit_scope *scope, const struct name *name,
		      struct err *err);

/* Warns of globs of `exclude` and `include` in the recipe's own file that no package has a path for, and of packages that it
 * asks for and of which `exclude` leaves nothing. */
int names_ask_paths(const struct step *step, struct err *err);

/* Says that there is nothing of that name: `format` and what follows make the message. With `near` the hint names it, else
 * it is `otherwise`. */
void name_missing(const struct name *name, const char *near, const char *otherwise, struct err *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Whether the machine itself makes what is at `path`: it is in memory, or on persistent storage. */
bool name_is_written(const char *path);

/* Whether what is at `path` comes with the image: not what is in memory, on persistent storage, or mounted by a unit of the
 * recipe's, where a machine may make it later. */
bool name_is_of_image(const struct plan *plan, const char *path);

#endif
