/* Looks at a machine on Proxmox, and does something when it stays bad (docs/proxmox.md, "Guarded"). */
#ifndef FLEET_GUARD_GUARD_H
#define FLEET_GUARD_GUARD_H

#include "fleet/guard/rule.h"
#include "fleet/proxmox/work.h"

/* A tag of a machine: guard leaves it alone, for somebody works on it. */
#define GUARD_TAG_PAUSED "aether-paused"

struct guard_report {
	enum rule_look look;
	const char *reason; /* why it is not good; NULL */
	enum rule_act act;
	enum rule_rung rung; /* that was tried … */
	bool mended;	     /* … with success */
	int64_t bad_since;   /* seconds since 1970; 0: it is good */
	int64_t generation;  /* that it runs, by its mark; 0: not known */
};

/* One look at the machine of a site, and what its rule says to do about it. With `only_look` nothing is done. What it does is
 * told. That a machine is bad is no error: errors are those of this program, its files and the token. */
int guard_look(struct arena *arena, const struct access *access, const struct site *site, const struct remote *remote,
	       unsigned timeout_s, bool only_look, struct guard_report *ret_report, struct err *err);

/* "good", "bad", "busy", "unknown". */
const char *guard_look_name(enum rule_look look);

#endif
