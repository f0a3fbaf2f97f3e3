/* The provider bpg/proxmox of OpenTofu, by version: what it knows. */
#ifndef FLEET_TOFU_PROVIDER_H
#define FLEET_TOFU_PROVIDER_H

#include <stdbool.h>

#include "base/err.h"

/* Zeros: the newest. */
struct provider {
	unsigned major, minor;
};

enum provider_feature {
	PROVIDER_IMPORT_FROM,        /* disk.import_from: the API alone imports, content `import` */
	PROVIDER_KEEP_UNREFERENCED,  /* delete_unreferenced_disks_on_destroy of virtual machines */
};

/* Reads "0.71" or "0.71.0"; NULL: the newest. -EINVAL. */
int provider_read(const char *text, struct provider *ret_provider, struct err *err);

bool provider_has(const struct provider *provider, enum provider_feature feature);

#endif
