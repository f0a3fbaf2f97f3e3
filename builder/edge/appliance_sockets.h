/* The folder of sockets that the library makes in /tmp, where nobody can choose another: what of it a killed child leaves. */
#ifndef EDGE_APPLIANCE_SOCKETS_H
#define EDGE_APPLIANCE_SOCKETS_H

#include <sys/types.h>

#include "base/arena.h"

/* The folder of a socket that the process has open and that is the library's, by its name; NULL without one. In `arena`. */
const char *appliance_sockets_of(struct arena *arena, pid_t pid);

#endif
