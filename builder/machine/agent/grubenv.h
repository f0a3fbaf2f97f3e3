/* GRUB's environment block: a file of 1024 bytes that GRUB itself can write in place. A line that says what it is,
 * lines KEY=VALUE, then '#' to the end (GRUB manual, "Environment block"). Pure. */
#ifndef MACHINE_AGENT_GRUBENV_H
#define MACHINE_AGENT_GRUBENV_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/esp.h"

/* The value of `key`; "" and false when there is none. */
bool grubenv_get(const char block[GRUBENV_BYTES], const char *key, char *out, size_t size);

/* Sets `key`, or takes it away (`value` NULL); what else is there stays. A block that is none becomes one. Values hold
 * no line breaks and no backslashes. -ENOSPC when it is full. */
int grubenv_set(char block[GRUBENV_BYTES], const char *key, const char *value);

#endif
