/* `ca_certs`: whom the machine trusts beside, or in place of, those of Debian's ca-certificates. */
#ifndef MACHINE_SEED_AUTHORITIES_H
#define MACHINE_SEED_AUTHORITIES_H

#include "machine/seed/values.h"

#define AUTHORITIES_FOLDER "/run/aether/ca-certificates"

enum { AUTHORITIES_MAX = 64, AUTHORITY_BYTES = 64 << 10 };

/* Puts the certificates of `map` (NULL: none) into the tree `root`, where update-ca-certificates(8) finds them, and on
 * the machine (`root` is "") has it make /etc/ssl/certs anew. */
void authorities_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct value *map);

#endif
