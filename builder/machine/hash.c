#include "machine/hash.h"

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

int hash_copy(int fd, int out, uint8_t ret_hash[HASH_BYTES])
{
	static uint8_t chunk[1 << 17];
	int64_t at = 0;
	SHA256_CTX state;
	ssize_t n;
	int r = 0;

	SHA256_Init(&state);
	for (; r == 0 && (n = read_all(fd, chunk, sizeof chunk, at)) > 0; at += n) {
		SHA256_Update(&state, chunk, (size_t)n);
		r = out < 0 ? 0 : write_all(out, chunk, (size_t)n, at);
	}
	SHA256_Final(ret_hash, &state);
	return r < 0 ? r : (int)n;
}

int hash_file(const char *path, char ret_hex[HASH_HEX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	uint8_t hash[HASH_BYTES];

	if (fd < 0)
		return -errno;
	r = hash_copy(fd, -1, hash);
	close(fd);
	hex_print(hash, HASH_BYTES, ret_hex);
	return r;
}
