/* What values are encrypted with, by nettle: AES-256-GCM (NIST SP 800-38D) and SHA-512 (FIPS 180-4). Of sops/ alone. */
#ifndef SEALED_SOPS_CIPHER_H
#define SEALED_SOPS_CIPHER_H

#include "sealed/sops/enc.h"

enum { CIPHER_KEY = 32, CIPHER_IV = 32, CIPHER_HASH_TEXT = 128 };

/* Decrypts what `enc` has; an IV of any length. False: it was changed, or the key or `aad` is another. Nothing is handed out
 * then. In `pool`. */
bool cipher_open(struct pool *pool, const uint8_t key[CIPHER_KEY], const char *aad, const struct sops_enc *enc,
		 struct bytes *ret_plain);

/* Encrypts with a random IV. In `pool`. */
void cipher_seal(struct pool *pool, const uint8_t key[CIPHER_KEY], const char *aad, struct bytes plain, enum sops_type type,
		 struct sops_enc *ret_enc);

void cipher_random(void *out, size_t size);

/* SHA-512 of what is added to it. */
struct cipher_hash;
struct cipher_hash *cipher_hash_new(struct pool *pool);
void cipher_hash_add(struct cipher_hash *hash, const void *data, size_t size);

/* Its end, in upper-case hexadecimal digits. In `pool`. */
char *cipher_hash_text(struct pool *pool, struct cipher_hash *hash);

#endif
