/* The payload of a file of age: chunks of 64 KiB, each sealed for itself, the last one marked as such. */
#ifndef SEALED_AGE_CHUNKS_H
#define SEALED_AGE_CHUNKS_H

#include "sealed/age/header.h"

enum { AGE_PAYLOAD_NONCE = 16, AGE_CHUNK = 64 * 1024, AGE_CHUNK_SEALED = AGE_CHUNK + CRYPTO_TAG };

/* Opens all that stands behind a header: nothing may be missing, and nothing may stand behind it. 0 or -EBADMSG. */
int age_chunks_open(struct pool *pool, const uint8_t file_key[AGE_FILE_KEY], struct bytes payload, struct bytes *ret_plain,
		    struct fault *fault);

/* Appends nonce and chunks. */
void age_chunks_seal(struct growing *file, const uint8_t file_key[AGE_FILE_KEY], struct bytes plain);

#endif
