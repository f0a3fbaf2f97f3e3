/* Files of SOPS that were cut off or spoilt: invalid, or all that is encrypted is what it was. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

/* How many places of a vector are spoilt; the others are another vector's turn: places begin at another one in each. */
enum { PLACES = 120, PARTS = 8 };

struct hostile {
	const struct vector *vector;
	struct age_identities identities;
	const char *leaves;
	struct sops_file *file;
};

/* An encrypted value and its keys. What is clear may change where the MAC does not look (SECRETS: a renamed clear key, null and
 * empty texts, labels of types, mac_only_encrypted). */
static bool same_leaf(const struct sops_leaf *a, const struct sops_leaf *b)
{
	return a->n_path == b->n_path && a->value.size == b->value.size &&
	       memcmp(a->value.data, b->value.data, a->value.size) == 0;
}

static const struct sops_leaf *next_encrypted(const struct sops_file *file, size_t *at)
{
	while (*at < file->n_leaves && (!file->leaves[*at].cipher || file->leaves[*at].type == SOPS_COMMENT))
		++*at;
	return *at < file->n_leaves ? &file->leaves[(*at)++] : NULL;
}

static bool same_encrypted(const struct sops_file *a, const struct sops_file *b)
{
	const struct sops_leaf *one, *other;
	size_t i = 0, j = 0;

	do {
		one = next_encrypted(a, &i);
		other = next_encrypted(b, &j);
	} while (one && other && same_leaf(one, other));
	return !one && !other;
}

/* In memory of exactly the size, so that a sanitizer sees who reads beyond. */
static void check_text(const struct hostile *hostile, struct bytes text, const char *what, size_t at)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	uint8_t *copy = memcpy(malloc(text.size + 1), text.data, text.size);
	struct sops_file *file;
	struct fault fault;
	int r = vectors_open_with(pool, hostile->vector->format, (struct bytes){.data = copy, .size = text.size},
				  &hostile->identities, &file, &fault);

	ck_assert_msg(r == -EBADMSG ? fault.kind != FAULT_NONE && *fault.text : r == 0 && fault.kind == FAULT_NONE,
		      "%s %s %zu: %d", hostile->vector->name, what, at, r);
	if (r == 0 && strcmp(vectors_leaves(pool, file), hostile->leaves) != 0)
		ck_assert_msg(same_encrypted(file, hostile->file), "%s %s %zu: opens with other values", hostile->vector->name,
			      what, at);
	free(copy);
}

static void check_cut(const struct hostile *hostile)
{
	struct bytes text = hostile->vector->text;
	size_t n = 0;

	for (size_t at = 0; at < text.size && n < 200; at++) {
		if (at == 0 || text.data[at - 1] == '\n') {
			check_text(hostile, (struct bytes){.data = text.data, .size = at}, "cut at", at);
			n++;
		}
	}
}

static void check_spoilt(const struct hostile *hostile, size_t first)
{
	struct bytes text = hostile->vector->text;
	uint8_t *copy = memcpy(malloc(text.size), text.data, text.size);
	size_t step = 1 + text.size / PLACES;

	for (size_t at = first % step; at < text.size; at += step) {
		copy[at] ^= (uint8_t)(1 << (first + at) % 8);
		check_text(hostile, (struct bytes){.data = copy, .size = text.size}, "spoilt at", at);
		copy[at] = text.data[at];
	}
	free(copy);
}

static void check_vector(struct pool *pool, const struct vector *vector, size_t first)
{
	struct hostile hostile = {.vector = vector};
	struct fault fault = {0};

	ck_assert_int_eq(age_identities_read(pool, vector->keys.data, vector->keys.size, &hostile.identities, &fault), 0);
	if (vectors_open(pool, vector, vector->text, &hostile.file, &fault) < 0)
		return;
	hostile.leaves = vectors_leaves(pool, hostile.file);
	check_cut(&hostile);
	check_spoilt(&hostile, first);
}

START_TEST(files_that_were_cut_off_or_spoilt_are_refused_or_say_the_same)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	size_t n;
	struct vector *vectors = vectors_load(pool, &n);

	for (size_t i = (size_t)_i; i < n; i += PARTS)
		check_vector(pool, &vectors[i], 37 * i);
}
END_TEST

/* Nesting, aliases, keys, repetitions: each refused, and quickly. */
static struct bytes bomb(struct pool *pool, const char *begin, const char *again, size_t n, const char *end)
{
	struct growing text = {.pool = pool};

	growing_puts(&text, begin);
	while (n--)
		growing_puts(&text, again);
	growing_puts(&text, end);
	return growing_bytes(&text);
}

START_TEST(what_would_grow_without_end_is_refused)
{
	static const struct {
		enum sops_format format;
		const char *begin, *again;
		size_t n;
		const char *end;
	} rows[] = {
		{SOPS_JSON, "{\"a\":", "[", 100000, ""}, {SOPS_JSON, "", "{\"a\":", 100000, ""},
		{SOPS_YAML, "a: ", "[", 100000, ""}, {SOPS_YAML, "a: ", "{a: ", 100000, ""},
		{SOPS_YAML, "a:\n ", "- ", 10000, "x"}, {SOPS_YAML, "a: ", "&a ", 1000, "x"},
		{SOPS_YAML, "a: [", "&a x,", 100000, "]"}, {SOPS_YAML, "a: &a [", "*a,", 10, "]"},
		{SOPS_YAML, "a: [", "x,", 600000, "]"}, {SOPS_YAML, "a: &a [x]\nb: [", "*a,", 100, "*b]"},
		{SOPS_YAML, "? ", "[", 1000, ""}, {SOPS_JSON, "{\"a\":[", "1,", 600000, "1]}"},
		{SOPS_DOTENV, "", "a=b\n", 2, ""}, {SOPS_INI, "", "[a]\n", 2, ""},
		{SOPS_INI, "a=\"\"\"", "x\n", 1000, ""}, {SOPS_DOTENV, "sops_a", "__map_a", 1000, "=x\n"},
		{SOPS_DOTENV, "sops_age__list_99999999", "", 0, "__map_enc=x\n"},
		{SOPS_DOTENV, "sops_age__list_999999999999999999999999", "", 0, "__map_enc=x\n"},
		{SOPS_DOTENV, "sops_a=b\nsops_a__map_b=c", "", 0, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		_cleanup_pool_ struct pool *pool = pool_new();
		struct bytes text = bomb(pool, rows[i].begin, rows[i].again, rows[i].n, rows[i].end);
		struct sops_file *file;
		struct fault fault = {0};

		ck_assert_msg(sops_read(pool, rows[i].format, text, &file, &fault) == -EBADMSG, "row %zu", i);
		ck_assert_msg(fault.kind == FAULT_PARSE || fault.kind == FAULT_META, "row %zu: %s", i, fault.text);
	}
}
END_TEST

SUITE(sops_hostile, what_would_grow_without_end_is_refused)
LOOP_SUITE(sops_spoilt, files_that_were_cut_off_or_spoilt_are_refused_or_say_the_same, PARTS)
