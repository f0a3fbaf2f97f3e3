/* The machine-id of this machine. */
#ifndef MACHINE_ROOT_IDENTITY_H
#define MACHINE_ROOT_IDENTITY_H

#include <stdbool.h>

#include "machine/machine_id.h"

/* The machine-id(5) of this machine with its newline: read from the state partition, or made (of the VM's UUID, else by
 * chance) and kept there. */
void identity_machine_id(const char *folder, char out[MACHINE_ID_BYTES]);

/* The machine-id that a UUID as DMI prints it stands for; false when it is not unique to a machine. */
bool identity_from_uuid(const char *uuid, char out[MACHINE_ID_BYTES]);

#endif
