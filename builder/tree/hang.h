/* Packages that never come to the end of their installation. */
#ifndef TREE_HANG_H
#define TREE_HANG_H

#include <sys/types.h>

#include "base/arena.h"

/* How long dpkg may be at one package: AETHER_PACKAGE_SECONDS, or 20 minutes. */
unsigned hang_limit_s(void);

/* The command lines of what descends from the process `pid`, a line "\n  PROGRAM…" each, eldest first; the caller frees
 * it. NULL when there is none, or no memory. */
char *hang_describe(pid_t pid);

/* The package whose script is among those command lines, else the one that dpkg's line `at` speaks of ("": none). */
const char *hang_package(struct arena *arena, const char *processes, const char *at);

#endif
