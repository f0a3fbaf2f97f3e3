/* SHA-1, SHA-256, SHA-512 (FIPS 180-4) and base64 by OpenSSL. */
#ifndef EDGE_DIGEST_H
#define EDGE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { SHA1_SIZE = 20, SHA256_SIZE = 32, SHA256_HEX = 65 /* with the NUL */, SHA512_HEX = 129 };

struct sha256; /* a digest in the making */

struct sha256 *sha256_new(void); /* never NULL; ended by sha256_free() */
void sha256_add(struct sha256 *state, const void *data, size_t size);
void sha256_finish(struct sha256 *state, uint8_t out[SHA256_SIZE]); /* and the state starts afresh */
void sha256_free(struct sha256 *state);

/* The digest of one piece of memory. */
void sha256_of(const void *data, size_t size, uint8_t out[SHA256_SIZE]);

/* The same by SHA-1: for formats that want it, never for trust. */
void sha1_of(const void *data, size_t size, uint8_t out[SHA1_SIZE]);

/* The digest of one piece of memory, as 64 lower-case digits and a NUL. */
void sha256_hex_of(const void *data, size_t size, char out[SHA256_HEX]);

/* The SHA-512 of one piece of memory, as 128 lower-case digits and a NUL. */
void sha512_hex_of(const void *data, size_t size, char out[SHA512_HEX]);

/* The digest and size of a whole file, in hexadecimal. `ret_size` may be NULL. */
int sha256_file(const char *path, char out[SHA256_HEX], uint64_t *ret_size, struct err *err);

/* The digest of the certificate (in DER) of the other end of a connection with TLS. `ssl` is OpenSSL's SSL *, as who made the
 * connection has it; false when there is none, or no certificate. */
bool sha256_of_peer(void *ssl, uint8_t out[SHA256_SIZE]);

/* Base64 (RFC 4648, section 4) of `size` bytes, without line breaks; in `arena`. */
const char *base64_encode(struct arena *arena, const void *data, size_t size);

/* The bytes that `text` is the base64 of, followed by a NUL, in `arena`; NULL when it is none. */
char *base64_decode(struct arena *arena, const char *text, size_t *ret_size);

#endif
