#include <string.h>

#include "sealed/age/age.h"
#include "sealed/age/armor.h"
#include "sealed/age/chunks.h"
#include "sealed/age/header.h"
#include "sealed/age/stanza.h"
#include "sealed/b64.h"

static int seal_header(struct growing *file, const struct age_recipient *recipients, size_t n_recipients,
		       const uint8_t file_key[AGE_FILE_KEY], struct fault *fault)
{
	uint8_t mac[CRYPTO_KEY];
	char text[B64_SIZE(CRYPTO_KEY)];
	int r = 0;

	growing_puts(file, AGE_HEADER_FIRST);
	for (size_t i = 0; i < n_recipients && r >= 0; i++)
		r = age_stanza_seal(file, &recipients[i], file_key, fault);
	if (r < 0)
		return r;
	growing_puts(file, AGE_HEADER_LAST);
	age_header_mac(file_key, growing_bytes(file), mac);
	growing_puts(file, " ");
	growing_add(file, text, b64_encode(mac, sizeof mac, false, text));
	growing_puts(file, "\n");
	return 0;
}

int age_seal(struct pool *pool, struct bytes plain, const struct age_recipient *recipients, size_t n_recipients, bool armor,
	     struct bytes *ret_file, struct fault *fault)
{
	struct growing file = {.pool = pool};
	uint8_t file_key[AGE_FILE_KEY];
	int r;

	if (n_recipients == 0)
		return fault_set(fault, FAULT_NOKEYS, 0, "there is no recipient to seal it to");
	if (n_recipients > AGE_STANZAS_MAX)
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "it has more than %d recipients", AGE_STANZAS_MAX);
	if (plain.size > AGE_SIZE_MAX / 2)
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "it is larger than %d MiB", AGE_SIZE_MAX / 2 >> 20);
	crypto_random(file_key, sizeof file_key);
	r = seal_header(&file, recipients, n_recipients, file_key, fault);
	if (r >= 0)
		age_chunks_seal(&file, file_key, plain);
	explicit_bzero(file_key, sizeof file_key);
	if (r < 0)
		return r;
	*ret_file = armor ? armor_encode(pool, growing_bytes(&file)) : growing_bytes(&file);
	return 0;
}
