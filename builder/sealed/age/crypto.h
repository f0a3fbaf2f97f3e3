/* What files of age are made of, by nettle. Keys that these functions put together on the way are wiped. */
#ifndef SEALED_AGE_CRYPTO_H
#define SEALED_AGE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sealed/pool.h"

enum { CRYPTO_KEY = 32, CRYPTO_TAG = 16, CRYPTO_NONCE = 12 };

/* Random bytes of the kernel; ends the program where it has none. */
void crypto_random(void *out, size_t size);

/* X25519 (RFC 7748). False for what every scalar takes to zero: a point of low order, where the other side has no say. */
bool crypto_x25519(const uint8_t scalar[CRYPTO_KEY], const uint8_t point[CRYPTO_KEY], uint8_t out[CRYPTO_KEY]);
void crypto_x25519_public(const uint8_t scalar[CRYPTO_KEY], uint8_t out[CRYPTO_KEY]);

/* The public key of an Ed25519 seed (RFC 8032), and the X25519 scalar that belongs to it, as SSH keys are used for age. */
void crypto_ed25519_public(const uint8_t seed[CRYPTO_KEY], uint8_t out[CRYPTO_KEY]);
void crypto_ed25519_scalar(const uint8_t seed[CRYPTO_KEY], uint8_t out[CRYPTO_KEY]);

/* The X25519 public key of an Ed25519 one (RFC 7748, section 4.1); false when it is no point of the curve, or of low order. */
bool crypto_ed25519_to_x25519(const uint8_t public[CRYPTO_KEY], uint8_t out[CRYPTO_KEY]);

/* SHA-256 (FIPS 180-4), HMAC of it (RFC 2104), and 32 bytes of HKDF of it (RFC 5869). */
void crypto_sha256(struct bytes data, uint8_t out[CRYPTO_KEY]);
void crypto_hmac(const uint8_t key[CRYPTO_KEY], struct bytes data, uint8_t out[CRYPTO_KEY]);
void crypto_hkdf(struct bytes secret, struct bytes salt, const char *info, uint8_t out[CRYPTO_KEY]);

/* ChaCha20-Poly1305 (RFC 8439) without further data. `sealed` is CRYPTO_TAG longer than what is in it. crypto_aead_open() is
 * false when the tag is wrong, and leaves zeros then. */
void crypto_aead_seal(const uint8_t key[CRYPTO_KEY], const uint8_t nonce[CRYPTO_NONCE], struct bytes plain, uint8_t *sealed);
bool crypto_aead_open(const uint8_t key[CRYPTO_KEY], const uint8_t nonce[CRYPTO_NONCE], struct bytes sealed, uint8_t *plain);

/* In a time that does not tell where they differ. */
bool crypto_equal(const void *a, const void *b, size_t size);

#endif
