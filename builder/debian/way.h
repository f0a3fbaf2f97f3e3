/* Who needs what: ways along the dependencies of packages. */
#ifndef DEBIAN_WAY_H
#define DEBIAN_WAY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"
#include "debian/index.h"

/* The shortest way from one of the packages to another, along what they need (Depends, Pre-Depends; whoever provides a virtual
 * one): `*ret_way` in `arena`, the first and the last of them included. Returns false for none. */
bool way_find(struct arena *arena, const struct index *index, const struct strv *from, const char *to, struct strv *ret_way);

#endif
