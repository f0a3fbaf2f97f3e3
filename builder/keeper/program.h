/* The program sops(1), for files whose keys are with services that only it knows. */
#ifndef KEEPER_PROGRAM_H
#define KEEPER_PROGRAM_H

#include "keeper/operator.h"
#include "recipe/secrets.h"
#include "sealed/sops/sops.h"

/* The value of the secret, as sops decrypts it: with the user's own environment, from its standard output. In the operator's
 * pool. -ENOENT when there is no such program. */
int program_decrypt(const struct operator *op, const struct sops_file *file, const struct recipe_secret *secret,
		    struct bytes *ret_value, struct err *err);

#endif
