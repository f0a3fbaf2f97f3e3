/* The armor of files of age: base64 between two lines, 64 columns each but the last, strictly. */
#ifndef SEALED_AGE_ARMOR_H
#define SEALED_AGE_ARMOR_H

#include <stdbool.h>

#include "sealed/fault.h"
#include "sealed/pool.h"

/* Whether it begins as an armored text does, white space aside. */
bool armor_is(struct bytes file);

/* Lines may end with CR LF, and white space may stand before and behind all of it. Returns 0, or -EBADMSG with the line. */
int armor_decode(struct pool *pool, struct bytes text, struct bytes *ret_file, struct fault *fault);

struct bytes armor_encode(struct pool *pool, struct bytes file);

#endif
