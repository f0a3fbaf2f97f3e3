/* The unit files of a tree, as a manager of systemd would find them (systemd.unit(5)). */
#ifndef TREE_UNIT_INDEX_H
#define TREE_UNIT_INDEX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct unit_file {
	const char *name, *path;
	const char *link;            /* where it leads, when it is a symbolic link */
};

/* A unit that a link in `BY.wants`, `BY.requires` or `BY.upholds` has started. */
struct unit_want {
	const char *name, *by, *path;
	const char *link;
};

struct unit_index {
	struct arena *arena;
	struct unit_file *files;     /* what hides another comes first */
	size_t n_files;
	struct unit_want *wants;
	size_t n_wants;
};

/* Where the units of the system's manager are; the first is the recipe's. */
extern const char *const unit_index_system[];

/* Reads `folders`, NULL-terminated; what is found lives in `arena`. */
int unit_index_read(struct arena *arena, int root_fd, const char *const *folders, struct unit_index *ret_index,
		    struct err *err);

/* The template that `name@instance.service` comes from, or `name` itself. */
const char *unit_index_template(struct arena *arena, const char *name);

/* The file of a unit, or of its template; NULL for none. */
const struct unit_file *unit_index_find(const struct unit_index *index, const char *name);

/* What else a unit is called, when `name` is only an alias of it; else NULL. */
const char *unit_index_alias_of(const struct unit_index *index, const char *name);

/* Whether `file` is a link to nowhere: the unit cannot start. */
bool unit_index_is_masked(const struct unit_file *file);

/* The unit's name nearest to `name`, or NULL. */
const char *unit_index_near(const struct unit_index *index, const char *name);

#endif
