#include "sealed/age/crypto.h"

#include <errno.h>
#include <gmp.h>
#include <nettle/chacha-poly1305.h>
#include <nettle/curve25519.h>
#include <nettle/eddsa.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void crypto_random(void *out, size_t size)
{
	uint8_t *data = out;

	while (size) {
		ssize_t n = getrandom(data, size, 0);

		if (n < 0 && errno != EINTR) {
			fputs("the kernel has no random numbers\n", stderr);
			exit(1);
		}
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
}

bool crypto_x25519(const uint8_t scalar[CRYPTO_KEY], const uint8_t point[CRYPTO_KEY], uint8_t out[CRYPTO_KEY])
{
	static const uint8_t zero[CRYPTO_KEY];

	curve25519_mul(out, scalar, point);
	return !crypto_equal(out, zero, CRYPTO_KEY);
}

void crypto_x25519_public(const uint8_t scalar[CRYPTO_KEY], uint8_t out[CRYPTO_KEY])
{
	curve25519_mul_g(out, scalar);
}

void crypto_ed25519_public(const uint8_t seed[CRYPTO_KEY], uint8_t out[CRYPTO_KEY])
{
	ed25519_sha512_public_key(out, seed);
}

void crypto_ed25519_scalar(const uint8_t seed[CRYPTO_KEY], uint8_t out[CRYPTO_KEY])
{
	struct sha512_ctx context;

	sha512_init(&context);
	sha512_update(&context, CRYPTO_KEY, seed);
	sha512_digest(&context, CRYPTO_KEY, out);
	explicit_bzero(&context, sizeof context);
}

/* Whether there is an x for this y on -x² + y² = 1 - (121665/121666) x² y²: x² is 121666 (y² - 1) / (121666 - 121665 y²),
 * which is a square exactly when the product of its two halves is one. */
static bool crypto_on_curve(const mpz_t y, const mpz_t p)
{
	mpz_t square, product;
	bool on_curve;

	mpz_inits(square, product, NULL);
	mpz_mul(square, y, y);
	mpz_mul_ui(product, square, 121665);
	mpz_ui_sub(product, 121666, product);
	mpz_sub_ui(square, square, 1);
	mpz_mul(product, product, square);
	mpz_mul_ui(product, product, 121666);
	mpz_mod(product, product, p);
	on_curve = mpz_jacobi(product, p) >= 0;
	mpz_clears(square, product, NULL);
	return on_curve;
}

/* u = (1 + y) / (1 - y), by numbers of any size: public keys are no secret, and nettle shows no field of this curve. */
static bool crypto_map(const uint8_t y_bytes[CRYPTO_KEY], uint8_t out[CRYPTO_KEY])
{
	mpz_t p, y, u;
	bool good;

	mpz_inits(p, y, u, NULL);
	mpz_ui_pow_ui(p, 2, 255);
	mpz_sub_ui(p, p, 19);
	mpz_import(y, CRYPTO_KEY, -1, 1, 0, 0, y_bytes);
	mpz_ui_sub(u, 1, y);
	mpz_mod(u, u, p);
	good = mpz_cmp(y, p) < 0 && crypto_on_curve(y, p) && mpz_invert(u, u, p);
	if (good) {
		mpz_add_ui(y, y, 1);
		mpz_mul(u, u, y);
		mpz_mod(u, u, p);
		memset(out, 0, CRYPTO_KEY);
		mpz_export(out, NULL, -1, 1, 0, 0, u);
	}
	mpz_clears(p, y, u, NULL);
	return good;
}

bool crypto_ed25519_to_x25519(const uint8_t public[CRYPTO_KEY], uint8_t out[CRYPTO_KEY])
{
	static const uint8_t any[CRYPTO_KEY] = {1};
	uint8_t y[CRYPTO_KEY], product[CRYPTO_KEY];

	memcpy(y, public, sizeof y);
	y[CRYPTO_KEY - 1] &= 0x7f; /* the sign of x, which u does not have */
	return crypto_map(y, out) && crypto_x25519(any, out, product);
}

void crypto_sha256(struct bytes data, uint8_t out[CRYPTO_KEY])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, data.size, data.data);
	sha256_digest(&context, CRYPTO_KEY, out);
}

void crypto_hmac(const uint8_t key[CRYPTO_KEY], struct bytes data, uint8_t out[CRYPTO_KEY])
{
	struct hmac_sha256_ctx context;

	hmac_sha256_set_key(&context, CRYPTO_KEY, key);
	hmac_sha256_update(&context, data.size, data.data);
	hmac_sha256_digest(&context, CRYPTO_KEY, out);
	explicit_bzero(&context, sizeof context);
}

static void crypto_hash_update(void *context, size_t size, const uint8_t *data)
{
	hmac_sha256_update(context, size, data);
}

static void crypto_hash_digest(void *context, size_t size, uint8_t *digest)
{
	hmac_sha256_digest(context, size, digest);
}

void crypto_hkdf(struct bytes secret, struct bytes salt, const char *info, uint8_t out[CRYPTO_KEY])
{
	static const uint8_t none[1];
	struct hmac_sha256_ctx context;
	uint8_t extracted[CRYPTO_KEY];

	hmac_sha256_set_key(&context, salt.size, salt.size ? salt.data : none);
	hkdf_extract(&context, crypto_hash_update, crypto_hash_digest, CRYPTO_KEY, secret.size,
		     secret.size ? secret.data : none, extracted);
	hmac_sha256_set_key(&context, CRYPTO_KEY, extracted);
	hkdf_expand(&context, crypto_hash_update, crypto_hash_digest, CRYPTO_KEY, strlen(info), (const uint8_t *)info,
		    CRYPTO_KEY, out);
	explicit_bzero(&context, sizeof context);
	explicit_bzero(extracted, sizeof extracted);
}

void crypto_aead_seal(const uint8_t key[CRYPTO_KEY], const uint8_t nonce[CRYPTO_NONCE], struct bytes plain, uint8_t *sealed)
{
	struct chacha_poly1305_ctx context;

	chacha_poly1305_set_key(&context, key);
	chacha_poly1305_set_nonce(&context, nonce);
	chacha_poly1305_encrypt(&context, plain.size, sealed, plain.data);
	chacha_poly1305_digest(&context, CRYPTO_TAG, sealed + plain.size);
	explicit_bzero(&context, sizeof context);
}

bool crypto_aead_open(const uint8_t key[CRYPTO_KEY], const uint8_t nonce[CRYPTO_NONCE], struct bytes sealed, uint8_t *plain)
{
	struct chacha_poly1305_ctx context;
	uint8_t tag[CRYPTO_TAG];
	size_t size;
	bool good;

	if (sealed.size < CRYPTO_TAG)
		return false;
	size = sealed.size - CRYPTO_TAG;
	chacha_poly1305_set_key(&context, key);
	chacha_poly1305_set_nonce(&context, nonce);
	chacha_poly1305_decrypt(&context, size, plain, sealed.data);
	chacha_poly1305_digest(&context, CRYPTO_TAG, tag);
	good = crypto_equal(tag, sealed.data + size, CRYPTO_TAG);
	if (!good)
		explicit_bzero(plain, size);
	explicit_bzero(&context, sizeof context);
	return good;
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
	return memeql_sec(a, b, size);
}
