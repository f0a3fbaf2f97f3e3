/* The rungs of guard's ladder, as deeds. */
#ifndef FLEET_GUARD_RUNGS_H
#define FLEET_GUARD_RUNGS_H

#include "fleet/guard/rule.h"
#include "fleet/proxmox/work.h"

/* Which of them there are for a machine: bits of 1 << rung. */
unsigned rungs_possible(struct work *work);

/* Tries one, and waits for the verdict: 0 when the machine is good then. */
int rungs_try(struct work *work, enum rule_rung rung, struct err *err);

#endif
