/* What the machine has outside of SECRETS_RUN: links to secrets, and hashes in /etc/shadow. */
#ifndef MACHINE_SECRETS_OUTSIDE_H
#define MACHINE_SECRETS_OUTSIDE_H

#include "machine/secrets/declared.h"
#include "machine/secrets/here.h"

/* Makes the links of an item that was placed. Only a link to a secret is replaced: for whatever else is there, the item gets a
 * bad verdict. */
void outside_link(const struct here *here, struct item *item);

/* Writes the hashes of passwords into /etc/shadow, all others stay to the byte. Secrets whose users have no line there get a
 * bad verdict. 0 or -errno. */
int outside_shadow(const struct here *here, const struct declared *declared);

/* `text` of a shadow(5) with the second field of the line of `user` replaced, in the pool; false when there is no such line.
 * Pure. */
bool outside_set_hash(struct pool *pool, struct bytes text, const char *user, struct bytes hash, struct bytes *ret_text);

#endif
