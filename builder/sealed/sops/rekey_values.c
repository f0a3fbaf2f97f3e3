/* With another data key all that is encrypted is another text. Each such text is unique in a file, so it is found by itself. */
#include <stdlib.h>
#include <string.h>

#include "sealed/sops/cipher.h"
#include "sealed/sops/rekey.h"

enum { TRIES_MAX = 200000 };

/* A text, and what takes its place. */
struct rekey_values_pair {
	const char *from, *to;
};

struct rekey_values {
	struct rekey *rekey;
	struct rekey_values_pair *pairs;
	size_t n_pairs;
	const char **places;         /* the AAD that a comment could have: of each map */
	size_t n_places, tries;
};

static int rekey_values_compare(const void *a, const void *b)
{
	const struct rekey_values_pair *one = a, *other = b;

	return strcmp(one->from, other->from);
}

static int rekey_values_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *rekey_values_sealed(const struct rekey *rekey, const char *aad, struct bytes plain, enum sops_type type)
{
	struct sops_enc enc;

	cipher_seal(rekey->pool, rekey->data_key, aad, plain, type, &enc);
	return sops_enc_text(rekey->pool, &enc);
}

static void rekey_values_pairs(struct rekey_values *v)
{
	struct rekey *rekey = v->rekey;
	const struct sops_file *file = rekey->file;
	const char *hash = sops_mac_hash(rekey->pool, file);
	struct rekey_values_pair *pair;

	for (size_t i = 0; i < file->n_leaves; i++) {
		const struct sops_leaf *leaf = &file->leaves[i];

		if (!leaf->cipher)
			continue;
		pair = pool_push(rekey->pool, v->pairs, v->n_pairs);
		pair->from = leaf->cipher;
		pair->to = rekey_values_sealed(rekey, sops_aad(rekey->pool, leaf), leaf->value, leaf->type);
	}
	pair = pool_push(rekey->pool, v->pairs, v->n_pairs);
	pair->from = file->mac;
	pair->to = rekey_values_sealed(rekey, rekey->now, (struct bytes){.data = (const uint8_t *)hash, .size = strlen(hash)},
				       SOPS_STR);
	qsort(v->pairs, v->n_pairs, sizeof *v->pairs, rekey_values_compare);
}

/* Comments are encrypted for the map that they stand in: the beginnings of all paths. */
static void rekey_values_places(struct rekey_values *v)
{
	struct rekey *rekey = v->rekey;
	size_t n = 1;

	*pool_push(rekey->pool, v->places, v->n_places) = ":";
	for (size_t i = 0; i < rekey->file->n_leaves && v->n_places < TRIES_MAX; i++) {
		struct sops_leaf leaf = rekey->file->leaves[i];

		while (--leaf.n_path > 0)
			*pool_push(rekey->pool, v->places, v->n_places) = sops_aad(rekey->pool, &leaf);
	}
	qsort(v->places, v->n_places, sizeof *v->places, rekey_values_text);
	for (size_t i = 1; i < v->n_places; i++) {
		if (strcmp(v->places[i], v->places[n - 1]) != 0)
			v->places[n++] = v->places[i];
	}
	v->n_places = n;
}

/* A comment that no place fits to stays as it is: nobody could read it before, either. */
static const char *rekey_values_comment(struct rekey_values *v, struct bytes text)
{
	struct rekey *rekey = v->rekey;
	struct fault ignored = {0};
	struct bytes plain;
	struct sops_enc enc;

	if (sops_enc_read(rekey->pool, text, "a comment", 0, &enc, &ignored) < 0 || enc.type != SOPS_COMMENT)
		return NULL;
	for (size_t i = 0; i < v->n_places && v->tries < TRIES_MAX; i++, v->tries++) {
		if (cipher_open(rekey->pool, rekey->file->details->data_key, v->places[i], &enc, &plain))
			return rekey_values_sealed(rekey, v->places[i], plain, SOPS_COMMENT);
	}
	return NULL;
}

static const char *rekey_values_new(struct rekey_values *v, struct bytes text)
{
	struct rekey_values_pair key = {.from = memcpy(pool_alloc(v->rekey->pool, text.size), text.data, text.size)}, *pair;

	pair = bsearch(&key, v->pairs, v->n_pairs, sizeof *v->pairs, rekey_values_compare);
	return pair ? pair->to : rekey_values_comment(v, text);
}

void rekey_values(struct rekey *rekey)
{
	struct rekey_values v = {.rekey = rekey};
	const uint8_t *data = rekey->text.data, *end = data + rekey->text.size, *at = data, *close;

	rekey_values_pairs(&v);
	rekey_values_places(&v);
	while ((at = memmem(at, (size_t)(end - at), SOPS_ENC, strlen(SOPS_ENC))) &&
	       (close = memchr(at, ']', (size_t)(end - at)))) {
		struct bytes text = {.data = at, .size = (size_t)(close + 1 - at)};
		const char *with = rekey_values_new(&v, text);

		if (with)
			rekey_edit(rekey, (size_t)(at - data), (size_t)(at - data) + text.size,
				   (struct bytes){.data = (const uint8_t *)with, .size = strlen(with)});
		at = close + 1;
	}
}
