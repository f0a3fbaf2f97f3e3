/* The disc that brings an identity once (SECRETS_DISC_LABEL). */
#ifndef MACHINE_SECRETS_CARRIER_H
#define MACHINE_SECRETS_CARRIER_H

#include "machine/secrets/here.h"
#include "machine/secrets/identities.h"

/* Looks for the disc, and takes an identity that was never taken here: then it is the present one, and `keys` has it. What is
 * on a disc that can be written is overwritten with zeros. An identity that was taken once is never taken again, so a disc that
 * stays in the machine undoes no rotation. Waits for drivers as long as there is no identity. */
void carrier_take(struct here *here, struct identities *keys);

#endif
