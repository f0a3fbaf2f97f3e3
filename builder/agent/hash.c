#include "agent/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/hex.h"

/* The plain functions: the general ones of today bring half the library into a static program. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

void hash_salted(const uint8_t *salt, size_t salt_size, const void *data, size_t size, uint8_t ret_hash[HASH_BYTES])
{
	SHA256_CTX state;

	SHA256_Init(&state);
	SHA256_Update(&state, salt, salt_size);
	SHA256_Update(&state, data, size);
	SHA256_Final(ret_hash, &state);
}

int hash_file(const char *path, char ret_hex[HASH_HEX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
	uint8_t chunk[16384], hash[HASH_BYTES];
	SHA256_CTX state;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	SHA256_Init(&state);
	while ((n = read(fd, chunk, sizeof chunk)) > 0)
		SHA256_Update(&state, chunk, (size_t)n);
	if (n < 0)
		r = -errno;
	close(fd);
	SHA256_Final(hash, &state);
	hex_print(hash, HASH_BYTES, ret_hex);
	return r;
}
