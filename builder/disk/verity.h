/* dm-verity: the hash tree behind an image, by which the kernel checks every block that it reads. The format is cryptsetup's,
 * version 1, hash type 1 (https://gitlab.com/cryptsetup/cryptsetup/-/wikis/DMVerity): SHA-256 over salt and block, blocks of
 * 4096 bytes for data and hashes, a superblock, then the levels of the tree from the top down. */
#ifndef DISK_VERITY_H
#define DISK_VERITY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "contract/verity.h"



struct verity {
	uint64_t hash_offset;        /* of the superblock: where the data ends */
	uint64_t size_bytes;         /* of data, superblock and tree */
	uint8_t root_hash[VERITY_HASH];
};

/* The salt of an image: a function of `seed` alone. */
void verity_salt(const char *seed, uint8_t ret_salt[VERITY_HASH]);

/* Appends superblock and tree to the file `fd` (open for reading and writing) of `data_bytes`, a multiple of VERITY_BLOCK and
 * not 0. The superblock's UUID is the first half of the root hash: by it the initrd knows the slot. Reads with all
 * processors; keeps the tree (1/127 of the data) in memory. */
int verity_append(int fd, uint64_t data_bytes, const uint8_t salt[VERITY_HASH], struct verity *ret_verity, struct err *err);

/* The same for data in memory: fills the last block up with zeros, and appends superblock and tree. */
int verity_cover(struct buf *data, const uint8_t salt[VERITY_HASH], struct verity *ret_verity, struct err *err);

/* The salt in the superblock `block` of an image whose tree has that root hash over so much data; -EBADMSG when that is not the
 * superblock which this program writes. */
int verity_read_salt(const uint8_t block[VERITY_BLOCK], const uint8_t root_hash[VERITY_HASH], uint64_t data_bytes,
		     uint8_t ret_salt[VERITY_HASH], struct err *err);

#endif
