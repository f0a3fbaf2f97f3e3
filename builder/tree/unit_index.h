/* The unit files of a tree, as a manager of systemd would find them (systemd.unit(5)). */
#ifndef TREE_UNIT_INDEX_H
#define TREE_UNIT_INDEX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "tree/unit_scope.h"

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
	const struct unit_scope *scope;
	struct unit_file *files;     /* what hides another comes first */
	size_t n_files;
	struct unit_want *wants;
	size_t n_wants;
};

/* Reads the folders of a manager; what is found lives in `arena`, which `scope` has to outlive. */
int unit_index_read(struct arena *arena, int root_fd, const struct unit_scope *scope, struct unit_index *ret_index,
		    struct err *err);

/* The file of a unit, or of its template; NULL for none. */
const struct unit_file *unit_index_find(const struct unit_index *index, const char *name);

/* What else a unit is called, when `name` is only an alias of it; else NULL. */
const char *unit_index_alias_of(const struct unit_index *index, const char *name);

/* Whether `file` is a link to nowhere: the unit cannot start. */
bool unit_index_is_masked(const struct unit_file *file);

#endif
