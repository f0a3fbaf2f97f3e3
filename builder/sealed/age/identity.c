#include <stdio.h>
#include <string.h>

#include "sealed/age/age.h"
#include "sealed/age/armor.h"
#include "sealed/age/bech32.h"
#include "sealed/age/line.h"
#include "sealed/age/openssh.h"

enum { IDENTITIES_MAX = 1000 };

static void age_identity_add(struct pool *pool, struct age_identities *identities, const struct age_identity *identity)
{
	*pool_push(pool, identities->items, identities->count) = *identity;
}

/* What belongs to an X25519 scalar. */
static void age_identity_complete(struct age_identity *identity)
{
	crypto_x25519_public(identity->secret, identity->public);
	bech32_write(BECH32_RECIPIENT, identity->public, identity->recipient);
}

/* A key of SSH is two: its own stanzas carry its name, and the key that ssh-to-age makes of it is one like any other. */
static int age_identity_ssh(struct pool *pool, struct bytes text, struct age_identities *identities, struct fault *fault)
{
	struct age_identity identity = {.type = AGE_SSH_ED25519};
	uint8_t seed[CRYPTO_KEY];
	int r = openssh_read_private(pool, text, seed, identity.ssh_public, fault);

	if (r < 0)
		return r;
	crypto_ed25519_scalar(seed, identity.secret);
	age_identity_complete(&identity);
	openssh_line(identity.ssh_public, identity.recipient);
	age_identity_add(pool, identities, &identity);
	identity.type = AGE_X25519;
	memset(identity.ssh_public, 0, sizeof identity.ssh_public);
	age_identity_complete(&identity);
	age_identity_add(pool, identities, &identity);
	explicit_bzero(&identity, sizeof identity);
	explicit_bzero(seed, sizeof seed);
	return 0;
}

/* The kind of an identity of age that we do not know, as its line begins: up to its last "1" (Bech32 has none behind it); or
 * NULL when it is of no kind. Only what stands before that is told: the rest is secret. */
static const char *age_identity_unknown(struct pool *pool, struct bytes line)
{
	size_t end = line.size;

	if (!bytes_begin(line, "AGE-PLUGIN-") && !bytes_begin(line, "AGE-SECRET-KEY-PQ-"))
		return NULL;
	while (end && line.data[end - 1] != '1')
		end--;
	if (end < 2 || end > 60)
		return NULL;
	end -= line.data[end - 2] == '-' ? 2 : 1;
	return pool_printf(pool, "%.*s", (int)end, (const char *)line.data);
}

static int age_identity_line(struct pool *pool, struct bytes line, unsigned number, struct age_identities *identities,
			     struct fault *fault)
{
	struct age_identity identity = {.type = AGE_X25519};
	const char *unknown;

	line = line_without_return(line);
	if (line.size == 0 || line.data[0] == '#')
		return 0;
	if (identities->count == IDENTITIES_MAX)
		return fault_set(fault, FAULT_UNSUPPORTED, number, "there are more than %d identities", IDENTITIES_MAX);
	if (bech32_read(BECH32_IDENTITY, line.data, line.size, identity.secret)) {
		age_identity_complete(&identity);
		age_identity_add(pool, identities, &identity);
		explicit_bzero(&identity, sizeof identity);
		return 0;
	}
	explicit_bzero(&identity, sizeof identity);
	unknown = age_identity_unknown(pool, line);
	if (unknown) {
		identities->passed_over = unknown;
		return 0;
	}
	/* Never the line: it may be a secret with a letter missing. */
	fault_set(fault, FAULT_PARSE, number, "%s", bytes_begin(line, BECH32_IDENTITY "1") ?
		  "an identity has a letter that is wrong, missing or too much" :
		  "it is neither an identity (AGE-SECRET-KEY-1…), a comment (#) nor empty");
	return fault_hint(fault, "give a file as age-keygen writes it, or a private key of OpenSSH");
}

static int age_identity_lines(struct pool *pool, struct bytes text, struct age_identities *identities, struct fault *fault)
{
	struct lines lines = {.rest = text};
	size_t before = identities->count;
	struct bytes line;
	int r = 0;

	while (r >= 0 && lines_next(&lines, &line))
		r = age_identity_line(pool, line, lines.number, identities, fault);
	if (r < 0 || identities->count > before)
		return r;
	if (identities->passed_over)
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "it has only identities of a kind that we do not know: %s",
				 identities->passed_over);
	return fault_set(fault, FAULT_PARSE, 0, "there is no identity in it");
}

int age_identities_read(struct pool *pool, const void *text, size_t size, struct age_identities *identities,
			struct fault *fault)
{
	struct bytes all = {.data = text, .size = size};

	if (bytes_begin(all, "age-encryption.org/") || bytes_begin(bytes_trim(all), "-----BEGIN AGE ENCRYPTED")) {
		fault_set(fault, FAULT_UNSUPPORTED, 0, "the file of identities is itself sealed, with a passphrase");
		return fault_hint(fault, "open it first: age -d FILE");
	}
	if (openssh_is_private(all))
		return age_identity_ssh(pool, all, identities, fault);
	return age_identity_lines(pool, all, identities, fault);
}

struct age_identity age_identity_new(struct pool *pool, const char **ret_text)
{
	struct age_identity identity = {.type = AGE_X25519};
	char *text = pool_alloc(pool, BECH32_ROOM);

	crypto_random(identity.secret, sizeof identity.secret);
	age_identity_complete(&identity);
	bech32_write(BECH32_IDENTITY, identity.secret, text);
	*ret_text = text;
	return identity;
}
