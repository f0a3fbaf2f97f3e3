/* What of the cache somebody still wants: the locks of a repository and the generations that are kept. */
#ifndef BUILD_WANTED_H
#define BUILD_WANTED_H

#include "base/err.h"
#include "base/text.h"

/* The entries, as ROOM/KEY, sorted: of every recipe with a lock in the repository around `folder` (the nearest folder with
 * .git, else the folder itself), and of every generation below `out`. A recipe that cannot be planned is a warning,
 * and only what its lock names by digest is wanted then. In `arena`. */
int wanted_entries(struct arena *arena, const char *out, const char *folder, struct strv *ret_entries,
		   struct err *err);

/* Whether the entry is among them. */
bool wanted_has(const struct strv *entries, const char *room, const char *key);

#endif
