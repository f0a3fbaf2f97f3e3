/* Which users and groups a package makes, by what it says: its sysusers.d(5) files, and the words of adduser(8), useradd(8) and
 * their like in its maintainer scripts. A name too many does no harm: it has a number that nobody uses. */
#ifndef LOCK_SCAN_H
#define LOCK_SCAN_H

#include "base/text.h"

/* Adds the names of users and groups to `names`, each once. Both take any text, and never fail. */
void scan_sysusers(struct arena *arena, const char *text, struct strv *names);
void scan_script(struct arena *arena, const char *text, struct strv *names);

#endif
