/* The identities of this machine: what opens what is sealed to it. */
#ifndef MACHINE_SECRETS_IDENTITIES_H
#define MACHINE_SECRETS_IDENTITIES_H

#include <stdio.h>

#include "machine/secrets/here.h"
#include "sealed/age/age.h"

struct identities {
	struct age_identities all;     /* the newest first; those of the SSH host key last */
	size_t n_own;                  /* how many are not of the host key */
};

enum { IDENTITIES_BYTES_MAX = 64 << 10 };

/* Reads what there is: what cannot be read is remarked. */
void identities_load(struct here *here, struct identities *ret_keys);

/* The same without those before. */
void identities_load_present(struct here *here, struct identities *ret_keys);

/* Prints the public forms, a line each. */
void identities_print(const struct identities *keys, FILE *out);

/* Keeps an identity file as the present one, and binds it to this machine; the one before stays to open what was sealed to it,
 * until identities_retire(). When it is the present one, it is only bound anew. -EBADMSG with a fault when it is none; else
 * what the system says. */
int identities_keep(struct here *here, struct bytes text, struct fault *fault);

/* Makes one, and keeps it; *ret_recipient is in the pool. */
int identities_make(struct here *here, const char **ret_recipient, struct fault *fault);

/* Forgets those before. */
int identities_retire(const struct here *here);

/* Whether `recipient` is that of one of them. */
bool identities_have(const struct identities *keys, const char *recipient);

/* Remarks that the machine is another one than that which took the identity: a copy, or one that was moved. */
void identities_check_bound(struct here *here);

#endif
