/* Values in a JSON file that is not encrypted, such as what `tofu output -json` prints: they are read when they are sent. */
#ifndef KEEPER_OUTPUTS_H
#define KEEPER_OUTPUTS_H

#include "recipe/secrets.h"
#include "sealed/pool.h"

/* The text, number or truth value at secret->key, a number being the place in a list; without a key the whole text. In `pool`.
 * -EBADMSG when there is none. */
int outputs_value(struct pool *pool, const struct recipe_secret *secret, struct bytes text, struct bytes *ret_value,
		  struct err *err);

#endif
