#include "sealed/sops/cipher.h"

#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "sealed/age/crypto.h"

struct cipher_hash {
	struct sha512_ctx sha;
};

/* The context keeps the key's schedule, so it is taken from a pool, which wipes it. */
static struct gcm_aes256_ctx *cipher_start(struct pool *pool, const uint8_t *key, const char *aad, struct bytes iv)
{
	struct gcm_aes256_ctx *gcm = pool_alloc(pool, sizeof *gcm);

	gcm_aes256_set_key(gcm, key);
	gcm_aes256_set_iv(gcm, iv.size, iv.data);
	gcm_aes256_update(gcm, strlen(aad), (const uint8_t *)aad);
	return gcm;
}

bool cipher_open(struct pool *pool, const uint8_t key[CIPHER_KEY], const char *aad, const struct sops_enc *enc,
		 struct bytes *ret_plain)
{
	_cleanup_pool_ struct pool *own = pool_new();
	struct gcm_aes256_ctx *gcm = cipher_start(own, key, aad, enc->iv);
	uint8_t tag[GCM_DIGEST_SIZE], *plain = pool_alloc(pool, enc->data.size);

	gcm_aes256_decrypt(gcm, enc->data.size, plain, enc->data.data);
	gcm_aes256_digest(gcm, sizeof tag, tag);
	if (enc->tag.size != sizeof tag || !memeql_sec(tag, enc->tag.data, sizeof tag)) {
		explicit_bzero(plain, enc->data.size);
		return false;
	}
	*ret_plain = (struct bytes){.data = plain, .size = enc->data.size};
	return true;
}

void cipher_seal(struct pool *pool, const uint8_t key[CIPHER_KEY], const char *aad, struct bytes plain, enum sops_type type,
		 struct sops_enc *ret_enc)
{
	_cleanup_pool_ struct pool *own = pool_new();
	uint8_t *data = pool_alloc(pool, plain.size), *iv = pool_alloc(pool, CIPHER_IV);
	uint8_t *tag = pool_alloc(pool, GCM_DIGEST_SIZE);
	struct gcm_aes256_ctx *gcm;

	cipher_random(iv, CIPHER_IV);
	gcm = cipher_start(own, key, aad, (struct bytes){.data = iv, .size = CIPHER_IV});
	gcm_aes256_encrypt(gcm, plain.size, data, plain.data);
	gcm_aes256_digest(gcm, GCM_DIGEST_SIZE, tag);
	*ret_enc = (struct sops_enc){
		.data = {.data = data, .size = plain.size}, .iv = {.data = iv, .size = CIPHER_IV},
		.tag = {.data = tag, .size = GCM_DIGEST_SIZE}, .type = type,
	};
}

void cipher_random(void *out, size_t size)
{
	crypto_random(out, size);
}

struct cipher_hash *cipher_hash_new(struct pool *pool)
{
	struct cipher_hash *hash = pool_alloc(pool, sizeof *hash);

	sha512_init(&hash->sha);
	return hash;
}

void cipher_hash_add(struct cipher_hash *hash, const void *data, size_t size)
{
	sha512_update(&hash->sha, size, data);
}

char *cipher_hash_text(struct pool *pool, struct cipher_hash *hash)
{
	char *text = pool_alloc(pool, CIPHER_HASH_TEXT);
	uint8_t digest[SHA512_DIGEST_SIZE];

	sha512_digest(&hash->sha, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(text + 2 * i, 3, "%02X", digest[i]);
	return text;
}
