#include "sealed/age/chunks.h"

#include <string.h>

/* Of each chunk: 11 bytes of its number, big-endian, and one that is 1 for the last. */
static void chunks_nonce(uint64_t number, bool last, uint8_t nonce[CRYPTO_NONCE])
{
	memset(nonce, 0, CRYPTO_NONCE);
	for (int i = 0; i < 8; i++)
		nonce[3 + i] = (uint8_t)(number >> (56 - 8 * i));
	nonce[CRYPTO_NONCE - 1] = last;
}

static void chunks_key(const uint8_t file_key[AGE_FILE_KEY], const uint8_t nonce[AGE_PAYLOAD_NONCE], uint8_t key[CRYPTO_KEY])
{
	crypto_hkdf((struct bytes){.data = file_key, .size = AGE_FILE_KEY},
		    (struct bytes){.data = nonce, .size = AGE_PAYLOAD_NONCE}, "payload", key);
}

/* The last chunk may be full, and it may be empty only when it is the first as well: so there is one way to cut a text. */
static int chunks_open(const uint8_t key[CRYPTO_KEY], struct bytes sealed, uint8_t *plain, size_t *ret_size,
		       struct fault *fault)
{
	uint8_t nonce[CRYPTO_NONCE];
	size_t size = 0;
	bool last;

	for (uint64_t number = 0;; number++) {
		struct bytes chunk = sealed;

		last = sealed.size <= AGE_CHUNK_SEALED;
		if (!last)
			chunk.size = AGE_CHUNK_SEALED;
		chunks_nonce(number, last, nonce);
		if (chunk.size < CRYPTO_TAG || (chunk.size == CRYPTO_TAG && number))
			return fault_set(fault, FAULT_CIPHER, 0, "its payload is cut off");
		if (!crypto_aead_open(key, nonce, chunk, plain + size))
			return fault_set(fault, FAULT_CIPHER, 0, "its payload was changed or cut off, or something stands "
					 "behind it");
		size += chunk.size - CRYPTO_TAG;
		if (last)
			break;
		sealed = (struct bytes){.data = sealed.data + chunk.size, .size = sealed.size - chunk.size};
	}
	*ret_size = size;
	return 0;
}

int age_chunks_open(struct pool *pool, const uint8_t file_key[AGE_FILE_KEY], struct bytes payload, struct bytes *ret_plain,
		    struct fault *fault)
{
	struct bytes sealed = {.data = payload.data + AGE_PAYLOAD_NONCE, .size = payload.size - AGE_PAYLOAD_NONCE};
	uint8_t key[CRYPTO_KEY], *plain;
	size_t size = 0;
	int r;

	if (payload.size < AGE_PAYLOAD_NONCE)
		return fault_set(fault, FAULT_PARSE, 0, "it ends within the nonce of its payload");
	plain = pool_alloc(pool, sealed.size);
	chunks_key(file_key, payload.data, key);
	r = chunks_open(key, sealed, plain, &size, fault);
	explicit_bzero(key, sizeof key);
	if (r < 0) {
		explicit_bzero(plain, sealed.size);
		return r;
	}
	*ret_plain = (struct bytes){.data = plain, .size = size};
	return 0;
}

void age_chunks_seal(struct growing *file, const uint8_t file_key[AGE_FILE_KEY], struct bytes plain)
{
	uint8_t payload_nonce[AGE_PAYLOAD_NONCE], key[CRYPTO_KEY], nonce[CRYPTO_NONCE];
	uint8_t *sealed = pool_alloc(file->pool, AGE_CHUNK_SEALED);
	uint64_t number = 0;
	bool last;

	crypto_random(payload_nonce, sizeof payload_nonce);
	chunks_key(file_key, payload_nonce, key);
	growing_add(file, payload_nonce, sizeof payload_nonce);
	do {
		struct bytes chunk = plain;

		last = plain.size <= AGE_CHUNK;
		if (!last)
			chunk.size = AGE_CHUNK;
		chunks_nonce(number++, last, nonce);
		crypto_aead_seal(key, nonce, chunk, sealed);
		growing_add(file, sealed, chunk.size + CRYPTO_TAG);
		plain = (struct bytes){.data = plain.data + chunk.size, .size = plain.size - chunk.size};
	} while (!last);
	explicit_bzero(key, sizeof key);
}
