/* UEFI firmware for virtual machines (OVMF), where distributions have it. */
#ifndef RUN_QEMU_FIRMWARE_H
#define RUN_QEMU_FIRMWARE_H

#include "base/err.h"

struct firmware {
	const char *code, *variables; /* paths of the host: read-only; a template that each machine gets a copy of */
};

/* The first pair that this host has; -ENOENT with the package to install. */
int firmware_find(const struct firmware **ret_firmware, struct err *err);

#endif
