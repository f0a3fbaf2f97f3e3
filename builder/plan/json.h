/* The plan as JSON: for people's programs, and kept beside each image, so that a later plan can be held against it. */
#ifndef PLAN_JSON_H
#define PLAN_JSON_H

#include "edge/jval.h"
#include "plan/plan.h"

/* The plan as an object; the caller frees it. */
struct jval *plan_json(const struct plan *plan);

/* One thing that differs in an item that both plans have. */
struct plan_difference {
	const char *name;            /* as in the JSON: "mode", "groups", "text" of a unit, … */
	const char *before, *after;  /* as a person writes them; NULL: was not, is not */
};

/* What differs between two plans. */
struct plan_change {
	const char *what;            /* "package", "file", "unit", …: in the singular */
	const char *layer; /* the layer it makes stale: "base", "parent", "recipe" of a tree, "image" (files and units),
			      "disk" */
	const char *name;            /* of the package, path, unit, … */
	const char *before, *after;  /* what it was and is; NULL: was not, is not */
	struct plan_difference *fields; /* of an item with several, what of it */
	size_t n_fields;
};

/* Compares two plans as plan_json() tells them, `before` may be one of an older program. Changes in the order of the
 * layers from the bottom, then by kind and name; texts in `arena`. */
void plan_compare(struct arena *arena, const struct jval *before, const struct jval *after,
		  struct plan_change **ret_changes, size_t *ret_n);

#endif
