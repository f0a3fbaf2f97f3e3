/* What settings.c and settings_compare.c share, and nobody else includes. */
#ifndef FLEET_PROXMOX_SETTINGS_PRIVATE_H
#define FLEET_PROXMOX_SETTINGS_PRIVATE_H

#include "fleet/proxmox/settings.h"

/* Keys that are compared as texts: memory, cores, name servers, … */
void settings_common(struct arena *arena, const struct proxmox *words, bool container, struct form *form);

/* netN: `mac` is the recipe's, else the one that the machine has; NULL: Proxmox chooses. */
const char *settings_nic(struct arena *arena, const struct proxmox_nic *nic, bool container, size_t i, const char *mac);

/* ipconfigN: what the seed says of a card; NULL: nothing. */
const char *settings_ipconfig(struct arena *arena, const struct proxmox_nic *nic);

/* What allocates a disk or mount point. */
const char *settings_new_disk(struct arena *arena, const struct proxmox_disk *disk);
const char *settings_new_mount(struct arena *arena, const struct proxmox_mount *mount);

#endif
