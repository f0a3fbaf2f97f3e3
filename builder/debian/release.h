/* A suite's Release file, once its signature was verified: what it says of itself, and the digests of its indexes. */
#ifndef DEBIAN_RELEASE_H
#define DEBIAN_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct release_file {
	const char *path;
	const char *sha256, *sha512; /* lower-case; one of them may be NULL */
	uint64_t size;
};

struct release {
	const char *suite, *codename; /* "" when not named */
	const char *architectures, *components; /* their words; "" when not named */
	int64_t date, valid_until;    /* seconds since the epoch; 0: no date; for ever */
	bool by_hash;                 /* Acquire-By-Hash: indexes can be had by digest */
	bool all_apart;               /* packages of architecture `all` are in an index of their own */
	struct release_file *files;   /* of its SHA256 and SHA512 fields */
	size_t n_files;
};

/* Reads a Release; `name` says in errors whose it is. -EBADMSG for what is not one. */
int release_read(struct arena *arena, const char *name, const char *text, size_t size, struct release **ret_release,
		 struct err *err);

/* The file at `path` (relative to the Release), or NULL. */
const struct release_file *release_file(const struct release *release, const char *path);

/* What a verified Release must be besides signed: of the suite that was asked for (or of `other_name`, which may be NULL), as
 * far as it says that and the suite is no folder (`/` at its end); no older than `not_before` (the date in the lock; 0: any),
 * and valid at `now`. Past its Valid-Until, or from the future, it is accepted with a warning
 * when `allow_expired` is set. -ESTALE for the wrong time, -EBADMSG for the wrong suite. */
int release_check(const struct release *release, const char *name, const char *suite, const char *other_name,
		  int64_t not_before, int64_t now, bool allow_expired, struct err *err);

/* Reads a date of a Release ("Sat, 21 Nov 2026 09:15:44 UTC") as seconds since the epoch. 0 or -EINVAL. */
int release_date(const char *text, int64_t *ret_seconds);

#endif
