/* Which package is behind a file: by dpkg's lists, and where it is in none, by the scripts that may have made it. */
#ifndef TREE_OWNERS_H
#define TREE_OWNERS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct owners {
	struct owner_path {
		const char *path, *package;
	} *paths;                              /* sorted by path; a folder has several packages */
	struct owner_script {
		const char *package, *text;
	} *scripts;
	size_t n_paths, n_scripts;
};

/* Reads dpkg's database of the tree open as `root_fd`. All of it lives in `arena`. */
int owners_read(struct arena *arena, int root_fd, struct owners *ret_owners, struct err *err);

/* Whether a package ships `path`. */
bool owners_ships(const struct owners *owners, const char *path);

/* The package that ships `path`; else the one whose script names it, or its last part; else the only one that has a folder
 * above it. NULL: nobody knows. */
const char *owners_guess(const struct owners *owners, const char *path);

#endif
