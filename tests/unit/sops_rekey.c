/* What was opened, written as a plain file; and files that get other recipients in place. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "sealed/sops/details.h"
#include "sealed/sops/leaves.h"
#include "vectors.h"

/* Metadata that makes a plain text a file that can be read: nothing of it is encrypted. */
static const char *const metadata[] = {
	[SOPS_YAML] = "sops:\n  lastmodified: '2026-01-01T00:00:00Z'\n  mac: ENC[AES256_GCM,data:AA==,iv:AA==,"
		      "tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]\n  encrypted_regex: ^$\n  age: [{recipient: x, enc: y}]\n",
	[SOPS_JSON] = ",\"sops\":{\"lastmodified\":\"2026-01-01T00:00:00Z\",\"mac\":\"ENC[AES256_GCM,data:AA==,iv:AA==,"
		      "tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]\",\"encrypted_regex\":\"^$\",\"age\":[{\"recipient\":\"x\"}]}}",
	[SOPS_DOTENV] = "sops_lastmodified=2026-01-01T00:00:00Z\nsops_mac=ENC[AES256_GCM,data:AA==,iv:AA==,"
			"tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]\nsops_encrypted_regex=^$\nsops_age__list_0__map_recipient=x\n",
	[SOPS_INI] = "[sops]\nlastmodified=2026-01-01T00:00:00Z\nmac=ENC[AES256_GCM,data:AA==,iv:AA==,"
		     "tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]\nencrypted_regex=^$\nage__list_0__map_recipient=x\n",
};

/* A plain text of one document as a file of clear values. */
static struct bytes with_metadata(struct pool *pool, enum sops_format format, struct bytes plain)
{
	struct growing text = {.pool = pool};
	size_t size = plain.size;

	if (format == SOPS_JSON)
		size = (size_t)((const char *)memrchr(plain.data, '}', plain.size) - (const char *)plain.data);
	growing_add(&text, plain.data, size);
	growing_puts(&text, metadata[format]);
	return growing_bytes(&text);
}

/* Comments are left out, and what is not YAML has fewer types: their bytes are the same but for booleans' capitals. */
static void check_same_values(const struct vector *vector, const struct sops_file *before, const struct sops_file *after)
{
	size_t n = 0;

	for (size_t i = 0; i < before->n_leaves; i++) {
		const struct sops_leaf *leaf = &before->leaves[i], *other = &after->leaves[n];

		if (leaf->type == SOPS_COMMENT)
			continue;
		ck_assert_msg(n < after->n_leaves, "%s: value %zu is missing", vector->name, i);
		ck_assert_msg(leaf->value.size == other->value.size, "%s: value %zu differs", vector->name, i);
		ck_assert_msg(memcmp(leaf->value.data, other->value.data, leaf->value.size) == 0 || leaf->type == SOPS_BOOL,
			      "%s: value %zu differs", vector->name, i);
		ck_assert_msg(vector->format != SOPS_YAML || leaf->type == other->type || leaf->type == SOPS_BYTES,
			      "%s: value %zu is of another type", vector->name, i);
		n++;
	}
	ck_assert_msg(n == after->n_leaves, "%s: there are more values than before", vector->name);
}

START_TEST(a_plain_file_says_the_same_as_the_encrypted_one)
{
	_cleanup_pool_ struct pool *all = pool_new();
	size_t n, tried = 0;
	struct vector *vectors = vectors_load(all, &n);

	for (size_t i = 0; i < n; i++) {
		_cleanup_pool_ struct pool *pool = pool_new();
		struct sops_file *file, *again;
		struct bytes plain;
		struct fault fault;

		if (vectors_open(pool, &vectors[i], vectors[i].text, &file, &fault) < 0)
			continue;
		ck_assert_msg(sops_plain(pool, file, &plain, &fault) == 0, "%s: %s", vectors[i].name, fault.text);
		if (file->format == SOPS_BINARY) {
			ck_assert(plain.size == file->leaves[0].value.size);
			ck_assert(memcmp(plain.data, file->leaves[0].value.data, plain.size) == 0);
			continue;
		}
		if (file->details->tree.n_documents > 1)
			continue;
		plain = with_metadata(pool, file->format, plain);
		ck_assert_msg(sops_read(pool, file->format, plain, &again, &fault) == 0, "%s: %s\n%s", vectors[i].name,
			      fault.text, plain.data);
		check_same_values(&vectors[i], file, again);
		tried++;
	}
	ck_assert_uint_gt(tried, 60);
}
END_TEST

