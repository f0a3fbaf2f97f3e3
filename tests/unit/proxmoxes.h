/* What tests of fleet/proxmox share. */
#ifndef UNIT_PROXMOXES_H
#define UNIT_PROXMOXES_H

#include "base/err.h"
#include "fleet/proxmox/config.h"

/* A machine's configuration, from the JSON that the API answers with (its `data`). */
struct config proxmoxes_config(const char *json);

/* What main() would print of the error, which is freed; in scratch_arena(). */
const char *proxmoxes_said(struct err *err);

/* It has to have failed with that code, and `words` have to be in what main() would print. */
void proxmoxes_refused(int r, int code, struct err *err, const char *words);

#endif
