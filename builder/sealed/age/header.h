/* The header of a file of age: for each recipient a stanza with the file's key, sealed, and a MAC over all of them. */
#ifndef SEALED_AGE_HEADER_H
#define SEALED_AGE_HEADER_H

#include "sealed/age/crypto.h"
#include "sealed/fault.h"
#include "sealed/pool.h"

enum { AGE_FILE_KEY = 16, AGE_STANZAS_MAX = 1000 };

/* "-> TYPE ARGUMENT…" and a body in base64. All but the body is borrowed from the file. */
struct age_stanza {
	struct bytes *args;          /* at least one: the type */
	size_t n_args;
	struct bytes body;
};

struct age_header {
	struct age_stanza *stanzas;
	size_t n_stanzas;
	struct bytes covered;        /* what the MAC is of: the file from its beginning to "---" */
	uint8_t mac[CRYPTO_KEY];
	size_t size;                 /* of all of it */
};

/* Reads the header of a file without armor, strictly by its grammar: a text that the MAC is right for cannot be read in two
 * ways. Returns 0 or -EBADMSG; not more than AGE_STANZAS_MAX recipients. */
int age_header_read(struct pool *pool, struct bytes file, struct age_header *ret_header, struct fault *fault);

/* The MAC of what it covers. */
void age_header_mac(const uint8_t file_key[AGE_FILE_KEY], struct bytes covered, uint8_t mac[CRYPTO_KEY]);

/* The first line, with its line feed, and what the last one begins with. */
#define AGE_HEADER_FIRST "age-encryption.org/v1\n"
#define AGE_HEADER_LAST  "---"

/* Bodies are broken at this many columns; a line with less ends a body. */
enum { AGE_BODY_COLUMNS = 64 };

#endif
