/* Whether packages, installed once more and in other circumstances, give the same files. */
#ifndef TREE_REPEAT_H
#define TREE_REPEAT_H

#include "cache/cache.h"
#include "plan/plan.h"

/* Makes every layer of the plan's image a second time (at another time, with other process numbers, another home and
 * another folder for temporary files) and compares it with the one in the cache, where all must be. Each file that differs
 * is an error that names the package behind it; but not what clean_forgets(), since that is in no image. What differs of a
 * layer is kept beside it: it is made a second time once. */
int tree_repeat(struct cache *cache, const struct plan *plan, struct err *err);

/* Told of a path that differs, and how: "its content", "its mode", … A negative errno ends the comparison. */
typedef int repeat_tell(void *data, const char *path, const char *what, struct err *err);

/* Compares two folders that are open. */
int repeat_compare(int one_fd, int other_fd, repeat_tell *tell, void *data, struct err *err);

#endif
