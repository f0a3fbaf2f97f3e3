/* What the verbs that look at generations have in common: how one is told to people and to programs. */
#ifndef SHELF_DESCRIBE_H
#define SHELF_DESCRIBE_H

#include "plan/json.h"
#include "shelf/generation.h"

/* A time as people read it, in their time zone: `2026-11-24 12:28`; "unknown" for 0. In `arena`. */
const char *describe_time(struct arena *arena, int64_t when);

/* `name/number`, in `arena`. */
const char *describe_name(struct arena *arena, const struct generation *generation);

/* The shelves that a user names, or all below `out` when none is named; in `arena`. */
int describe_shelves(struct arena *arena, const char *out, char *const *arguments, size_t n, struct strv *ret_names,
		     struct err *err);

/* What is wrong with it, whatever it was tried on: "not releasable", "its image is missing"; NULL when nothing is. */
const char *describe_flaw(const struct generation *generation);

/* The generation in short, with its deployments; freed by the caller. */
struct jval *describe_generation(const struct generation *generation);

/* The fields of a change, as an array of objects; freed by the caller. */
struct jval *describe_fields(const struct plan_change *change);

#endif