/* What `to` has instead of `from`: the bytes between their common beginning and their common end. */
static size_t changed(struct bytes from, struct bytes to, size_t *ret_begin)
{
	size_t begin = 0, end = 0;

	while (begin < from.size && begin < to.size && from.data[begin] == to.data[begin])
		begin++;
	while (end < from.size - begin && end < to.size - begin && from.data[from.size - 1 - end] == to.data[to.size - 1 - end])
		end++;
	*ret_begin = begin;
	return from.size - begin - end;
}

static const char *const rekeyed[] = {
	"ok-base", "ok-flow", "ok-crlf", "ok-bom", "ok-multidoc", "ok-json", "ok-env", "ok-ini", "ok-binary-256", "ok-comments",
	"ok-list-comment", "ok-types", "ok-mac-only-encrypted", "key-two-recipients-second", "key-ssh-native-comment",
	"key-one-group", "ok-quoted-enc", "ok-enc-text-clear", "ok-alias", "ok-lastmodified-offset",
};

struct rekeying {
	struct pool *pool;
	struct vector vector;
	struct age_identities theirs, ours; /* of the vector, and a new one */
	struct age_identity identity;
	struct sops_file *file;
	const char *leaves;
	struct fault fault;
};

static void rekeying_begin(struct rekeying *r, struct pool *pool, const char *name)
{
	const char *text;

	*r = (struct rekeying){.pool = pool, .vector = vectors_named(pool, name)};
	r->identity = age_identity_new(pool, &text);
	r->ours = (struct age_identities){.items = &r->identity, .count = 1};
	ck_assert_int_eq(age_identities_read(pool, r->vector.keys.data, r->vector.keys.size, &r->theirs, &r->fault), 0);
	ck_assert_int_eq(vectors_open(pool, &r->vector, r->vector.text, &r->file, &r->fault), 0);
	r->leaves = vectors_leaves(pool, r->file);
}

static struct bytes rekeying_do(struct rekeying *r, const char *const *recipients, size_t n, bool rotate)
{
	struct bytes text = {0};

	ck_assert_msg(sops_rekey(r->pool, r->file, r->vector.text, recipients, n, rotate, 1800000000, &text, &r->fault) == 0,
		      "%s: %s", r->vector.name, r->fault.text);
	return text;
}

/* Whether identities open it, and then it says the same as before. */
static bool rekeying_opens(struct rekeying *r, struct bytes text, const struct age_identities *identities)
{
	struct sops_file *file;

	if (vectors_open_with(r->pool, r->vector.format, text, identities, &file, &r->fault) < 0) {
		ck_assert_msg(r->fault.kind == FAULT_NOKEY, "%s: %s", r->vector.name, r->fault.text);
		return false;
	}
	ck_assert_str_eq(vectors_leaves(r->pool, file), r->leaves);
	return true;
}

/* All recipients of the file and a new one. */
static size_t rekeying_all(const struct rekeying *r, const char **recipients)
{
	size_t n = 0;

	for (size_t i = 0; i < r->file->n_keys; i++)
		recipients[n++] = r->file->keys[i].recipient;
	recipients[n++] = r->identity.recipient;
	return n;
}

START_TEST(another_recipient_is_added_and_all_else_stays)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct rekeying r;
	const char *recipients[20];
	struct bytes text, back;
	size_t n, begin;

	rekeying_begin(&r, pool, rekeyed[_i]);
	n = rekeying_all(&r, recipients);
	text = rekeying_do(&r, recipients, n, false);
	ck_assert(rekeying_opens(&r, text, &r.ours) && rekeying_opens(&r, text, &r.theirs));
	ck_assert_msg(r.file->details->tree.n_documents > 1 || changed(r.vector.text, text, &begin) == 0,
		      "%s: something went", r.vector.name);

	/* And taken away again, not a byte is another one. */
	ck_assert_int_eq(vectors_open_with(pool, r.vector.format, text, &r.ours, &r.file, &r.fault), 0);
	ck_assert_int_eq(sops_rekey(pool, r.file, text, recipients, n - 1, false, 0, &back, &r.fault), 0);
	ck_assert_msg(back.size == r.vector.text.size && memcmp(back.data, r.vector.text.data, back.size) == 0,
		      "%s: differs:\n%s", r.vector.name, back.data);
}
END_TEST

