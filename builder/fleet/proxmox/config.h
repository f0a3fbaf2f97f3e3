/* The configuration of a machine as Proxmox has it: keys and values. */
#ifndef FLEET_PROXMOX_CONFIG_H
#define FLEET_PROXMOX_CONFIG_H

#include "edge/jval.h"

struct config {
	struct config_entry {
		const char *key, *value;
	} * entries;
	size_t n_entries;
	const char *digest; /* what it is now: a change that names it is refused when somebody else was faster */
};

/* Takes the API's answer (`data` of …/config) apart, into `arena`. A list (`lxc`) has the value "". */
struct config config_read(struct arena *arena, const struct jval *data);

/* The value of a key; NULL when there is none. */
const char *config_get(const struct config *config, const char *key);

/* What is pending (`data` of …/pending): key and new value, "" for what is to be deleted. */
struct config config_read_pending(struct arena *arena, const struct jval *data);

/* The tags of a machine; in `arena`. */
struct strv config_tags(struct arena *arena, const struct config *config);

/* The volumes that it names in any way, of drives and unused ones. */
struct strv config_volumes(struct arena *arena, const struct config *config);

#endif
