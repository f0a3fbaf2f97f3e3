/* dm-verity devices: superblock, and the kernel's target. */
#ifndef MACHINE_VERITY_H
#define MACHINE_VERITY_H

#include <stddef.h>
#include <stdint.h>

#include "contract/verity.h"
#include "machine/block.h"
#include "machine/cmdline.h"

/* The superblock of a dm-verity device, as far as it matters here. Sizes in bytes. */
struct verity {
	char algorithm[32];
	uint32_t hash_type, data_block_size, hash_block_size;
	uint64_t data_blocks;
	uint16_t salt_size;
	uint8_t salt[256];
};

/* Decodes a superblock (cryptsetup's format, version 1). -EINVAL when it is none that we make (SHA-256, hash type 1), -ENOENT
 * when it is another image's: the UUID in it is the first bytes of the root hash. */
int verity_decode(const uint8_t block[VERITY_SUPERBLOCK], const uint8_t root_hash[ROOT_HASH_BYTES],
		  struct verity *ret_verity);

/* Encodes one; its UUID is the first bytes of the root hash. */
void verity_encode(const struct verity *verity, const uint8_t root_hash[ROOT_HASH_BYTES],
		   uint8_t block[VERITY_SUPERBLOCK]);

/* What happens when a block is read that is not what it should be. */
enum verity_damage {
	VERITY_RESTARTS,               /* the machine restarts */
	VERITY_FAILS,                  /* whoever reads gets an error */
};

/* The parameters of the kernel's verity target for a device ("254:3") that holds data and hash tree. -ENOSPC when they do
 * not fit. */
int verity_parameters(const struct verity *verity, const char *device, const struct cmdline *cmdline, enum verity_damage damage,
		      char *out, size_t size);

/* Opens the verified device over a slot; `ret_device` (32 bytes) becomes its path. Its name in /dev/mapper is made of the
 * root hash. One of that name that nobody uses any more is removed first. */
int verity_open(const struct verity *verity, const struct partition *slot, const struct cmdline *cmdline,
		enum verity_damage damage, char ret_device[32]);

/* Removes the verified device of a root hash. -EBUSY while it is in use. */
int verity_close(const uint8_t root_hash[ROOT_HASH_BYTES]);

/* What the kernel verifies behind the block device `device` ("dm-0"): its root hash, and where its superblock is. -EINVAL
 * when that is no device of verity_open(). */
int verity_running(const char *device, struct cmdline *ret_cmdline);

/* The same from the text of the kernel's table (the parameters of verity_parameters()). Pure. */
int verity_read_parameters(const char *text, struct cmdline *ret_cmdline);

#endif
