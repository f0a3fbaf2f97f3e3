#include "sealed/sops/rekey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sealed/sops/cipher.h"
#include "sealed/sops/labels.h"

void rekey_edit(struct rekey *rekey, size_t from, size_t to, struct bytes with)
{
	*pool_push(rekey->pool, rekey->edits, rekey->n_edits) = (struct rekey_edit){.from = from, .to = to, .with = with};
}

static bool rekey_is_wanted(const char *recipient, const char *const *recipients, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (sops_same_recipient(recipients[i], recipient))
			return true;
	}
	return false;
}

static bool rekey_has(const struct rekey *rekey, const char *recipient)
{
	for (size_t i = 0; i < rekey->n_entries; i++) {
		if (sops_same_recipient(rekey->entries[i].recipient, recipient))
			return true;
	}
	return false;
}

/* The data key, sealed to one recipient. */
static int rekey_seal(struct rekey *rekey, const char *text, const char **ret_enc)
{
	struct bytes plain = {.data = rekey->data_key, .size = CIPHER_KEY}, sealed;
	struct age_recipient recipient;
	int r = age_recipient_read(text, &recipient, rekey->fault);

	if (r < 0)
		return r;
	r = age_seal(rekey->pool, plain, &recipient, 1, true, &sealed, rekey->fault);
	if (r < 0)
		return r;
	*ret_enc = pool_text(rekey->pool, (const char *)sealed.data);
	return 0;
}

static int rekey_put(struct rekey *rekey, const char *recipient, size_t old, bool stays)
{
	struct rekey_entry *entry = pool_push(rekey->pool, rekey->entries, rekey->n_entries);

	entry->recipient = recipient;
	entry->old = old;
	return stays ? 0 : rekey_seal(rekey, recipient, &entry->enc);
}

/* Those that stay, in the file's order, then the new ones. */
static int rekey_entries(struct rekey *rekey, const char *const *recipients, size_t n)
{
	size_t old = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rekey->file->n_keys; i++) {
		const struct sops_key *key = &rekey->file->keys[i];

		if (strcmp(key->service, "age") != 0)
			continue;
		if (rekey_is_wanted(key->recipient, recipients, n) && !rekey_has(rekey, key->recipient))
			r = rekey_put(rekey, key->recipient, old, !rekey->now);
		old++;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!rekey_has(rekey, recipients[i]))
			r = rekey_put(rekey, recipients[i], REKEY_NEW, false);
	}
	return r;
}

static bool rekey_is_quote(uint8_t c)
{
	return c == '"' || c == '\'';
}

/* The time of the change, in the quotes that were there. */
static void rekey_time(struct rekey *rekey, const struct sops_node *meta)
{
	const struct sops_node *node = sops_node_at(meta, "lastmodified");
	size_t from = node ? node->from : 0, to = node ? node->to : 0;

	while (from < to && strchr(" \t", rekey->text.data[from]))
		from++;
	while (to > from && strchr(" \t\r\n", rekey->text.data[to - 1]))
		to--;
	if (to - from > 2 && rekey_is_quote(rekey->text.data[from]) && rekey->text.data[from] == rekey->text.data[to - 1]) {
		from++;
		to--;
	}
	if (from < to)
		rekey_edit(rekey, from, to, (struct bytes){.data = (const uint8_t *)rekey->now, .size = strlen(rekey->now)});
}

static int rekey_edits(struct rekey *rekey)
{
	const struct sops_tree *tree = &rekey->file->details->tree;

	for (size_t i = 0; i < tree->n_metas; i++) {
		const struct sops_node *age = sops_meta_age(tree->metas[i]);
		int r = age ? rekey_places(rekey, age) : 0;

		if (r < 0)
			return r;
		if (rekey->now && age)
			rekey_time(rekey, tree->metas[i]);
	}
	if (rekey->now)
		rekey_values(rekey);
	return 0;
}

static int rekey_order(const void *a, const void *b)
{
	const struct rekey_edit *one = a, *other = b;

	return one->from == other->from ? (one->to > other->to) - (one->to < other->to) :
					  (one->from > other->from) - (one->from < other->from);
}

static void rekey_apply(struct rekey *rekey, struct bytes *ret_text)
{
	struct growing out = {.pool = rekey->pool};
	size_t at = 0;

	if (rekey->n_edits)
		qsort(rekey->edits, rekey->n_edits, sizeof *rekey->edits, rekey_order);
	for (size_t i = 0; i < rekey->n_edits; i++) {
		const struct rekey_edit *edit = &rekey->edits[i];

		if (edit->from < at || edit->to > rekey->text.size)
			continue;
		growing_add(&out, rekey->text.data + at, edit->from - at);
		growing_add(&out, edit->with.data, edit->with.size);
		at = edit->to;
	}
	growing_add(&out, rekey->text.data + at, rekey->text.size - at);
	*ret_text = growing_bytes(&out);
}

