/* What bonds and bridges are told, in the words of both versions. */
#ifndef MACHINE_SEED_PARAMETERS_H
#define MACHINE_SEED_PARAMETERS_H

#include "machine/seed/links.h"

/* Reads the parameters of the bond or bridge `link`, a map; `version` says whose words they are: 1 (Linux's, with or without
 * "bond-", and '_' for '-') or 2 (netplan's). Which port is the primary one is left in *ret_primary, or NULL. */
void parameters_read(struct network *network, struct link *link, const struct value *map, unsigned version,
		     const char **ret_primary);

#endif
