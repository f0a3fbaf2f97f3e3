#include "sealed/age/openssh.h"

#include <string.h>

#include "sealed/age/line.h"
#include "sealed/b64.h"

static const char type[] = "ssh-ed25519";
static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* with its zero */

void openssh_blob(const uint8_t public[CRYPTO_KEY], uint8_t blob[OPENSSH_BLOB])
{
	static const uint8_t head[] = {0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32};

	memcpy(blob, head, sizeof head);
	memcpy(blob + sizeof head, public, CRYPTO_KEY);
}

void openssh_line(const uint8_t public[CRYPTO_KEY], char line[OPENSSH_LINE])
{
	uint8_t blob[OPENSSH_BLOB];
	size_t length = strlen(type);

	openssh_blob(public, blob);
	memcpy(line, type, length);
	line[length] = ' ';
	line[length + 1 + b64_encode(blob, sizeof blob, true, line + length + 1)] = 0;
}

/* Takes bytes off the beginning; false when there are not as many. */
static bool openssh_take(struct bytes *from, size_t size, struct bytes *ret_taken)
{
	if (from->size < size)
		return false;
	*ret_taken = (struct bytes){.data = from->data, .size = size};
	*from = (struct bytes){.data = from->data + size, .size = from->size - size};
	return true;
}

static bool openssh_take_number(struct bytes *from, uint32_t *ret_number)
{
	struct bytes taken;

	if (!openssh_take(from, 4, &taken))
		return false;
	*ret_number = (uint32_t)taken.data[0] << 24 | (uint32_t)taken.data[1] << 16 | (uint32_t)taken.data[2] << 8 |
		      taken.data[3];
	return true;
}

/* A length and as many bytes. */
static bool openssh_take_string(struct bytes *from, struct bytes *ret_string)
{
	uint32_t size;

	return openssh_take_number(from, &size) && openssh_take(from, size, ret_string);
}

static bool openssh_read_blob(struct bytes blob, uint8_t public[CRYPTO_KEY])
{
	struct bytes name, key;

	if (!openssh_take_string(&blob, &name) || !bytes_are(name, type) || !openssh_take_string(&blob, &key) ||
	    key.size != CRYPTO_KEY || blob.size)
		return false;
	memcpy(public, key.data, CRYPTO_KEY);
	return true;
}

/* The word that the line begins with; takes it, and the blanks behind it, off. */
static struct bytes openssh_word(struct bytes *line)
{
	struct bytes word = *line;

	word.size = 0;
	while (word.size < line->size && !bytes_is_blank(line->data[word.size]))
		word.size++;
	*line = bytes_trim((struct bytes){.data = line->data + word.size, .size = line->size - word.size});
	return word;
}

int openssh_read_public(struct bytes line, uint8_t public[CRYPTO_KEY], struct fault *fault)
{
	uint8_t blob[B64_SIZE(OPENSSH_BLOB)];
	struct bytes rest = bytes_trim(line), name = openssh_word(&rest), key = openssh_word(&rest);
	size_t size;

	if (!bytes_are(name, type)) {
		fault_set(fault, FAULT_UNSUPPORTED, 0, "a key of SSH of type '%.*s' is no recipient that we can seal to",
			  (int)(name.size < 60 ? name.size : 60), (const char *)name.data);
		return fault_hint(fault, "take one of type ssh-ed25519");
	}
	if (key.size != B64_SIZE(OPENSSH_BLOB) || !b64_decode((const char *)key.data, key.size, true, blob, &size) ||
	    !openssh_read_blob((struct bytes){.data = blob, .size = size}, public))
		return fault_set(fault, FAULT_PARSE, 0, "it is no public key of SSH: behind 'ssh-ed25519' the key in base64 is "
				 "cut off or changed");
	return 0;
}

bool openssh_is_private(struct bytes text)
{
	return bytes_begin(bytes_trim(text), "-----BEGIN ");
}

/* The bytes between the two lines of PEM. Lines are of any length: so they are taken elsewhere, too. */
static int openssh_pem(struct pool *pool, struct bytes text, struct bytes *ret_bytes, struct fault *fault)
{
	struct lines lines = {.rest = bytes_trim(text)};
	struct bytes line = {0}, first;
	uint8_t *joined = pool_alloc(pool, text.size);
	size_t size = 0;

	lines_next(&lines, &first);
	if (!bytes_are(bytes_trim(first), begin)) {
		fault_set(fault, FAULT_UNSUPPORTED, 0, "it is a private key of another format than OpenSSH's");
		return fault_hint(fault, "'%s' was expected; `ssh-keygen -p -f FILE` writes it so", begin);
	}
	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (bytes_are(line, end))
			break;
		memcpy(joined + size, line.data, line.size);
		size += line.size;
	}
	if (!bytes_are(line, end) || lines.rest.size)
		return fault_set(fault, FAULT_PARSE, 0, "a private key of SSH ends with '%s', and with nothing behind it", end);
	*ret_bytes = (struct bytes){.data = joined};
	if (!b64_decode((const char *)joined, size, true, joined, &ret_bytes->size))
		return fault_set(fault, FAULT_PARSE, 0, "between its first and its last line a key of SSH is no base64");
	return 0;
}

