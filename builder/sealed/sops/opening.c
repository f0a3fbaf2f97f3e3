/* From an identity to the values: the data key, each value, and last the MAC over all. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sealed/sops/cipher.h"
#include "sealed/sops/details.h"
#include "sealed/sops/scalar.h"

enum { LISTED_MAX = 8, SHOWN_MAX = 90 };

/* What the hash takes first where only encrypted values go into the MAC: sha256("sops"). */
static const uint8_t only_encrypted[32] = {
	0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
	0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
};

static bool opening_is_age(const struct sops_key *key)
{
	return strcmp(key->service, "age") == 0;
}

/* Adds one more to a list that people read. */
static void opening_list(struct growing *list, size_t *n, const char *service, const char *name)
{
	char text[SHOWN_MAX + 40];

	if (++*n > LISTED_MAX) {
		growing_puts(list, *n == LISTED_MAX + 1 ? ", …" : "");
		return;
	}
	snprintf(text, sizeof text, "%s%s%s%.*s", *n > 1 ? ", " : "", service, *service && *name ? " " : "", SHOWN_MAX, name);
	growing_puts(list, text);
}

/* A file for an SSH key, and at hand is only what ssh-to-age makes of that key. */
static bool opening_is_converted(const struct sops_file *file, const struct age_identities *identities)
{
	for (size_t i = 0; i < file->n_keys; i++) {
		char converted[63];
		struct fault ignored = {0};

		if (!opening_is_age(&file->keys[i]) || strncmp(file->keys[i].recipient, "ssh-", 4) != 0 ||
		    age_recipient_of_ssh(file->keys[i].recipient, converted, &ignored) < 0)
			continue;
		for (size_t j = 0; j < identities->count; j++) {
			if (strcmp(identities->items[j].recipient, converted) == 0)
				return true;
		}
	}
	return false;
}

static int opening_no_key(struct pool *pool, const struct sops_file *file, const struct age_identities *identities,
			  struct fault *fault)
{
	struct growing theirs = {.pool = pool}, ours = {.pool = pool};
	size_t n_theirs = 0, n_ours = 0;

	for (size_t i = 0; i < file->n_keys; i++)
		opening_list(&theirs, &n_theirs, opening_is_age(&file->keys[i]) ? "" : file->keys[i].service,
			     file->keys[i].recipient);
	for (size_t i = 0; i < identities->count; i++)
		opening_list(&ours, &n_ours, "", identities->items[i].recipient);
	growing_puts(&ours, n_ours ? "" : "none, there is no identity");
	fault_set(fault, FAULT_NOKEY, 0, "none of our identities opens it; it is for %s; tried: %s",
		  (const char *)growing_bytes(&theirs).data, (const char *)growing_bytes(&ours).data);
	if (opening_is_converted(file, identities))
		return fault_hint(fault, "it is for an SSH key, and what ssh-to-age makes of that key cannot open it: use the "
					 "SSH key itself, or make the file for its age1… recipient");
	return fault_hint(fault, "make the file for one of them: put it into .sops.yaml and run sops updatekeys FILE");
}

/* No recipient of age, or only of kinds that we do not know. */
static int opening_no_recipient(const struct sops_file *file, struct fault *fault)
{
	size_t n = 0, unknown = 0;

	for (size_t i = 0; i < file->n_keys; i++) {
		struct age_recipient recipient;
		struct fault why = {0};

		if (!opening_is_age(&file->keys[i]))
			continue;
		n++;
		unknown += age_recipient_read(file->keys[i].recipient, &recipient, &why) < 0 && why.kind == FAULT_UNSUPPORTED;
	}
	if (n == 0)
		return fault_set(fault, FAULT_NOKEYS, 0, "it has no recipient of age, only of %s", file->keys[0].service);
	if (unknown == n)
		return fault_set(fault, FAULT_UNSUPPORTED, 0, "its recipients of age are of kinds that we do not know: %.*s",
				 SHOWN_MAX, file->keys[0].recipient);
	return 0;
}

static int opening_data_key(struct pool *pool, const struct sops_file *file, const struct age_identities *identities,
			    struct bytes *ret_key, struct fault *fault)
{
	int r = opening_no_recipient(file, fault);

	for (size_t i = 0; r == 0 && i < file->n_keys; i++) {
		const struct sops_key *key = &file->keys[i];
		struct bytes enc = {.data = (const uint8_t *)key->enc, .size = strlen(key->enc)};
		struct fault why = {0};

		if (!opening_is_age(key) || age_open(pool, enc, identities, ret_key, NULL, &why) < 0)
			continue;
		if (ret_key->size == CIPHER_KEY)
			return 0;
		return fault_set(fault, FAULT_DATAKEY, 0, "its data key has %zu bytes, where it is %d", ret_key->size,
				 CIPHER_KEY);
	}
	return r < 0 ? r : opening_no_key(pool, file, identities, fault);
}

