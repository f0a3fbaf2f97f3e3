/* The values of a recipe's secrets, where whoever builds can open them: none of them may be in what is built. */
#ifndef BUILD_REVEALED_H
#define BUILD_REVEALED_H

#include "leak/search.h"
#include "recipe/recipe.h"
#include "sealed/pool.h"

/* Opens what can be opened with identities of age that are here (keeper/operator.h), without asking anybody; the rest is left
 * out, for a build needs no key. Says how many of how many there are. Values are in `pool`; call it before userns_enter(). */
void revealed_values(struct pool *pool, const struct recipe *recipe, struct leak_value **ret_values, size_t *ret_n);

#endif
