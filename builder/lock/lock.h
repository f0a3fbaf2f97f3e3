/* The lock: what a recipe's words meant on the day it was locked, to the byte. A build reads the lock and nothing else.
 *
 * On disk it is `NAME.lock` beside `NAME.recipe`: YAML with one package a line, made to diff well. */
#ifndef LOCK_LOCK_H
#define LOCK_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "cache/cache.h"
#include "debian/package.h"
#include "oci/manifest.h"

struct recipe;

/* What is in no package: a file of its own. */
struct lock_download {
	const char *name, *url, *sha256;
	uint64_t size;
	bool fake;                   /* of a file that stood in for it: see lock/fakes.h */
};

/* An account that the recipe or a package makes, or made once: its number is never another's. */
struct lock_account {
	const char *name;
	int64_t id;                  /* of the user, and of the group of that name */
	struct strv packages;        /* that make it; none: the recipe, or nobody any more */
};

struct lock {
	const char *path;
	const char *recipe_path;     /* as given; NULL: the one beside it */
	const char *fakes;	     /* host folder of the fakes (--with-fakes), or NULL; not in the file */
	const char *recipe_sha256;   /* recipe_digest() of what was locked */
	const char *tools_sha256;    /* recipe_digest() of the tools recipe */
	int64_t epoch;               /* SOURCE_DATE_EPOCH: the newest archive date */
	struct debian_archive *archives;
	size_t n_archives;
	struct lock_download *downloads; /* sorted by name */
	size_t n_downloads;
	struct oci_image *containers; /* sorted by image */
	size_t n_containers;
	bool numbered;               /* it has numbers of accounts: older locks have none */
	struct lock_account *accounts; /* sorted by name */
	size_t n_accounts;
	struct package_set image, tools;
	const struct recipe *recipe, *tools_recipe; /* whose it is, for the secrets of servers; or NULL; not in the file */
};

struct lock_how {
	bool allow_expired; /* --allow-expired-release: a Release past its Valid-Until is accepted, with a warning */
	bool update;                 /* --update: move to what the archive has now; else versions already locked are kept */
	struct strv update_packages; /* --update NAME…: move only these packages, downloads and images */
	const char *fakes;           /* --with-fakes: see lock/fakes.h; or NULL */
	/* Asked before the lock is written: a problem, and it is not. NULL: nobody is. */
	int (*check)(void *data, const struct lock *lock, struct err *err);
	void *check_data;
};

/* Whether all that is locked may become another, or what is locked under that name. */
bool lock_moves_all(const struct lock_how *options);
bool lock_may_move(const struct lock_how *options, const char *name);

/* The path of the lock that belongs to a recipe: `.recipe` replaced by `suffix` (recipe_suffix()) and `.lock`. With
 * `fakes` (may be NULL) it is another, in that folder: NAME-DIGEST.fake.lock, of the recipe's real path. */
const char *lock_path(struct arena *arena, const char *recipe_path, const char *suffix, const char *fakes);

/* The command that locks a recipe, for hints; `options` ("--update ", or "") stand before it. */
const char *lock_command(struct arena *arena, const char *options, const char *recipe_path, const char *fakes);

/* The command that makes a lock anew, for hints; `options` ("--update ", or "") stand before the recipe. */
const char *lock_again(struct arena *arena, const struct lock *lock, const char *options);

/* Reads the lock of the recipe at `recipe_path`. -ENOENT when there is none (with the command to run as hint). */
int lock_read(struct arena *arena, const char *recipe_path, const char *suffix, const char *fakes, struct lock **ret_lock,
	      struct err *err);

/* lock_read() for a recipe and its tools recipe, and checks that the lock is still theirs (else -ESTALE with the
 * command to run). `tools` is NULL for a tools recipe. Warns about fakes. */
int lock_for(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, const char *fakes,
	     struct lock **ret_lock, struct err *err);

/* Verifies the archives, resolves `recipe` (and `tools`, may be NULL) and publishes the lock beside the recipe. */
int lock_make(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, struct cache *cache,
	      const struct lock_how *options, struct lock **ret_lock, struct err *err);

/* Brings every package of `tree` into the cache's blobs, in parallel, checked by size and SHA-256; a corrupted blob is
 * found (when `verify` is set, or its size differs) and fetched again. A package that has left one mirror is asked for at
 * the next; when none has it, the error names `lock --update`. `ret_bytes` (may be NULL): how much was downloaded. */
int lock_fetch(const struct lock *lock, const struct package_set *tree, struct cache *cache, bool verify,
	       uint64_t *ret_bytes, struct err *err);

/* The same for every download of the lock. One that is not what was locked is an error that shows both digests, and names
 * `lock --update`. */
int lock_fetch_downloads(const struct lock *lock, struct cache *cache, struct err *err);

/* The same for the manifest, configuration and layers of one image. */
int lock_fetch_container(const struct lock *lock, const struct oci_image *container, struct cache *cache, struct err *err);

/* The container image of that name, or NULL. */
const struct oci_image *lock_container(const struct lock *lock, const char *image);

/* The account of that name, or NULL. */
const struct lock_account *lock_account(const struct lock *lock, const char *name);

/* The download of that name, or NULL. */
const struct lock_download *lock_download(const struct lock *lock, const char *name);

#endif
