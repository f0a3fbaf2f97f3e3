/* Why the packages of a recipe cannot be had together, told at the recipe's lines: which of them it is, who lists the others,
 * and what apt says of these alone. */
#ifndef DEBIAN_EXPLAIN_H
#define DEBIAN_EXPLAIN_H

#include "base/arena.h"
#include "base/err.h"
#include "debian/apt.h"
#include "debian/index.h"
#include "recipe/recipe.h"

struct explain {
	struct arena *arena;
	const struct recipe *recipe;
	const struct suites *suites;
	const struct index *index;
	const struct apt *apt;
	const struct strv *essential; /* what is there in any case */
};

/* Asks apt for parts of `names`, all of which it could not install: for each of the smallest sets that it cannot install
 * either (several at once, if there are), an error at the line that lists the last of them. Returns 0 when there is none: then
 * apt's answer to all of them is all that is known. */
int explain_packages(const struct explain *explain, const struct strv *names, struct err *err);

/* Warns of packages that a file of the recipe removes and that are there all the same (`chosen`), for others need them. */
int explain_removed(const struct explain *explain, const struct strv *chosen, struct err *err);

#endif
