/* Whether a machine takes an offer: asked before anything is written. */
#ifndef MACHINE_AGENT_ADMIT_H
#define MACHINE_AGENT_ADMIT_H

#include "machine/agent/boot.h"
#include "machine/agent/offer.h"

/* Room that there is, in bytes. */
struct admit_room {
	uint64_t esp_bytes;            /* on the EFI system partition, with what the other slot has there */
	uint64_t state_bytes;          /* on the state partition */
};

/* The least that must be free on the state partition, for a machine to come up. */
#define ADMIT_STATE_BYTES (UINT64_C(32) << 20)

/* Writes into `why` why the offer is refused, and what to do; true when it is not. With `force` a bad image, a
 * running trial and a full state partition are no reasons. `failures` is the text of the machine's failures, as
 * boot_condemn() writes them. Pure. */
bool admit(const struct boot *boot, const struct offer *offer, const struct admit_room *room, const char *failures, bool force,
	   char *why, size_t size);

#endif