char *sops_aad(struct pool *pool, const struct sops_leaf *leaf)
{
	struct growing aad = {.pool = pool};

	for (size_t i = 0; i < leaf->n_path; i++) {
		if (leaf->path[i].key) {
			growing_puts(&aad, leaf->path[i].key);
			growing_puts(&aad, ":");
		}
	}
	return pool_text(pool, (const char *)growing_bytes(&aad).data);
}

/* Decrypts a value into `value`. */
static int opening_leaf(struct pool *pool, const struct sops_leaf *leaf, const uint8_t *data_key, struct bytes *value,
			struct fault *fault)
{
	const char *what = pool_printf(pool, "'%s'", sops_path_text(pool, leaf->path, leaf->n_path));
	struct bytes text = {.data = (const uint8_t *)leaf->cipher, .size = strlen(leaf->cipher)};
	struct sops_enc enc;
	int r = sops_enc_read(pool, text, what, leaf->line, &enc, fault);

	if (r < 0)
		return r;
	if (!cipher_open(pool, data_key, sops_aad(pool, leaf), &enc, value))
		return fault_set(fault, FAULT_CIPHER, leaf->line,
				 "%s cannot be decrypted: it was changed, or moved, or is of another file", what);
	if (!sops_value_normal(pool, enc.type, value))
		return fault_set(fault, FAULT_TYPE, leaf->line, "%s says it is of type %s, but is not", what,
				 sops_type_name(enc.type));
	return 0;
}

/* The MAC as the values have it. */
static char *opening_hash(struct pool *pool, const struct sops_file *file, const struct bytes *values)
{
	struct cipher_hash *hash = cipher_hash_new(pool);
	bool only = file->details->mac_only_encrypted;

	if (only)
		cipher_hash_add(hash, only_encrypted, sizeof only_encrypted);
	for (size_t i = 0; i < file->n_leaves; i++) {
		const struct sops_leaf *leaf = &file->leaves[i];

		if (leaf->type != SOPS_COMMENT && leaf->type != SOPS_NULL && (leaf->encrypted || !only))
			cipher_hash_add(hash, values[i].data, values[i].size);
	}
	return cipher_hash_text(pool, hash);
}

char *sops_mac_hash(struct pool *pool, const struct sops_file *file)
{
	struct bytes *values = pool_alloc(pool, file->n_leaves * sizeof *values);

	for (size_t i = 0; i < file->n_leaves; i++)
		values[i] = file->leaves[i].value;
	return opening_hash(pool, file, values);
}

static int opening_mac(struct pool *pool, const struct sops_file *file, const struct bytes *values, const uint8_t *data_key,
		       struct fault *fault)
{
	struct bytes text = {.data = (const uint8_t *)file->mac, .size = strlen(file->mac)}, said;
	const char *hash = opening_hash(pool, file, values);
	struct sops_enc enc;
	int r = sops_enc_read(pool, text, "its MAC", 0, &enc, fault);

	if (r < 0)
		return r;
	if (!cipher_open(pool, data_key, file->details->aad, &enc, &said))
		fault_set(fault, FAULT_MAC, 0, "its MAC cannot be decrypted: it or 'lastmodified' was changed, or is of "
			  "another file");
	else if (said.size != strlen(hash) || memcmp(said.data, hash, said.size) != 0)
		fault_set(fault, FAULT_MAC, 0, "its MAC is of other values: something in it was changed, added or taken away");
	else
		return 0;
	return fault_hint(fault, "take the file from before the change, or look through it with who has its key: sops edit");
}

int sops_open_with(struct pool *pool, struct sops_file *file, const uint8_t data_key[32], struct fault *fault)
{
	_cleanup_pool_ struct pool *own = pool_new(); /* of values that may turn out to be none */
	struct bytes *values = pool_alloc(own, file->n_leaves * sizeof *values);
	int r = 0;

	for (size_t i = 0; r == 0 && i < file->n_leaves; i++) {
		values[i] = file->leaves[i].value;
		if (file->leaves[i].cipher)
			r = opening_leaf(own, &file->leaves[i], data_key, &values[i], fault);
	}
	if (r == 0)
		r = opening_mac(own, file, values, data_key, fault);
	if (r < 0)
		return r;
	for (size_t i = 0; i < file->n_leaves; i++) {
		if (file->leaves[i].cipher)
			file->leaves[i].value = pool_bytes(pool, values[i].data, values[i].size);
	}
	memcpy(file->details->data_key, data_key, CIPHER_KEY);
	file->opened = true;
	return 0;
}

int sops_open(struct pool *pool, struct sops_file *file, const struct age_identities *identities, struct fault *fault)
{
	_cleanup_pool_ struct pool *own = pool_new();
	struct bytes data_key;
	int r = opening_data_key(own, file, identities, &data_key, fault);

	return r < 0 ? r : sops_open_with(pool, file, data_key.data, fault);
}
