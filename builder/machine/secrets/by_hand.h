/* Words that open a file of SOPS for somebody who asks, and place nothing. */
#ifndef MACHINE_SECRETS_BY_HAND_H
#define MACHINE_SECRETS_BY_HAND_H

#include "machine/secrets/here.h"

/* try FORMAT: exit statuses. */
int by_hand_try(struct here *here, int argc, char **argv);

/* open [--format F] --identity FILE [--leaves] FILE [KEY…] */
int by_hand_open(struct here *here, int argc, char **argv);

#endif
