#include "machine/agent/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "machine/hex.h"
#include "machine/say.h"

/* The deprecated plain functions: the EVP ones would link half of the library into a static program. */
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
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t chunk[16384], hash[HASH_BYTES];
	int64_t at = 0;
	SHA256_CTX state;
	ssize_t n;

	if (fd < 0)
		return -errno;
	SHA256_Init(&state);
	for (; (n = read_all(fd, chunk, sizeof chunk, at)) > 0; at += n)
		SHA256_Update(&state, chunk, (size_t)n);
	close(fd);
	SHA256_Final(hash, &state);
	hex_print(hash, HASH_BYTES, ret_hex);
	return (int)n;
}
