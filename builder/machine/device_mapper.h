/* The kernel's device-mapper without libdevmapper (linux/dm-ioctl.h), for devices of one target. */
#ifndef MACHINE_DEVICE_MAPPER_H
#define MACHINE_DEVICE_MAPPER_H

#include <linux/dm-ioctl.h>
#include <stdint.h>

#include "contract/verity.h"

#define DM_CONTROL "/dev/mapper/control"

/* An ioctl's buffer: header, one target, its parameters. */
struct dm_request {
	struct dm_ioctl header;
	struct dm_target_spec target;
	char parameters[1200];
};

/* "root-" and so much of the root hash as names the slot. */
enum { DM_NAME_BYTES = 5 + 2 * SLOT_UUID_BYTES + 1 };

/* The name of the verified device of a root hash. */
void dm_name(const uint8_t root_hash[ROOT_HASH_BYTES], char out[DM_NAME_BYTES]);

/* Sends the request to `fd` (DM_CONTROL). 0 or -errno. */
int dm_control(int fd, unsigned long command, struct dm_request *request, uint32_t flags);

#endif
