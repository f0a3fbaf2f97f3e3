/* Java's key stores of the kind JKS, as OpenJDK's sun.security.provider.JavaKeyStore writes them: the store of trusted
 * certificates that ca-certificates-java makes says of each when it was put in. */
#ifndef TREE_KEYSTORE_H
#define TREE_KEYSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends to `new` the store `old`, with `when` (seconds since 1970) as the date of each certificate. False, and nothing is
 * appended: it is no store of certificates alone that Debian's password opens. */
bool keystore_set_dates(const struct buf *old, int64_t when, struct buf *new);

#endif
