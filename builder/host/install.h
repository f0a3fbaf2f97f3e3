/* Where lies what belongs to this program: in the source tree that it was just compiled in, or where it was installed. */
#ifndef HOST_INSTALL_H
#define HOST_INSTALL_H

#include "base/arena.h"

/* The absolute path of the first of these that exists: `built`, relative to the program's own folder (its source
 * tree); `installed`, relative to the folder above it (a tree that was installed anywhere); and `fixed`, an absolute
 * path. `fixed` itself when none does, else in `arena`. */
const char *install_find(struct arena *arena, const char *built, const char *installed, const char *fixed);

#endif
