/* What was found in a layer, once, when it was made: files that no package ships, so scripts made them, and that have something
 * in them that is not the same for every machine. */
#ifndef TREE_FOUND_H
#define TREE_FOUND_H

#include "base/arena.h"
#include "base/err.h"

struct found {
	const char *what;    /* secrets_form(), or FOUND_NAME */
	const char *package; /* whose script probably made it; "" when nobody knows */
	const char *path;
};

/* It has the name of the sandbox (SANDBOX_HOSTNAME) in it. */
#define FOUND_NAME "name"

/* Looks at what is in the folder `files`, the upper one of a tree whose whole can be seen at `root`, and writes what is
 * found to the file `to`. */
int found_write(const char *files, const char *root, const char *to, struct err *err);

/* Appends to `found` (in `arena`) what is in such a file; a missing one has nothing. */
int found_read(struct arena *arena, const char *from, struct found **found, size_t *n, struct err *err);

#endif
