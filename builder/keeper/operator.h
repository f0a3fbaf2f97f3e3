/* Whoever holds the keys: the operator's own identities, with which files of SOPS are opened here. */
#ifndef KEEPER_OPERATOR_H
#define KEEPER_OPERATOR_H

#include "base/arena.h"
#include "base/err.h"
#include "sealed/age/age.h"

struct operator {
	struct pool *pool;           /* lives as long as the identities are used */
	struct age_identities identities;
	const char *env_key;         /* what SOPS_AGE_KEY was, for sops(1) alone; or NULL. In the pool */
	const char *looked;          /* where was looked, and why there was nothing, for messages; "" at first. In the pool */
};

struct operator_how {
	const char *const *files;    /* --identity */
	size_t n_files;
	const char *machine;         /* an identity of its own that is kept here opens its files, too; NULL: none */
};

/* Takes all identities that there are, in this order: the files named; $SOPS_AGE_KEY_FILE; $SOPS_AGE_KEY;
 * $SOPS_AGE_SSH_PRIVATE_KEY_FILE; ~/.config/sops/age/keys.txt; ~/.ssh/id_ed25519; those of the machine (keeper/keyring.h). None
 * at all is no error yet. -EACCES for a file that others may read; a file that was named must be there, and be one.
 * SOPS_AGE_KEY is no longer in the environment then: what we start need not see it. Core dumps are off from here on. */
int operator_open(struct pool *pool, const struct operator_how *how, struct operator *ret_operator, struct err *err);

#endif
