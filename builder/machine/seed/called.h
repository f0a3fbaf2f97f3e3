/* What the machine is called, and where it is. */
#ifndef MACHINE_SEED_CALLED_H
#define MACHINE_SEED_CALLED_H

#include "machine/seed/values.h"

/* Sets name, /etc/hosts and time zone as user-data and meta-data (either may be NULL) say, in the tree `root`; on the machine
 * (`root` is "") the kernel's name, too, which DHCP announces. The order of precedence is cloud-init's. */
void called_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct value *user,
		   const struct value *meta);

#endif
