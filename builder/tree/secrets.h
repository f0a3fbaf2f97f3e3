/* What a secret looks like. */
#ifndef TREE_SECRETS_H
#define TREE_SECRETS_H

#include <stddef.h>

/* What the file at `path` with this content (its first bytes; data[size] must be 0) has in it that no two machines may
 * share, in words: "a private key"; NULL when nothing of the kind can be seen. Pure. */
const char *secrets_form(const char *path, const char *data, size_t size);

#endif
