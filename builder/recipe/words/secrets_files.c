/* Files of SOPS, as far as they can be read without a key: are they whole, is each value there and encrypted, who can open
 * them? */
#include <string.h>

#include "base/file.h"
#include "edge/digest.h"
#include "recipe/words/words.h"
#include "sealed/sops/sops.h"

enum { SOPS_BYTES_MAX = 16 << 20 };

/* A file that is being read, and the secret that names it first. */
struct reading {
	struct decoder *decoder;
	struct pool *pool;
	struct recipe_secret *secret;
	struct recipe_sops *sops;
	struct sops_file *file;
};

/* --- one value ----------------------------------------------------------------------------------------------------- */

/* Tells a fault at the recipe's place, with the line of the file. */
static int secrets_files_tell(struct decoder *decoder, const struct recipe_secret *secret, const struct pos *pos,
			      const struct fault *fault)
{
	const char *path = problem_path(decoder->arena, "secrets", secret->name);

	if (fault->line)
		err_at(decoder->err, -EINVAL, pos, path, "%s:%u: %s", secret->shown, fault->line, fault->text);
	else
		err_at(decoder->err, -EINVAL, pos, path, "%s: %s", secret->shown, fault->text);
	return *fault->hint ? err_hint(decoder->err, "%s", fault->hint) : -EINVAL;
}

static int secrets_files_refuse(struct reading *reading, const struct recipe_secret *secret, const struct pos *pos,
				const struct sops_leaf *leaf, const char *what, const char *hint)
{
	const char *path = problem_path(reading->decoder->arena, "secrets", secret->name);

	err_at(reading->decoder->err, -EINVAL, pos, path, "%s:%u: %s", secret->shown, leaf->line, what);
	return err_hint(reading->decoder->err, "%s", hint);
}

/* An empty text is not encrypted by sops, and needs not be. */
static bool secrets_files_is_empty(const struct sops_leaf *leaf)
{
	return leaf->encrypted ? !leaf->cipher || !*leaf->cipher : leaf->type == SOPS_STR && !leaf->value.size;
}

static int secrets_files_check_whole(struct reading *reading, const struct recipe_secret *secret)
{
	for (size_t i = 0; i < reading->file->n_leaves; i++)
		if (reading->file->leaves[i].encrypted && !secrets_files_is_empty(&reading->file->leaves[i]))
			return 0;
	err_at(reading->decoder->err, -EINVAL, &secret->file_pos,
	       problem_path(reading->decoder->arena, "secrets", secret->name), "%s: no value in this file is encrypted",
	       secret->shown);
	return err_hint(reading->decoder->err, "sops leaves what ends with '_unencrypted', or is empty, as it is");
}

static int secrets_files_check_value(struct reading *reading, const struct recipe_secret *secret, const struct pos *pos)
{
	const struct sops_leaf *leaf;
	struct fault fault = {0};
	int r;

	if (!secret->key.count)
		return secrets_files_check_whole(reading, secret);
	r = sops_find(reading->file, secret->key.items, secret->key.count, &leaf, &fault);
	if (r < 0)
		return secrets_files_tell(reading->decoder, secret, pos, &fault);
	if (secrets_files_is_empty(leaf) ? secret->allow_empty : leaf->encrypted)
		return 0;
	if (leaf->type == SOPS_NULL || secrets_files_is_empty(leaf))
		return secrets_files_refuse(reading, secret, pos, leaf, "the value is empty",
					    "if it may be, write 'allowEmpty: true'");
	return secrets_files_refuse(reading, secret, pos, leaf, "the value is not encrypted: all who have the file can read it",
				    "what is no secret belongs into 'files'; what is one has been seen: change it, and encrypt "
				    "the new one with sops");
}

/* --- one file ------------------------------------------------------------------------------------------------------ */

static bool secrets_files_is_same(const struct recipe_secret *a, const struct recipe_secret *b)
{
	return a->format && b->format && a->file && b->file && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->format, b->format) == 0;
}

static void secrets_files_note_keys(struct reading *reading)
{
	const struct recipe *recipe = reading->decoder->recipe;
	struct arena *arena = reading->decoder->arena;

	for (size_t i = 0; i < reading->file->n_keys; i++) {
		const struct sops_key *key = &reading->file->keys[i];
		bool age = strcmp(key->service, "age") == 0;

		strv_push(arena, &reading->sops->recipients,
			  arena_printf(arena, "%s%s%s", age ? "" : key->service, age || !*key->recipient ? "" : " ",
				       key->recipient));
	}
	for (size_t i = 0; i < recipe->n_recipients; i++)
		reading->sops->for_machine |= sops_is_for(reading->file, recipe->recipients[i].text);
}

static int secrets_files_read(struct reading *reading)
{
	struct recipe_secret *secret = reading->secret;
	struct decoder *decoder = reading->decoder;
	_cleanup_buf_ struct buf text = {0};
	enum sops_format format;
	struct err problem = {0};
	struct fault fault = {0};
	int r = file_read(secret->file, SOPS_BYTES_MAX, &text, &problem);

	if (r < 0)
		err_at(decoder->err, r, &secret->file_pos, problem_path(decoder->arena, "secrets", secret->name), "%s",
		       problem.first->text);
	err_free(&problem);
	if (r < 0 || !sops_format_named(secret->format, &format))
		return -EINVAL;
	r = sops_read(reading->pool, format, (struct bytes){(const uint8_t *)(text.size ? text.data : ""), text.size},
		      &reading->file, &fault);
	if (r < 0)
		return secrets_files_tell(decoder, secret, &secret->file_pos, &fault);
	reading->sops = arena_new_of(decoder->arena, struct recipe_sops);
	*reading->sops = (struct recipe_sops){.file = secret->file, .shown = secret->shown, .format = secret->format};
	sha256_hex_of(text.size ? text.data : "", text.size, reading->sops->sha256);
	secrets_files_note_keys(reading);
	return 0;
}

/* The file that `secret` names first, and all secrets from it on that have their values there. */
static void secrets_files_check(struct decoder *decoder, struct recipe_secret *secret, const struct node *map)
{
	const struct recipe *recipe = decoder->recipe;
	struct reading reading = {.decoder = decoder, .pool = pool_new(), .secret = secret};
	bool read = secrets_files_read(&reading) == 0;

	for (struct recipe_secret *each = secret; read && each < recipe->secrets + recipe->n_secrets; each++) {
		const struct node *key = node_get(node_get(map, each->name), "key");

		if (!secrets_files_is_same(secret, each))
			continue;
		each->sops = reading.sops;
		secrets_files_check_value(&reading, each, key ? &key->pos : &each->pos);
	}
	pool_free(reading.pool);
}

void word_check_sops(struct decoder *decoder, const struct node *map)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_secrets; i++) {
		struct recipe_secret *secret = &recipe->secrets[i];
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= secrets_files_is_same(&recipe->secrets[j], secret);
		if (secret->format && secret->file && !seen && path_exists(secret->file))
			secrets_files_check(decoder, secret, map);
	}
}
