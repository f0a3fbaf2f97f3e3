/* KVM or TCG. That /dev/kvm can be opened says little: it can make a machine and even run a BIOS where kernels hang. So
 * KVM is believed when a machine has shown life under it, and what came of that is remembered until this host boots
 * again: for the machines of `run` and for the appliance (edge/appliance.h). */
#ifndef HOST_ACCEL_H
#define HOST_ACCEL_H

#include <stdbool.h>

#include "base/err.h"

enum accel { ACCEL_KVM, ACCEL_TCG };

/* What is known before a machine runs. */
struct accel_choice {
	enum accel accel;
	bool on_trial;               /* KVM, and nobody has seen it work yet */
	const char *why;             /* TCG: why the device cannot be opened; NULL when KVM did not work before */
};

/* `asked` is what the user says ("kvm", "tcg"; -EINVAL for anything else), or NULL: what was remembered in the folder
 * `cache`, else KVM on trial, or TCG where there is none. */
int accel_choose(const char *cache, const char *asked, struct accel_choice *ret_choice, struct err *err);

/* The same for who asks for nothing, without a word to the user. */
struct accel_choice accel_known(const char *cache);

/* Remembers how the trial ended. A cache that cannot be written remembers nothing. */
void accel_remember(const char *cache, bool works);

/* Whether what a machine wrote on its console shows that its kernel came as far as the first program. */
bool accel_shows_life(const char *console);

#endif
