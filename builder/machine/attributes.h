/* Extended attributes of files, those that a list tells (contract/box.h). */
#ifndef MACHINE_ATTRIBUTES_H
#define MACHINE_ATTRIBUTES_H

#include <stdbool.h>

#include "machine/roster.h"

/* Whether the file at `path`, which is not followed, has exactly the member's. */
bool attributes_are(const char *path, const struct roster_member *member);

/* Gives the file exactly these. 0 or negative errno. */
int attributes_set(const char *path, const struct roster_member *member);

#endif
