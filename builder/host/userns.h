/* Building without privilege: the whole program moves into namespaces of its own before it builds anything. */
#ifndef HOST_USERNS_H
#define HOST_USERNS_H

#include <stdbool.h>

#include "base/err.h"

/* Makes this process root in its own namespaces: for a plain user, a user namespace in which uid 0 is the user and
 * 1…65535 come from /etc/subuid and /etc/subgid (by newuidmap and newgidmap); for everybody, a mount namespace whose
 * mounts nobody else sees and which vanish with the process, however it ends. The umask becomes 022. Call before any
 * thread exists, once. Errors name the lines or packages that are missing. With AETHER_ROOTLESS set root goes the plain
 * user's way too (for tests). */
int userns_enter(struct err *err);

/* Whether this process has gone the plain user's way: what root owns on the host is nobody's from here on. */
bool userns_is_entered(void);

#endif
