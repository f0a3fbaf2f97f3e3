/* What is sent to a machine: its values, sealed to it (contract/secrets.h, "What is sent"). */
#ifndef KEEPER_LETTER_H
#define KEEPER_LETTER_H

#include "keeper/source.h"

struct letter {
	struct growing text;         /* its pool is the letter's */
	size_t n;                    /* values in it */
};

/* Begins the letter to machine `name`, written at `made` (seconds since 1970). */
void letter_begin(struct letter *letter, struct pool *pool, const char *name, int64_t made);

/* Adds a value. -EFBIG when it would be more than a machine takes. */
int letter_add(struct letter *letter, const char *secret, struct bytes value, struct err *err);

/* Ends it, and seals it to all `recipients`; in the pool. */
int letter_seal(struct letter *letter, const struct strv *recipients, struct bytes *ret_sealed, struct err *err);

/* All of it, of those secrets that are sent: opens each value (every problem is told, and nothing is written then), writes,
 * seals. *ret_n is how many there are; with none *ret_sealed is empty. */
int letter_write(struct sources *sources, const char *name, const struct recipe_secret *secrets, size_t n_secrets,
		 const struct strv *recipients, int64_t made, struct bytes *ret_sealed, size_t *ret_n, struct err *err);

#endif
