#include "edge/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* `struct sha256` is OpenSSL's EVP_MD_CTX under our name. */
static EVP_MD_CTX *edge_digest_context(struct sha256 *state)
{
	return (EVP_MD_CTX *)state;
}

static _Noreturn void edge_digest_openssl_failed(void)
{
	fputs("aether-build: OpenSSL cannot compute a digest\n", stderr);
	exit(1);
}

static void edge_digest_start(EVP_MD_CTX *ctx)
{
	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		edge_digest_openssl_failed();
}

struct sha256 *sha256_new(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	edge_digest_start(ctx);
	return (struct sha256 *)ctx;
}

void sha256_add(struct sha256 *state, const void *data, size_t size)
{
	if (EVP_DigestUpdate(edge_digest_context(state), data, size) != 1)
		edge_digest_openssl_failed();
}

void sha256_finish(struct sha256 *state, uint8_t out[SHA256_SIZE])
{
	if (EVP_DigestFinal_ex(edge_digest_context(state), out, NULL) != 1)
		edge_digest_openssl_failed();
	edge_digest_start(edge_digest_context(state));
}

void sha256_free(struct sha256 *state)
{
	EVP_MD_CTX_free(edge_digest_context(state));
}

void sha256_of(const void *data, size_t size, uint8_t out[SHA256_SIZE])
{
	if (EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL) != 1)
		edge_digest_openssl_failed();
}

void sha1_of(const void *data, size_t size, uint8_t out[SHA1_SIZE])
{
	if (EVP_Digest(data, size, out, NULL, EVP_sha1(), NULL) != 1)
		edge_digest_openssl_failed();
}

void sha256_hex_of(const void *data, size_t size, char out[SHA256_HEX])
{
	uint8_t digest[SHA256_SIZE];

	sha256_of(data, size, digest);
	hex_encode(digest, sizeof digest, out);
}

void sha512_hex_of(const void *data, size_t size, char out[SHA512_HEX])
{
	uint8_t digest[64];

	if (EVP_Digest(data, size, digest, NULL, EVP_sha512(), NULL) != 1)
		edge_digest_openssl_failed();
	hex_encode(digest, sizeof digest, out);
}

int sha256_file(const char *path, char out[SHA256_HEX], uint64_t *ret_size, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct sha256 *state;
	uint8_t digest[SHA256_SIZE];
	static const size_t CHUNK = 1 << 18;
	uint64_t size = 0;
	ssize_t n;
	char *chunk;
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open '%s'", path);
	chunk = malloc(CHUNK);
	if (!chunk)
		return err_no_memory(err);
	state = sha256_new();
	while ((n = read(fd, chunk, CHUNK)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		sha256_add(state, chunk, (size_t)n);
		size += (uint64_t)n;
	}
	r = n < 0 ? err_sys(err, -errno, "cannot read '%s'", path) : 0;
	sha256_finish(state, digest);
	sha256_free(state);
	free(chunk);
	if (r < 0)
		return r;
	hex_encode(digest, sizeof digest, out);
	if (ret_size)
		*ret_size = size;
	return 0;
}

const char *base64_encode(struct arena *arena, const void *data, size_t size)
{
	char *text = arena_alloc(arena, (size + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, data, (int)size);
	return text;
}

char *base64_decode(struct arena *arena, const char *text, size_t *ret_size)
{
	size_t length = strlen(text), padding = 0;
	char *data = arena_alloc(arena, length / 4 * 3 + 1);
	int n = length % 4 ? -1 : EVP_DecodeBlock((unsigned char *)data, (const unsigned char *)text, (int)length);

	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	if (n < (int)padding)
		return NULL;
	data[(size_t)n - padding] = 0; /* what padding stands for was decoded as zeros */
	*ret_size = (size_t)n - padding;
	return data;
}
