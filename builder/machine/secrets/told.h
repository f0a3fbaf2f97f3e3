/* Which units are told of what changed. The list is kept in a file from before the change is seen until it was told, so that an
 * interrupted run is made up for by the next. */
#ifndef MACHINE_SECRETS_TOLD_H
#define MACHINE_SECRETS_TOLD_H

#include "machine/secrets/declared.h"
#include "machine/secrets/here.h"
#include "machine/secrets/verdicts.h"

/* What systemd is asked for, in this order. */
enum told_verb { TOLD_VERDICT, TOLD_RESTART, TOLD_RELOAD, TOLD_START, TOLD_VERBS };

struct told {
	struct texts units[TOLD_VERBS];
};

/* Begins with what an interrupted run had to tell; at a boot with nothing. */
void told_begin(const struct here *here, struct told *ret_told);

/* Adds the units of what changed. */
void told_add_changed(const struct here *here, struct told *told, const struct declared *declared);

/* Adds the unit of each whose state is not what it was before, and what can start now. */
void told_add_states(const struct here *here, struct told *told, const struct declared *declared,
		     const struct verdicts *before);

int told_keep(const struct here *here, const struct told *told);

/* Tells them; says what could not be told. With a root that is not the machine's it prints the commands. */
void told_tell(const struct here *here, const struct told *told);

/* The unit of a secret or template, its name escaped as systemd-escape(1) does. */
const char *told_unit(struct pool *pool, const char *name);

#endif
