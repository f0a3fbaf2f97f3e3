/* From the words of a recipe to what Proxmox is told, and what of a machine's configuration is otherwise. Pure. */
#ifndef FLEET_PROXMOX_SETTINGS_H
#define FLEET_PROXMOX_SETTINGS_H

#include "fleet/proxmox/client.h"
#include "fleet/proxmox/config.h"
#include "recipe/proxmox.h"

/* What a machine is made with. `image` is the uploaded image's or template's volid, `description` may be NULL. In `arena`. */
struct form settings_of_vm(struct arena *arena, const struct proxmox *words, const char *name, const char *image,
			   const char *description);
struct form settings_of_container(struct arena *arena, const struct proxmox *words, const char *name, const char *image,
				  const char *description);

/* What differs. */
struct settings_change {
	enum settings_kind {
		SETTINGS_SET,  /* key gets value */
		SETTINGS_GROW, /* the disk at key gets as large as `gib` */
		SETTINGS_ADD,  /* a disk or mount point is added at key: value */
		SETTINGS_KEPT, /* the recipe says it no more, or smaller: it stays as it is, and that is told */
	} kind;
	const char *key, *was, *value; /* `was` NULL: there is none */
	uint64_t gib;
};

/* Compares the configuration with the words; in the order of the configuration's keys as the recipe would write them. In
 * `arena`. */
struct settings_change *settings_compare(struct arena *arena, const struct proxmox *words, bool container,
					 const struct config *config, size_t *ret_n);

/* The tags of a machine, sorted, joined by ";": those of the recipe and "aether". In `arena`. */
const char *settings_tags(struct arena *arena, const struct proxmox *words);

#endif
