/* What aether-secrets left of this machine's secrets (contract/secrets.h), for `status`. The agent opens none: it reads names,
 * states and reasons. */
#ifndef MACHINE_AGENT_SECRETS_SAID_H
#define MACHINE_AGENT_SECRETS_SAID_H

#include <stdio.h>

/* Below which folder SECRETS_STATUS is; "" but in tests. */
void secrets_said_at(const char *root);

/* Prints `, "secrets": […]`: all that are declared. */
void secrets_said_put_json(FILE *out);

/* Prints how many there are, and a line for each that is not good; nothing when none is declared. */
void secrets_said_put_plain(FILE *out);

#endif
