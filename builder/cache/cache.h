/* The content-addressed cache, shared safely by any number of builds at once.
 *
 *   blobs/HH/SHA256      what was downloaded, named by its own digest
 *   ROOM/KEY             what was made (debs, layers, roots, …), named by the digest of everything that went into it
 *   tmp/                 what is being made; removed by the next run when its maker is dead
 *
 * An entry appears by rename, complete, or not at all. Whoever makes an entry holds a lock on its name; a second build
 * that wants the same entry waits and then finds it. An entry's time is that of its last use: files' own times of access are
 * written by few systems, and by backups.
 *
 * Whoever has the cache open holds a shared lock on locks/.use. What is not used for long may be removed (cache_evict.h). */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct cache;

/* Where the cache is when nobody says otherwise: AETHER_CACHE, else /var/cache/aether-build for root, else
 * $XDG_CACHE_HOME/aether-build or ~/.cache/aether-build. Call it before userns_enter(), which changes the user; in
 * `arena`. */
const char *cache_default(struct arena *arena);

/* Opens the cache at `path` and removes what killed builds left in tmp/. `*ret_cache` is freed by cache_close(). */
int cache_open(const char *path, struct cache **ret_cache, struct err *err);
void cache_close(struct cache *cache);

/* The program that takes the place of this one (execve(2)) goes on using the cache, for as long as it runs. */
int cache_outlive(const struct cache *cache, struct err *err);

/* The cache's folder; borrowed. */
const char *cache_folder(const struct cache *cache);

/* Where entry `key` of `room` stands or will stand. */
const char *cache_path(const struct cache *cache, struct arena *arena, const char *room, const char *key);

/* Whether the entry is there. Then it counts as used now, and cache_evict() does not remove it during this build. */
bool cache_has(struct cache *cache, const char *room, const char *key);

/* For cache_evict() alone: between the two calls, with `on` and without, no entry is found by anybody. */
void cache_guard(struct cache *cache, bool on);

/* A place for an entry that is being made. */
struct cache_draft {
	char path[4096];  /* the maker's own: does not exist yet; make a file or folder there */
	char final[4096]; /* where cache_commit() will put it */
	int lock_fd, tmp_fd;
};

/* Takes the lock of entry `key` in `room`, waiting for another maker. When the entry exists (or came to exist meanwhile)
 * returns 1 and holds nothing; else returns 0 with `draft` to be passed to cache_commit() or cache_abandon(). */
int cache_begin(struct cache *cache, const char *room, const char *key, struct cache_draft *draft, struct err *err);

/* Makes the draft durable, publishes and releases it; on failure it is abandoned. */
int cache_commit(struct cache_draft *draft, struct err *err);

/* Removes what was drafted and releases it; safe after a failed cache_begin(). */
void cache_abandon(struct cache_draft *draft);

/* A fresh folder under tmp/ that lives as long as the returned descriptor stays open (then any later run sweeps it).
 * Path in `arena`. */
int cache_scratch(struct cache *cache, struct arena *arena, const char **ret_path, int *ret_lock_fd, struct err *err);

#endif
