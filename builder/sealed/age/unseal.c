#include <string.h>

#include "sealed/age/age.h"
#include "sealed/age/armor.h"
#include "sealed/age/chunks.h"
#include "sealed/age/header.h"
#include "sealed/age/stanza.h"

enum { LISTED_MAX = 4 }; /* a fault is read by people */

/* The file without its armor, and its header. */
static int unseal_header(struct pool *pool, struct bytes *file, struct age_header *header, struct fault *fault)
{
	int r;

	if (file->size > AGE_SIZE_MAX)
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "it is larger than %d MiB", AGE_SIZE_MAX >> 20);
	if (armor_is(*file)) {
		r = armor_decode(pool, *file, file, fault);
		if (r < 0)
			return r;
	}
	return age_header_read(pool, *file, header, fault);
}

/* A stanza of a passphrase stands alone: whoever knows the passphrase must not be led to a file that others made. */
static int unseal_passphrase(const struct age_header *header, struct fault *fault)
{
	for (size_t i = 0; i < header->n_stanzas; i++) {
		if (!age_stanza_is(&header->stanzas[i], "scrypt"))
			continue;
		if (header->n_stanzas > 1)
			return fault_set(fault, FAULT_PARSE, 0, "it is sealed with a passphrase and to others at once");
		fault_set(fault, FAULT_UNSUPPORTED, 0, "it is sealed with a passphrase");
		return fault_hint(fault, "seal it to a recipient instead");
	}
	return 0;
}

/* "X25519, ssh-ed25519 (tag AbCdEf)" */
static void unseal_stanzas(struct growing *text, const struct age_header *header)
{
	for (size_t i = 0; i < header->n_stanzas; i++) {
		const struct age_stanza *stanza = &header->stanzas[i];

		if (i == LISTED_MAX) {
			growing_puts(text, ", …");
			break;
		}
		growing_puts(text, i ? ", " : "");
		growing_add(text, stanza->args[0].data, stanza->args[0].size < 40 ? stanza->args[0].size : 40);
		if (age_stanza_is_for(stanza, AGE_SSH_ED25519) && stanza->n_args > 1) {
			growing_puts(text, " (tag ");
			growing_add(text, stanza->args[1].data, stanza->args[1].size < 6 ? stanza->args[1].size : 6);
			growing_puts(text, ")");
		}
	}
}

static void unseal_tried(struct growing *text, const struct age_identities *identities)
{
	char tag[STANZA_TAG_TEXT];

	for (size_t i = 0; i < identities->count; i++) {
		const struct age_identity *identity = &identities->items[i];

		if (i == LISTED_MAX) {
			growing_puts(text, ", …");
			break;
		}
		growing_puts(text, i ? ", " : "");
		growing_puts(text, identity->recipient);
		if (identity->type == AGE_SSH_ED25519) {
			age_stanza_tag(identity->ssh_public, tag);
			growing_puts(text, " (tag ");
			growing_add(text, tag, sizeof tag);
			growing_puts(text, ")");
		}
	}
	if (identities->passed_over) {
		growing_puts(text, "; not tried, being of a kind that we do not know: ");
		growing_puts(text, identities->passed_over);
	}
}

/* Whether a stanza is of the kind that an identity opens: X25519 ones and those of SSH keys do not open each other's. */
static bool unseal_kinds_meet(const struct age_header *header, const struct age_identities *identities)
{
	for (size_t i = 0; i < header->n_stanzas; i++) {
		for (size_t j = 0; j < identities->count; j++) {
			if (age_stanza_is_for(&header->stanzas[i], identities->items[j].type))
				return true;
		}
	}
	return false;
}

static int unseal_nobody(struct pool *pool, const struct age_header *header, const struct age_identities *identities,
			 struct fault *fault)
{
	struct growing sealed = {.pool = pool}, tried = {.pool = pool};
	const char *recipient;

	unseal_stanzas(&sealed, header);
	unseal_tried(&tried, identities);
	if (!identities->count)
		return fault_set(fault, FAULT_NOKEY, 0, "there is no identity to open it with; its stanzas (%zu): %s",
				 header->n_stanzas, (const char *)growing_bytes(&sealed).data);
	fault_set(fault, FAULT_NOKEY, 0, "none of the identities opens it; its stanzas (%zu): %s; tried (%zu): %s",
		  header->n_stanzas, (const char *)growing_bytes(&sealed).data, identities->count,
		  (const char *)growing_bytes(&tried).data);
	recipient = identities->items[identities->count - 1].recipient;
	if (unseal_kinds_meet(header, identities))
		return fault_hint(fault, "seal it anew, to %s too", recipient);
	return fault_hint(fault, "identities of the kind tried never open such stanzas: seal it anew, to %s too", recipient);
}

/* One identity after the other, each at all stanzas; 1 when the key was found. */
static int unseal_key(const struct age_header *header, const struct age_identities *identities,
			const struct age_identity **ret_who, uint8_t file_key[AGE_FILE_KEY], struct fault *fault)
{
	int r = 0;

	for (size_t i = 0; i < identities->count && r == 0; i++) {
		*ret_who = &identities->items[i];
		for (size_t j = 0; j < header->n_stanzas && r == 0; j++)
			r = age_stanza_open(&header->stanzas[j], *ret_who, file_key, fault);
	}
	return r;
}

/* Whoever has the key of the file vouches for the whole header. */
static int unseal_mac(const struct age_header *header, const uint8_t file_key[AGE_FILE_KEY], struct fault *fault)
{
	uint8_t mac[CRYPTO_KEY];

	age_header_mac(file_key, header->covered, mac);
	return crypto_equal(mac, header->mac, sizeof mac) ? 0 : fault_set(fault, FAULT_MAC, 0, "its header was changed");
}

static struct bytes unseal_payload(struct bytes file, const struct age_header *header)
{
	return (struct bytes){.data = file.data + header->size, .size = file.size - header->size};
}

int age_open(struct pool *pool, struct bytes file, const struct age_identities *identities, struct bytes *ret_plain,
	     const struct age_identity **who, struct fault *fault)
{
	const struct age_identity *opener = NULL;
	uint8_t file_key[AGE_FILE_KEY];
	struct age_header header;
	int r = unseal_header(pool, &file, &header, fault);

	if (r >= 0)
		r = unseal_passphrase(&header, fault);
	if (r >= 0)
		r = unseal_key(&header, identities, &opener, file_key, fault);
	if (r == 0)
		return unseal_nobody(pool, &header, identities, fault);
	if (r > 0)
		r = unseal_mac(&header, file_key, fault);
	if (r == 0)
		r = age_chunks_open(pool, file_key, unseal_payload(file, &header), ret_plain, fault);
	explicit_bzero(file_key, sizeof file_key);
	if (r == 0 && who)
		*who = opener;
	return r;
}

bool age_may_be_for(struct bytes file, const struct age_recipient *recipient)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct fault fault = {0};
	struct age_header header;
	char tag[STANZA_TAG_TEXT];

	if (unseal_header(pool, &file, &header, &fault) < 0 || unseal_passphrase(&header, &fault) < 0)
		return false;
	age_stanza_tag(recipient->ssh_public, tag);
	for (size_t i = 0; i < header.n_stanzas; i++) {
		const struct age_stanza *stanza = &header.stanzas[i];

		if (!age_stanza_is_for(stanza, recipient->type))
			continue;
		if (recipient->type == AGE_X25519)
			return true;
		if (stanza->n_args == 3 && stanza->args[1].size == sizeof tag &&
		    memcmp(stanza->args[1].data, tag, sizeof tag) == 0)
			return true;
	}
	return false;
}
