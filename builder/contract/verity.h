/* dm-verity, as the builder writes it and the machine opens it: cryptsetup's format, version 1, hash type 1
 * (https://gitlab.com/cryptsetup/cryptsetup/-/wikis/DMVerity). */
#ifndef CONTRACT_VERITY_H
#define CONTRACT_VERITY_H

enum {
	VERITY_BLOCK = 4096,         /* of data and of digests */
	VERITY_HASH = 32,            /* SHA-256 */
	VERITY_SUPERBLOCK = 512,     /* at the begin of a block of its own */
	ROOT_HASH_BYTES = VERITY_HASH,
	SLOT_UUID_BYTES = 16,        /* the superblock's UUID is the first half of the root hash: it names the slot */
};

#endif
