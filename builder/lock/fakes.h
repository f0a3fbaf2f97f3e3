/* Fakes: local files that stand in for what a recipe wants from servers that cannot be reached (--with-fakes FOLDER), so that
 * all the rest of it can be built and tried.
 *
 *   FOLDER/downloads/NAME   in the place of the download NAME
 *   FOLDER/images/NAME      an OCI image layout in the place of the container image NAME (images/docker.io/library/caddy:2)
 *   FOLDER/NAME.fake.lock   the lock of NAME.recipe with them: the one beside the recipe never hears of a fake
 *
 * What is not there is what it always is. A thing made with a fake says so in its manifest, and is not releasable. */
#ifndef LOCK_FAKES_H
#define LOCK_FAKES_H

#include "lock/lock.h"

/* Refuses a folder of fakes that is none; NULL is fine. */
int fakes_check(const char *fakes, struct err *err);

/* The absolute host path of what stands in for `name` of `kind` ("downloads", "images"); NULL when nothing does, or `fakes` is
 * NULL. In `arena`. */
const char *fakes_find(struct arena *arena, const char *fakes, const char *kind, const char *name);

/* All that is fake in a lock: "downloads/NAME", …; in `arena`. This is the one list that everybody asks. */
struct strv fakes_of(struct arena *arena, const struct lock *lock);

/* A lock with fakes, but no folder of them, is one that was put where it does not belong. */
int fakes_check_lock(const struct lock *lock, struct err *err);

/* Says aloud what is fake, if anything is. */
void fakes_warn(const struct lock *lock);

#endif
