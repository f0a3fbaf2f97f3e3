/* SHA-256, by libcrypto: all that a machine's programs take of it. */
#ifndef MACHINE_HASH_H
#define MACHINE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 32, HASH_HEX = 2 * HASH_BYTES + 1 };

/* The digest of `salt` and then `data`: how dm-verity takes that of a block. */
void hash_salted(const uint8_t *salt, size_t salt_size, const void *data, size_t size, uint8_t ret_hash[HASH_BYTES]);

/* The digest of all that the file open as `fd` has; it is copied to the file open as `out` as well, unless that is -1. 0 or
 * negative errno. */
int hash_copy(int fd, int out, uint8_t ret_hash[HASH_BYTES]);

/* The digest of a file, as text. 0 or negative errno. */
int hash_file(const char *path, char ret_hex[HASH_HEX]);

#endif
