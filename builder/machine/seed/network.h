/* The seed's network-config, versions 1 and 2, into links.
 * (https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v1.html, …-v2.html) */
#ifndef MACHINE_SEED_NETWORK_H
#define MACHINE_SEED_NETWORK_H

#include "machine/seed/links.h"

/* Reads a document (NULL: nothing) into a network, which is zeroed but for memory and remarks. */
void network_read(struct network *network, const struct value *document);

/* Reads what is below `config:` of version 1, and the whole map of version 2. */
void network_v1_read(struct network *network, const struct value *config);
void network_v2_read(struct network *network, const struct value *map);

/* Makes the links named in `ports`, a list, ports of `master`; those that nobody else says are cards of that name. */
void network_enslave(struct network *network, const struct link *master, const struct value *ports, const char *primary);

/* Whether the link is to have addresses, from wherever. */
bool network_is_addressed(const struct link *link);

#endif
