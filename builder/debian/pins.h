/* Pins: what a recipe says of where its packages come from (`prefer`, `priority` of an archive) and in which version
 * (`versions`), told in apt's words. */
#ifndef DEBIAN_PINS_H
#define DEBIAN_PINS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "debian/index.h"
#include "recipe/recipe.h"

struct pins {
	const struct recipe *recipe;
	const struct index *index;
	const size_t *own; /* the recipe's suites, as suites_collect() gives them: archive after archive */
	size_t n_own;
};

/* The archive that the recipe's suite number `i` of `own` is of. */
const struct recipe_repository *pins_repository(const struct pins *pins, size_t i);

/* Whether the archive, one of the recipe's, has a package of that name. */
bool pins_archive_has(const struct pins *pins, const struct recipe_repository *repository, const char *name);

/* Where the recipe has a pin for a package of that name: for its version, or else for an archive. False for none. */
bool pins_find(const struct recipe *recipe, const char *name, struct pos *ret_pos);

/* Tells of pins that no package fits: an error for a name or a version, a warning for a glob of names. */
int pins_check(struct arena *arena, const struct pins *pins, struct err *err);

/* Adds that apt must have this version: it counts more than all that pins_print() adds. */
void pins_print_locked(struct buf *preferences, const char *name, const char *version);

/* Adds them as apt_preferences(5): the recipe's suite number i is n=si. */
void pins_print(struct buf *preferences, const struct pins *pins);

/* Whether what is locked can stay: false when a pin says that it comes from elsewhere, or in another version. */
bool pins_allow(struct arena *arena, const struct pins *pins, const struct debian_package *locked);

#endif
