/* What is sent to this machine: tried, kept, placed. */
#ifndef MACHINE_SECRETS_RECEIVED_H
#define MACHINE_SECRETS_RECEIVED_H

#include "machine/secrets/here.h"

/* Reads it from `fd`. Nothing is kept when it cannot be opened, is for another machine, is older than what is kept, or has a
 * value that is none of its secret's. Prints a line for each problem, says to stderr what happened to the machine; returns
 * 0 when all that this machine declares is good, SECRETS_KEPT when it is kept, and 1 when it is not. */
int received_take(struct here *here, int fd);

#endif
