/* Owners by name, as /etc/passwd and /etc/group of a tree have them: a static program has no other way to ask. */
#ifndef MACHINE_OWNER_H
#define MACHINE_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/* Reads "USER", "USER:GROUP", ":GROUP", each a name or a number; NULL is root. A user without a group has his own. False
 * when there is no such one: then both are root's. */
bool owner_find(const char *root, const char *text, uid_t *ret_uid, gid_t *ret_gid);

#endif