static bool rekey_same_leaf(const struct sops_leaf *a, const struct sops_leaf *b)
{
	if (a->document != b->document || a->n_path != b->n_path || a->type != b->type || a->encrypted != b->encrypted ||
	    a->value.size != b->value.size || memcmp(a->value.data, b->value.data, a->value.size) != 0)
		return false;
	for (size_t i = 0; i < a->n_path; i++) {
		const struct sops_step *x = &a->path[i], *y = &b->path[i];

		if (!x->key != !y->key || (x->key ? strcmp(x->key, y->key) != 0 : x->index != y->index))
			return false;
	}
	return true;
}

/* Whether the keys of the new file are those that were asked for, and those of other services as before. */
static bool rekey_same_keys(const struct rekey *rekey, const struct sops_file *file)
{
	const struct sops_file *before = rekey->file;
	size_t n = 0, other = 0;

	for (size_t i = 0; i < file->n_keys; i++) {
		const struct sops_key *key = &file->keys[i];

		if (strcmp(key->service, "age") == 0) {
			if (n == rekey->n_entries || strcmp(rekey->entries[n++].recipient, key->recipient) != 0)
				return false;
			continue;
		}
		while (other < before->n_keys && strcmp(before->keys[other].service, "age") == 0)
			other++;
		if (other == before->n_keys || strcmp(before->keys[other].service, key->service) != 0 ||
		    strcmp(before->keys[other++].enc, key->enc) != 0)
			return false;
	}
	while (other < before->n_keys && strcmp(before->keys[other].service, "age") == 0)
		other++;
	return n == rekey->n_entries && other == before->n_keys;
}

/* What was written must read as the same, whatever the text looked like. */
static int rekey_verify(const struct rekey *rekey, struct bytes text)
{
	_cleanup_pool_ struct pool *own = pool_new();
	const struct sops_file *before = rekey->file;
	struct sops_file *file = NULL;
	struct fault why = {0};
	bool same = sops_read(own, before->format, text, &file, &why) == 0 &&
		    sops_open_with(own, file, rekey->data_key, &why) == 0 && file->n_leaves == before->n_leaves &&
		    rekey_same_keys(rekey, file);

	for (size_t i = 0; same && i < before->n_leaves; i++)
		same = rekey_same_leaf(&file->leaves[i], &before->leaves[i]);
	if (same)
		return 0;
	fault_set(rekey->fault, FAULT_UNSUPPORTED, why.line,
		  "its entries of age are written in a way that cannot be changed at its place");
	return fault_hint(rekey->fault, "change it with sops itself: sops updatekeys FILE, or sops rotate --in-place FILE");
}

static int rekey_can_rotate(const struct sops_file *file, struct fault *fault)
{
	for (size_t i = 0; i < file->n_keys; i++) {
		if (strcmp(file->keys[i].service, "age") == 0)
			continue;
		fault_set(fault, FAULT_UNSUPPORTED, 0, "it is also for %s '%.90s', to which we cannot give another data key",
			  file->keys[i].service, file->keys[i].recipient);
		return fault_hint(fault, "rotate it with sops itself: sops rotate --in-place FILE");
	}
	return 0;
}

static char *rekey_now(struct pool *pool, time_t now)
{
	char *text = pool_alloc(pool, 32);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return pool_text(pool, "1970-01-01T00:00:00Z");
	return text;
}

int sops_rekey(struct pool *pool, const struct sops_file *file, struct bytes text, const char *const *recipients,
	       size_t n_recipients, bool rotate, time_t now, struct bytes *ret_text, struct fault *fault)
{
	struct rekey rekey = {.pool = pool, .file = file, .text = text, .data_key = file->details->data_key, .fault = fault};
	int r = rotate ? rekey_can_rotate(file, fault) : 0;

	if (r < 0)
		return r;
	if (n_recipients == 0)
		return fault_set(fault, FAULT_NOKEYS, 0, "nobody is left who could open it");
	if (!file->opened || text.size != file->details->text_size)
		return fault_set(fault, FAULT_NOKEY, 0, "it was not opened, or is another text than that which was");
	if (rotate) {
		uint8_t *data_key = pool_alloc(pool, CIPHER_KEY);

		cipher_random(data_key, CIPHER_KEY);
		rekey.data_key = data_key;
		rekey.now = rekey_now(pool, now);
	}
	r = rekey_entries(&rekey, recipients, n_recipients);
	if (r < 0)
		return r;
	r = rekey_edits(&rekey);
	if (r < 0)
		return r;
	rekey_apply(&rekey, &text);
	r = rekey_verify(&rekey, text);
	if (r == 0)
		*ret_text = text;
	return r;
}
