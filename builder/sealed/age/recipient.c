#include <string.h>

#include "sealed/age/age.h"
#include "sealed/age/bech32.h"
#include "sealed/age/line.h"
#include "sealed/age/openssh.h"

/* What age1NAME1… and age1pq1… are. A recipient that we know has no second "1". */
static int recipient_unknown(struct bytes text, struct fault *fault)
{
	const uint8_t *name = text.data + strlen("age1");
	size_t size = text.size - strlen("age1");

	while (size && name[size - 1] != '1')
		size--;
	if (size < 2 || size > 60)
		return fault_set(fault, FAULT_PARSE, 0, "a recipient has a letter that is wrong, missing or too much: '%.*s'",
				 (int)(text.size < 80 ? text.size : 80), (const char *)text.data);
	if (bytes_are((struct bytes){.data = name, .size = size}, "pq1"))
		fault_set(fault, FAULT_UNSUPPORTED, 0, "a post-quantum recipient (age1pq1…) is not known to us");
	else
		fault_set(fault, FAULT_UNSUPPORTED, 0, "a recipient of the plugin '%.*s' (age1%.*s…) is not known to us",
			  (int)size - 1, (const char *)name, (int)size, (const char *)name);
	return fault_hint(fault, "give one that begins with age1 and has no second 1, or ssh-ed25519 …");
}

/* Nobody makes a key of low order by accident, and what is sealed to one is open to everybody. */
static int recipient_checked(const uint8_t public[CRYPTO_KEY], struct fault *fault)
{
	static const uint8_t any[CRYPTO_KEY] = {1};
	uint8_t product[CRYPTO_KEY];

	return crypto_x25519(any, public, product) ? 0 :
		fault_set(fault, FAULT_PARSE, 0, "a recipient is of low order: what is sealed to it is open to all");
}

static int recipient_ssh(struct bytes line, struct age_recipient *recipient, struct fault *fault)
{
	int r = openssh_read_public(line, recipient->ssh_public, fault);

	recipient->type = AGE_SSH_ED25519;
	if (r < 0)
		return r;
	if (!crypto_ed25519_to_x25519(recipient->ssh_public, recipient->public))
		return fault_set(fault, FAULT_PARSE, 0, "the key of SSH is no point of its curve: it was changed");
	return 0;
}

int age_recipient_read(const char *text, struct age_recipient *ret_recipient, struct fault *fault)
{
	struct bytes line = bytes_trim((struct bytes){.data = (const uint8_t *)text, .size = strlen(text)});

	*ret_recipient = (struct age_recipient){.type = AGE_X25519};
	if (memchr(line.data, '\n', line.size))
		return fault_set(fault, FAULT_PARSE, 0, "a recipient is one line");
	if (bytes_begin(line, "ssh-") || bytes_begin(line, "ecdsa-") || bytes_begin(line, "sk-"))
		return recipient_ssh(line, ret_recipient, fault);
	if (bech32_read(BECH32_RECIPIENT, line.data, line.size, ret_recipient->public))
		return recipient_checked(ret_recipient->public, fault);
	if (bytes_begin(line, "age1"))
		return recipient_unknown(line, fault);
	if (bytes_begin(line, "AGE-")) {
		fault_set(fault, FAULT_PARSE, 0, "a private identity (AGE-…) stands where a public recipient was expected");
		return fault_hint(fault, "give what `age-keygen -y FILE` prints; make a new identity if others could read it");
	}
	return fault_set(fault, FAULT_PARSE, 0, "it is no recipient: age1… or ssh-ed25519 AAAA… was expected");
}

int age_recipient_of_ssh(const char *ssh_public_line, char out[63], struct fault *fault)
{
	struct bytes line = {.data = (const uint8_t *)ssh_public_line, .size = strlen(ssh_public_line)};
	struct age_recipient recipient;
	char text[BECH32_ROOM];
	int r = recipient_ssh(line, &recipient, fault);

	if (r < 0)
		return r;
	bech32_write(BECH32_RECIPIENT, recipient.public, text);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}
