/* Fakes: local files that stand in for what a recipe wants from servers that cannot be reached (--with-fakes FOLDER),
 * so that all the rest of it can be built and tried.
 *
 *   FOLDER/downloads/NAME   in the place of the download NAME
 *   FOLDER/images/NAME      an OCI image layout in the place of the container image NAME (docker.io/library/caddy:2)
 *   FOLDER/NAME-DIGEST.fake.lock   the lock of NAME.recipe with them, by its path: the one beside the recipe never has a fake
 *
 * What is not there is what it always is. A thing made with a fake says so in its manifest, and is not releasable. */
#ifndef LOCK_FAKES_H
#define LOCK_FAKES_H

#include "lock/lock.h"

/* Refuses `fakes` when it is not a folder; NULL is fine. */
int fakes_check(const char *fakes, struct err *err);

/* The absolute host path of what stands in for `name` of `kind` ("downloads", "images"); NULL when nothing does, or `fakes` is
 * NULL. In `arena`. */
const char *fakes_find(struct arena *arena, const char *fakes, const char *kind, const char *name);

/* All that is fake in a lock: "downloads/NAME", …; in `arena`. This is the only place that decides it. */
struct strv fakes_of(struct arena *arena, const struct lock *lock);

/* Refuses a lock with fakes that is read without a folder of fakes: it is in the wrong place. */
int fakes_check_lock(const struct lock *lock, struct err *err);

/* Warns about all fakes of the lock. */
void fakes_warn(const struct lock *lock);

#endif
