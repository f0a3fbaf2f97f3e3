#include "sealed/age/stanza.h"

#include <string.h>

#include "sealed/age/line.h"
#include "sealed/age/openssh.h"
#include "sealed/b64.h"

enum { BODY = AGE_FILE_KEY + CRYPTO_TAG, SHARE_TEXT = 43, BODY_TEXT = 43 };

static const char *const types[] = {[AGE_X25519] = "X25519", [AGE_SSH_ED25519] = "ssh-ed25519"};
static const char *const labels[] = {
	[AGE_X25519] = "age-encryption.org/v1/X25519",
	[AGE_SSH_ED25519] = "age-encryption.org/v1/ssh-ed25519",
};

/* A key is used once, so there is one nonce. */
static const uint8_t no_nonce[CRYPTO_NONCE];

bool age_stanza_is(const struct age_stanza *stanza, const char *type)
{
	return bytes_are(stanza->args[0], type);
}

bool age_stanza_is_for(const struct age_stanza *stanza, enum age_type type)
{
	return age_stanza_is(stanza, types[type]);
}

void age_stanza_tag(const uint8_t ssh_public[CRYPTO_KEY], char tag[STANZA_TAG_TEXT])
{
	uint8_t blob[OPENSSH_BLOB], hash[CRYPTO_KEY];

	openssh_blob(ssh_public, blob);
	crypto_sha256((struct bytes){.data = blob, .size = sizeof blob}, hash);
	b64_encode(hash, 4, false, tag);
}

/* Multiplies the shared secret once more by a number that comes of the SSH key, so that it is of no use elsewhere. */
static bool stanza_tweak(const uint8_t ssh_public[CRYPTO_KEY], uint8_t shared[CRYPTO_KEY])
{
	uint8_t blob[OPENSSH_BLOB], tweak[CRYPTO_KEY], before[CRYPTO_KEY];
	bool good;

	openssh_blob(ssh_public, blob);
	crypto_hkdf((struct bytes){0}, (struct bytes){.data = blob, .size = sizeof blob}, labels[AGE_SSH_ED25519], tweak);
	memcpy(before, shared, CRYPTO_KEY);
	good = crypto_x25519(tweak, before, shared);
	explicit_bzero(before, sizeof before);
	return good;
}

/* The key that the file's key is sealed with: of one side's scalar and the other's point. `ssh_public` is NULL for X25519. */
static bool stanza_key(const uint8_t scalar[CRYPTO_KEY], const uint8_t point[CRYPTO_KEY], const uint8_t share[CRYPTO_KEY],
		       const uint8_t public[CRYPTO_KEY], const uint8_t *ssh_public, uint8_t key[CRYPTO_KEY])
{
	uint8_t shared[CRYPTO_KEY], salt[2 * CRYPTO_KEY];
	bool good = crypto_x25519(scalar, point, shared) && (!ssh_public || stanza_tweak(ssh_public, shared));

	memcpy(salt, share, CRYPTO_KEY);
	memcpy(salt + CRYPTO_KEY, public, CRYPTO_KEY);
	crypto_hkdf((struct bytes){.data = shared, .size = sizeof shared}, (struct bytes){.data = salt, .size = sizeof salt},
		    labels[ssh_public ? AGE_SSH_ED25519 : AGE_X25519], key);
	explicit_bzero(shared, sizeof shared);
	return good;
}

/* The share is the last argument. */
static int stanza_share(const struct age_stanza *stanza, size_t n_args, uint8_t share[CRYPTO_KEY], struct fault *fault)
{
	const struct bytes *text = &stanza->args[stanza->n_args - 1];
	size_t size;

	if (stanza->n_args != n_args)
		return fault_set(fault, FAULT_PARSE, 0, "a stanza of its header has %zu arguments, not %zu", stanza->n_args - 1,
				 n_args - 1);
	if (text->size != SHARE_TEXT || !b64_decode((const char *)text->data, text->size, false, share, &size))
		return fault_set(fault, FAULT_PARSE, 0, "the share in a stanza of its header is not 32 bytes in base64");
	return 0;
}

int age_stanza_open(const struct age_stanza *stanza, const struct age_identity *identity, uint8_t file_key[AGE_FILE_KEY],
		    struct fault *fault)
{
	bool ssh = identity->type == AGE_SSH_ED25519, good;
	uint8_t share[CRYPTO_KEY + 2], key[CRYPTO_KEY];
	char tag[STANZA_TAG_TEXT];
	int r;

	if (!age_stanza_is_for(stanza, identity->type))
		return 0;
	r = stanza_share(stanza, ssh ? 3 : 2, share, fault);
	if (r < 0)
		return r;
	if (ssh) {
		age_stanza_tag(identity->ssh_public, tag);
		if (stanza->args[1].size != sizeof tag || memcmp(stanza->args[1].data, tag, sizeof tag) != 0)
			return 0;
	}
	if (stanza->body.size != BODY)
		return fault_set(fault, FAULT_PARSE, 0, "the sealed key in a stanza of its header is %zu bytes, not %d",
				 stanza->body.size, BODY);
	good = stanza_key(identity->secret, share, share, identity->public, ssh ? identity->ssh_public : NULL, key);
	if (good)
		r = crypto_aead_open(key, no_nonce, stanza->body, file_key);
	else
		r = fault_set(fault, FAULT_PARSE, 0, "the share in a stanza of its header is of low order");
	explicit_bzero(key, sizeof key);
	/* (The tag is short, but that somebody else's key has the same one is next to impossible.) */
	return ssh && r == 0 ? fault_set(fault, FAULT_CIPHER, 0, "the stanza for %s was changed", identity->recipient) : r;
}

int age_stanza_seal(struct growing *header, const struct age_recipient *recipient, const uint8_t file_key[AGE_FILE_KEY],
		    struct fault *fault)
{
	const struct bytes plain = {.data = file_key, .size = AGE_FILE_KEY};
	bool ssh = recipient->type == AGE_SSH_ED25519, good;
	uint8_t scalar[CRYPTO_KEY], share[CRYPTO_KEY], key[CRYPTO_KEY], body[BODY];
	char tag[STANZA_TAG_TEXT], text[SHARE_TEXT + 1];

	crypto_random(scalar, sizeof scalar);
	crypto_x25519_public(scalar, share);
	good = stanza_key(scalar, recipient->public, share, recipient->public, ssh ? recipient->ssh_public : NULL, key);
	crypto_aead_seal(key, no_nonce, plain, body);
	explicit_bzero(scalar, sizeof scalar);
	explicit_bzero(key, sizeof key);
	if (!good)
		return fault_set(fault, FAULT_PARSE, 0, "a recipient is of low order: what is sealed to it is open to all");
	growing_puts(header, "-> ");
	growing_puts(header, types[recipient->type]);
	growing_puts(header, " ");
	if (ssh) {
		age_stanza_tag(recipient->ssh_public, tag);
		growing_add(header, tag, sizeof tag);
		growing_puts(header, " ");
	}
	growing_add(header, text, b64_encode(share, sizeof share, false, text));
	growing_puts(header, "\n");
	growing_add(header, text, b64_encode(body, sizeof body, false, text));
	growing_puts(header, "\n");
	return 0;
}
