/* The lock: what a recipe's words meant on the day it was locked, to the byte. A build reads the lock and nothing else.
 *
 * On disk it is `NAME.lock` beside `NAME.recipe`: YAML with one package a line, made to diff well. */
#ifndef LOCK_LOCK_H
#define LOCK_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cache.h"
#include "base/err.h"
#include "base/text.h"

struct recipe;

/* The layer a package is installed in, from the bottom: what every Debian system has; what the recipe's parents ask
 * for; what its modules and the recipe itself ask for. */
enum lock_layer { LAYER_BASE, LAYER_PARENT, LAYER_RECIPE, LAYER_COUNT };

/* One verified suite of an archive. */
struct lock_archive {
	const char *name;            /* "debian" or the repository's name */
	const char *url, *suite;
	struct strv mirrors;         /* asked in order when `url` no longer has a file */
	const char *inrelease_sha256;
	int64_t date;                /* Date: of the Release, seconds since the epoch */
};

struct lock_package {
	const char *name, *version, *arch, *sha256, *path; /* path below the archive's url */
	uint64_t size;
	enum lock_layer layer;
	size_t archive;              /* index into lock.archives */
};

/* A set of packages that make one tree, in the order: layer, then name. */
struct lock_tree {
	struct lock_package *packages;
	size_t n_packages;
};

struct lock {
	const char *path;
	const char *recipe_sha256;   /* recipe_digest() of what was locked */
	const char *tools_sha256;    /* recipe_digest() of the tools recipe */
	int64_t epoch;               /* SOURCE_DATE_EPOCH: the newest archive date */
	struct lock_archive *archives;
	size_t n_archives;
	struct lock_tree image, tools;
};

struct lock_options {
	bool allow_expired;          /* --allow-expired-release: a Release past its Valid-Until is accepted, loudly */
	bool update;                 /* --update: move to what the archive has now; else versions already locked are kept */
	struct strv update_packages; /* --update PKG…: move only these */
};

/* The path of the lock that belongs to a recipe: `.recipe` replaced by `.lock`. */
const char *lock_path(struct arena *arena, const char *recipe_path);

/* Reads a lock file. -ENOENT when there is none (with the command to run as hint). */
int lock_read(struct arena *arena, const char *path, struct lock **ret_lock, struct err *err);

/* lock_read() for a recipe and its tools recipe, and checks that the lock is still theirs (else -ESTALE with the command
 * to run). `tools` is NULL for a tools recipe. */
int lock_for(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, struct lock **ret_lock,
	     struct err *err);

/* Verifies the archives, resolves `recipe` (and `tools`, may be NULL) and publishes the lock beside the recipe. */
int lock_make(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, struct cache *cache,
	      const struct lock_options *options, struct lock **ret_lock, struct err *err);

/* Brings every package of `tree` into the cache's blobs, in parallel, checked by size and SHA-256; a corrupted blob is
 * found (when `verify` is set, or its size differs) and fetched again. A package that has left one mirror is asked for at
 * the next; when none has it, the error names `lock --update`. `ret_bytes` (may be NULL): how much was downloaded. */
int lock_fetch(const struct lock *lock, const struct lock_tree *tree, struct cache *cache, bool verify,
	       uint64_t *ret_bytes, struct err *err);

#endif
