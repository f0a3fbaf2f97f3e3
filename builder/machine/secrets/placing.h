/* The whole way from what is declared to what is placed. */
#ifndef MACHINE_SECRETS_PLACING_H
#define MACHINE_SECRETS_PLACING_H

#include "machine/secrets/declared.h"
#include "machine/secrets/here.h"
#include "machine/secrets/identities.h"

/* Reads SECRETS_FILE. 1, 0 when this machine declares none, or -errno after a word. */
int placing_read(const struct here *here, struct declared *ret_declared);

/* Opens all that is declared; nothing is written. */
void placing_open(const struct here *here, const struct identities *keys, struct declared *declared);

/* Opens and places all that is declared; units are told. Single verdicts are no failure. 0 or -errno after a word. */
int placing_place(struct here *here, const struct identities *keys, struct declared *declared);

#endif