START_TEST(a_recipient_is_exchanged_and_cannot_open_it_any_more)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct rekeying r;
	const char *recipients[1];
	struct bytes text;

	rekeying_begin(&r, pool, rekeyed[_i]);
	recipients[0] = r.identity.recipient;
	text = rekeying_do(&r, recipients, 1, false);
	ck_assert(rekeying_opens(&r, text, &r.ours) && !rekeying_opens(&r, text, &r.theirs));
	for (size_t i = 0; i < r.file->n_leaves; i++) {
		const char *cipher = r.file->leaves[i].cipher;

		ck_assert(!cipher || memmem(text.data, text.size, cipher, strlen(cipher)));
	}
}
END_TEST

START_TEST(a_rotation_leaves_nothing_of_the_old_key)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct rekeying r;
	const char *recipients[20];
	struct bytes text, other;
	struct sops_file *file;
	size_t n;

	rekeying_begin(&r, pool, rekeyed[_i]);
	n = rekeying_all(&r, recipients);
	text = rekeying_do(&r, recipients, n, true);
	other = rekeying_do(&r, &r.file->keys[0].recipient, 1, true);
	ck_assert(rekeying_opens(&r, text, &r.ours) && rekeying_opens(&r, text, &r.theirs));
	ck_assert(!rekeying_opens(&r, other, &r.ours));
	ck_assert(!memmem(text.data, text.size, r.file->mac, strlen(r.file->mac)));
	for (size_t i = 0; i < r.file->n_leaves; i++) {
		const char *cipher = r.file->leaves[i].cipher;

		ck_assert(!cipher || !memmem(text.data, text.size, cipher, strlen(cipher)));
	}
	ck_assert_int_eq(vectors_open_with(pool, r.vector.format, text, &r.ours, &file, &r.fault), 0);
	ck_assert_str_eq(file->last_modified, "2027-01-15T08:00:00Z");
	ck_assert(sops_open_with(pool, file, r.file->details->data_key, &r.fault) < 0);
}
END_TEST

/* The encrypted comments of the two stores that have any are of the new key, too: rotated again, they are found again. */
START_TEST(comments_are_rotated_with_the_rest)
{
	static const char *const names[] = {"ok-comments", "ok-env"};
	static const char head[] = "#ENC[AES256_GCM,";

	for (size_t i = 0; i < 2; i++) {
		_cleanup_pool_ struct pool *pool = pool_new();
		struct rekeying r;
		const char *recipients[1];
		const uint8_t *before, *after;
		struct bytes text;

		rekeying_begin(&r, pool, names[i]);
		recipients[0] = r.identity.recipient;
		text = rekeying_do(&r, recipients, 1, true);
		before = memmem(r.vector.text.data, r.vector.text.size, head, strlen(head));
		after = memmem(text.data, text.size, head, strlen(head));
		ck_assert(before && after && memcmp(before, after, 80) != 0);
	}
}
END_TEST

START_TEST(what_cannot_be_rekeyed_is_refused)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct rekeying r;
	struct bytes text;
	const char *const nonsense[] = {"age1nonsense"}, *const ours[] = {NULL};
	struct fault fault = {0}, two = {0}, three = {0};

	rekeying_begin(&r, pool, "ok-base");
	ck_assert_int_eq(sops_rekey(pool, r.file, r.vector.text, ours, 0, false, 0, &text, &fault), -EBADMSG);
	ck_assert_int_eq(fault.kind, FAULT_NOKEYS);
	ck_assert_int_eq(sops_rekey(pool, r.file, r.vector.text, nonsense, 1, false, 0, &text, &two), -EBADMSG);
	r.file->keys[0].service = "pgp";
	ck_assert_int_eq(sops_rekey(pool, r.file, r.vector.text, nonsense, 1, true, 0, &text, &three), -EBADMSG);
	ck_assert_int_eq(three.kind, FAULT_UNSUPPORTED);
}
END_TEST

enum { REKEYED = sizeof rekeyed / sizeof *rekeyed };

SUITE(sops_rekey, a_plain_file_says_the_same_as_the_encrypted_one, comments_are_rotated_with_the_rest,
      what_cannot_be_rekeyed_is_refused)
LOOP_SUITE(sops_rekey_add, another_recipient_is_added_and_all_else_stays, REKEYED)
LOOP_SUITE(sops_rekey_exchange, a_recipient_is_exchanged_and_cannot_open_it_any_more, REKEYED)
LOOP_SUITE(sops_rekey_rotate, a_rotation_leaves_nothing_of_the_old_key, REKEYED)
