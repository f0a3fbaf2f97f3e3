/* dm-verity without libdevmapper: the superblock (cryptsetup's wiki, "DMVerity", version 1), the target's parameters
 * (Documentation/admin-guide/device-mapper/verity.rst) and the ioctls of linux/dm-ioctl.h. */
#include "machine/verity.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "contract/verity.h"
#include "machine/block.h"
#include "machine/cmdline.h"
#include "machine/device_mapper.h"
#include "machine/hex.h"
#include "machine/say.h"

struct superblock {
	uint8_t signature[8];
	uint32_t version, hash_type;
	uint8_t uuid[16];
	char algorithm[32];
	uint32_t data_block_size, hash_block_size;
	uint64_t data_blocks;
	uint16_t salt_size;
	uint8_t reserved[6], salt[256], rest[168];
} __attribute__((packed));
_Static_assert(sizeof(struct superblock) == VERITY_SUPERBLOCK, "the superblock of dm-verity");

static bool machine_verity_is_block_size(uint32_t bytes)
{
	return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

int verity_decode(const uint8_t block[VERITY_SUPERBLOCK], const uint8_t root_hash[ROOT_HASH_BYTES],
		  struct verity *ret_verity)
{
	struct superblock super;

	memcpy(&super, block, sizeof super);
	if (memcmp(super.signature, "verity\0\0", 8) != 0 || le32toh(super.version) != 1)
		return -EINVAL;
	if (memcmp(super.uuid, root_hash, SLOT_UUID_BYTES) != 0)
		return -ENOENT;
	*ret_verity = (struct verity){
		.hash_type = le32toh(super.hash_type), .data_block_size = le32toh(super.data_block_size),
		.hash_block_size = le32toh(super.hash_block_size), .data_blocks = le64toh(super.data_blocks),
		.salt_size = le16toh(super.salt_size),
	};
	/* The root hash vouches for the tree, not for this block: whoever writes to the disk could name an algorithm
	 * that they can collide, or slip words for the kernel into its name. Our images are made in one way only. */
	if (!machine_verity_is_block_size(ret_verity->data_block_size) ||
	    !machine_verity_is_block_size(ret_verity->hash_block_size) || ret_verity->salt_size > sizeof super.salt ||
	    ret_verity->hash_type != 1 || strncmp(super.algorithm, "sha256", sizeof super.algorithm) != 0 ||
	    ret_verity->data_blocks == 0 || ret_verity->data_blocks > INT64_MAX / ret_verity->data_block_size)
		return -EINVAL;
	memcpy(ret_verity->algorithm, super.algorithm, sizeof super.algorithm);
	memcpy(ret_verity->salt, super.salt, ret_verity->salt_size);
	return 0;
}

void verity_encode(const struct verity *verity, const uint8_t root_hash[ROOT_HASH_BYTES],
		   uint8_t block[VERITY_SUPERBLOCK])
{
	struct superblock super = {
		.signature = "verity\0", .version = htole32(1), .hash_type = htole32(verity->hash_type),
		.data_block_size = htole32(verity->data_block_size), .hash_block_size = htole32(verity->hash_block_size),
		.data_blocks = htole64(verity->data_blocks), .salt_size = htole16(verity->salt_size),
	};

	memcpy(super.uuid, root_hash, SLOT_UUID_BYTES);
	memcpy(super.algorithm, verity->algorithm, sizeof super.algorithm);
	memcpy(super.salt, verity->salt, verity->salt_size);
	memcpy(block, &super, sizeof super);
}

int verity_parameters(const struct verity *verity, const char *device, const struct cmdline *cmdline, enum verity_damage damage,
		      char *out, size_t size)
{
	char hash[2 * ROOT_HASH_BYTES + 1], salt[2 * sizeof verity->salt + 1] = "-";
	/* The tree starts in the block after the superblock's. */
	uint64_t tree =
		(cmdline->hash_offset + VERITY_SUPERBLOCK + verity->hash_block_size - 1) / verity->hash_block_size;
	int n;

	hex_print(cmdline->root_hash, ROOT_HASH_BYTES, hash);
	if (verity->salt_size)
		hex_print(verity->salt, verity->salt_size, salt);
	n = snprintf(out, size, "%u %s %s %u %u %llu %llu %s %s %s%s", verity->hash_type, device, device,
		     verity->data_block_size, verity->hash_block_size, (unsigned long long)verity->data_blocks,
		     (unsigned long long)tree, verity->algorithm, hash, salt,
		     damage == VERITY_RESTARTS ? " 1 restart_on_corruption" : "");
	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}

static int machine_verity_create(int fd, const struct verity *verity, const struct partition *slot,
				 const struct cmdline *cmdline, enum verity_damage damage, char ret_device[32])
{
	struct dm_request request = {0};
	char path[300], numbers[32];
	int r;

	snprintf(path, sizeof path, "/sys/class/block/%s/dev", slot->device);
	r = read_line(path, numbers, sizeof numbers);
	if (r < 0)
		return r;
	dm_name(cmdline->root_hash, request.header.name);
	strcpy(request.header.uuid, "CRYPT-VERITY-"); /* by which tools know what kind of device this is */
	hex_print(cmdline->root_hash, SLOT_UUID_BYTES, request.header.uuid + strlen(request.header.uuid));
	strcat(request.header.uuid, "-root");
	r = dm_control(fd, DM_DEV_CREATE, &request, 0);
	if (r < 0)
		return r;
	snprintf(ret_device, 32, "/dev/dm-%u", minor(request.header.dev));

	request = (struct dm_request){.header.target_count = 1,
				   .target.length = verity->data_blocks * (verity->data_block_size / 512)};
	dm_name(cmdline->root_hash, request.header.name);
	strcpy(request.target.target_type, "verity");
	r = verity_parameters(verity, numbers, cmdline, damage, request.parameters, sizeof request.parameters);
	if (r == 0)
		r = dm_control(fd, DM_TABLE_LOAD, &request, DM_READONLY_FLAG);
	if (r < 0)
		return r;
	request = (struct dm_request){0};
	dm_name(cmdline->root_hash, request.header.name);
	return dm_control(fd, DM_DEV_SUSPEND, &request, 0); /* without DM_SUSPEND_FLAG this resumes */
}

static int machine_verity_remove(int fd, const uint8_t root_hash[ROOT_HASH_BYTES])
{
	struct dm_request request = {0};

	dm_name(root_hash, request.header.name);
	return dm_control(fd, DM_DEV_REMOVE, &request, 0);
}

int verity_open(const struct verity *verity, const struct partition *slot, const struct cmdline *cmdline,
		enum verity_damage damage, char ret_device[32])
{
	int fd = open(DM_CONTROL, O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	machine_verity_remove(fd, cmdline->root_hash); /* (there is none, but after a restart of user space) */
	r = machine_verity_create(fd, verity, slot, cmdline, damage, ret_device);
	if (r < 0 && r != -EBUSY)
		machine_verity_remove(fd, cmdline->root_hash);
	close(fd);
	return r;
}

int verity_close(const uint8_t root_hash[ROOT_HASH_BYTES])
{
	int fd = open(DM_CONTROL, O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = machine_verity_remove(fd, root_hash);
	close(fd);
	return r;
}
