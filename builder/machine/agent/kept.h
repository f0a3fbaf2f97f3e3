/* What only a start of the kernel sets anew: settings that user space gave it and nobody takes back. */
#ifndef MACHINE_AGENT_KEPT_H
#define MACHINE_AGENT_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether two images, mounted at `one` and `other`, would give the kernel the same: settings (sysctl), modules and their
 * options, devices of networks and their names, firmware. Else `what` is the first file that differs. */
bool kept_is_same(const char *one, const char *other, char *what, size_t size);

#endif
