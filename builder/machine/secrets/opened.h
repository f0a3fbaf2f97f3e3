/* Opens all that is declared: afterwards each item has its value, or the reason why not. Nothing is written. */
#ifndef MACHINE_SECRETS_OPENED_H
#define MACHINE_SECRETS_OPENED_H

#include "machine/secrets/declared.h"
#include "machine/secrets/here.h"
#include "machine/secrets/identities.h"
#include "machine/secrets/sent.h"

/* What was sent, or why there is nothing of it. */
struct opened_sent {
	struct sent sent;
	struct bytes plain;            /* all of it, to compare */
	const char *reason;            /* NULL: it was opened */
	enum fault_kind fault;
	bool there;
};

/* Opens `sealed` for the machine of that name; the same from a file in SECRETS_STATE. */
void opened_sealed(const struct here *here, const struct identities *keys, const char *machine, struct bytes sealed,
		   struct opened_sent *ret_sent);
void opened_kept(const struct here *here, const struct identities *keys, const char *machine, const char *name,
		 struct opened_sent *ret_sent);

/* `sent` is asked first, then `before`. */
void opened_all(const struct here *here, const struct identities *keys, const struct declared *declared,
		const struct opened_sent *sent, const struct opened_sent *before);

/* Whether a value is what crypt(5) makes of a password, as it can stand in /etc/shadow; else what is wrong with it. */
const char *opened_hash_problem(struct bytes value);

/* A fault with its hint, in the pool. */
const char *opened_why(const struct here *here, const struct fault *fault);

#endif