/* What stands before the keys. Whether there is a passphrase is told here; `key` is what is left. */
static int openssh_envelope(struct bytes *key, struct bytes *ret_blob, struct bytes *ret_private, struct fault *fault)
{
	struct bytes taken, cipher, kdf, options;
	uint32_t count;

	if (!openssh_take(key, sizeof magic, &taken) || memcmp(taken.data, magic, sizeof magic) != 0 ||
	    !openssh_take_string(key, &cipher) || !openssh_take_string(key, &kdf) || !openssh_take_string(key, &options) ||
	    !openssh_take_number(key, &count) || count != 1 || !openssh_take_string(key, ret_blob) ||
	    !openssh_take_string(key, ret_private))
		return fault_set(fault, FAULT_PARSE, 0, "a private key of SSH is cut off or changed");
	if (!bytes_are(cipher, "none") || !bytes_are(kdf, "none")) {
		fault_set(fault, FAULT_UNSUPPORTED, 0, "the private key of SSH has a passphrase");
		return fault_hint(fault, "take a key without one; `ssh-keygen -p -N '' -f COPY` takes it off a copy");
	}
	if (key->size || options.size)
		return fault_set(fault, FAULT_PARSE, 0, "something stands behind the private key of SSH");
	return 0;
}

/* Behind the comment there are 1, 2, 3 … up to a multiple of 8. */
static bool openssh_is_padding(struct bytes rest)
{
	for (size_t i = 0; i < rest.size; i++) {
		if (rest.data[i] != i + 1)
			return false;
	}
	return rest.size < 8;
}

/* What is secret of it: two equal numbers, type, public key, seed and public key, comment. */
static bool openssh_secret(struct bytes rest, uint8_t seed[CRYPTO_KEY], uint8_t public[CRYPTO_KEY])
{
	struct bytes name, key, pair, comment;
	uint32_t check, again;
	uint8_t own[CRYPTO_KEY];

	if (!openssh_take_number(&rest, &check) || !openssh_take_number(&rest, &again) || check != again ||
	    !openssh_take_string(&rest, &name) || !bytes_are(name, type) || !openssh_take_string(&rest, &key) ||
	    !openssh_take_string(&rest, &pair) || !openssh_take_string(&rest, &comment) || !openssh_is_padding(rest) ||
	    key.size != CRYPTO_KEY || pair.size != 2 * sizeof own)
		return false;
	memcpy(seed, pair.data, CRYPTO_KEY);
	memcpy(public, key.data, CRYPTO_KEY);
	crypto_ed25519_public(seed, own);
	return memcmp(own, public, CRYPTO_KEY) == 0 && memcmp(own, pair.data + CRYPTO_KEY, CRYPTO_KEY) == 0;
}

int openssh_read_private(struct pool *pool, struct bytes text, uint8_t seed[CRYPTO_KEY], uint8_t public[CRYPTO_KEY],
			 struct fault *fault)
{
	struct bytes key, blob, private, named, name;
	uint8_t outer[CRYPTO_KEY];
	int r = openssh_pem(pool, text, &key, fault);

	if (r >= 0)
		r = openssh_envelope(&key, &blob, &private, fault);
	if (r < 0)
		return r;
	named = blob;
	if (openssh_take_string(&named, &name) && !bytes_are(name, type)) {
		fault_set(fault, FAULT_UNSUPPORTED, 0, "the private key of SSH is of type '%.*s'",
			  (int)(name.size < 60 ? name.size : 60), (const char *)name.data);
		return fault_hint(fault, "take one of type ssh-ed25519");
	}
	if (!openssh_read_blob(blob, outer) || !openssh_secret(private, seed, public) ||
	    memcmp(outer, public, CRYPTO_KEY) != 0) {
		explicit_bzero(seed, CRYPTO_KEY);
		return fault_set(fault, FAULT_PARSE, 0, "a private key of SSH is cut off or changed");
	}
	return 0;
}
