#include "machine/device_mapper.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine/hex.h"

void dm_name(const uint8_t root_hash[ROOT_HASH_BYTES], char out[DM_NAME_BYTES])
{
	strcpy(out, "root-");
	hex_print(root_hash, SLOT_UUID_BYTES, out + strlen(out));
}

int dm_control(int fd, unsigned long command, struct dm_request *request, uint32_t flags)
{
	request->header.version[0] = DM_VERSION_MAJOR;
	request->header.version[1] = 0; /* of the interface that every kernel of this major version has */
	request->header.version[2] = 0;
	request->header.data_size = sizeof *request;
	request->header.data_start = sizeof request->header;
	request->header.flags = flags;
	return ioctl(fd, command, request) < 0 ? -errno : 0;
}
