/* The official vectors of age (https://c2sp.org/CCTV/age, of the age authors, 0BSD): tests/unit/age/. Before each file stands
 * what must come of it. And what opens, spoilt. */
#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "ages.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/digest.h"
#include "scratch.h"

enum { VECTORS = 143, UNPACKED_MAX = 20 << 20, SPOILT_MAX = 4096 };

static const struct verdict {
	const char *expect;
	enum fault_kind kind;
} verdicts[] = {
	{"success", FAULT_NONE}, {"no match", FAULT_NOKEY}, {"HMAC failure", FAULT_MAC}, {"header failure", FAULT_PARSE},
	{"armor failure", FAULT_PARSE}, {"payload failure", FAULT_CIPHER},
};

/* What we do not know: passphrases, post-quantum identities, versions to come. Whatever the vector says: told by name. */
static const char *const unsupported[] = {
	"armor_hybrid", "armor_scrypt", "hybrid", "hybrid_and_x25519", "hybrid_bad_tag", "hybrid_currupted_enc_mlkem",
	"hybrid_currupted_enc_x25519", "hybrid_extra_argument", "hybrid_grease", "hybrid_identity", "hybrid_long_file_key",
	"hybrid_long_share", "hybrid_low_order", "hybrid_multiple_recipients", "hybrid_no_match", "hybrid_not_canonical_body",
	"hybrid_not_canonical_enc", "hybrid_short_share", "hybrid_uppercase", "scrypt", "scrypt_bad_tag",
	"scrypt_extra_argument", "scrypt_long_file_key",
	"scrypt_no_match", "scrypt_not_canonical_salt", "scrypt_salt_long", "scrypt_salt_missing",
	"scrypt_salt_short", "scrypt_work_factor_23", "scrypt_work_factor_hex", "scrypt_work_factor_leading_garbage",
	"scrypt_work_factor_leading_plus", "scrypt_work_factor_leading_zero_decimal", "scrypt_work_factor_leading_zero_octal",
	"scrypt_work_factor_missing", "scrypt_work_factor_negative", "scrypt_work_factor_overflow",
	"scrypt_work_factor_trailing_garbage", "scrypt_work_factor_wrong", "scrypt_work_factor_zero", "version_unsupported",
};

struct vector {
	char name[64], digest[SHA256_HEX];
	enum fault_kind kind;
	struct growing identities;
	bool packed;
	struct bytes file;
};

static enum fault_kind kind_of(const char *name, const char *expect)
{
	for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++) {
		if (strcmp(unsupported[i], name) == 0)
			return FAULT_UNSUPPORTED;
	}
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		if (strcmp(verdicts[i].expect, expect) == 0)
			return verdicts[i].kind;
	}
	ck_abort_msg("%s expects '%s', which says nothing to us", name, expect);
}

/* A line "KEY: VALUE" before the file. */
static void take_line(struct vector *vector, const char *line)
{
	const char *value = strstr(line, ": ");

	ck_assert_msg(value, "%s: %s", vector->name, line);
	value += 2;
	if (text_has_prefix(line, "expect: "))
		vector->kind = kind_of(vector->name, value);
	else if (text_has_prefix(line, "payload: "))
		snprintf(vector->digest, sizeof vector->digest, "%s", value);
	else if (text_has_prefix(line, "compressed: "))
		vector->packed = strcmp(value, "zlib") == 0;
	else if (text_has_prefix(line, "identity: ")) {
		growing_puts(&vector->identities, value);
		growing_puts(&vector->identities, "\n");
	}
}

static struct bytes unpacked(struct pool *pool, struct bytes packed)
{
	uLongf size = UNPACKED_MAX;
	uint8_t *out = pool_alloc(pool, size);

	ck_assert_int_eq(uncompress(out, &size, packed.data, packed.size), Z_OK);
	return (struct bytes){.data = out, .size = size};
}

static void read_vector(struct pool *pool, const char *name, struct vector *vector)
{
	_cleanup_buf_ struct buf text = {0};
	const char *source = getenv("SOURCE");
	struct err err = {0};
	char path[4096];
	char *line, *end;

	memset(vector, 0, sizeof *vector);
	vector->identities.pool = pool;
	snprintf(vector->name, sizeof vector->name, "%s", name);
	snprintf(path, sizeof path, "%s/tests/unit/age/%s", source ? source : ".", name);
	ck_assert_int_eq(file_read(path, 1 << 20, &text, &err), 0);
	for (line = text.data; *line != '\n'; line = end + 1) {
		end = strchr(line, '\n');
		ck_assert_msg(end, "%s has no empty line before its file", name);
		*end = 0;
		take_line(vector, line);
	}
	vector->file = pool_bytes(pool, line + 1, text.size - (size_t)(line + 1 - text.data));
	if (vector->packed)
		vector->file = unpacked(pool, vector->file);
}

/* What comes of `file` with the vector's identities. */
static enum fault_kind open_vector(struct pool *pool, const struct vector *vector, struct bytes file, char digest[SHA256_HEX],
				   struct fault *fault)
{
	struct age_identities identities = {0};
	struct bytes keys = growing_bytes(&vector->identities), plain = {0};
	int r = keys.size ? age_identities_read(pool, keys.data, keys.size, &identities, fault) : 0;

	if (r == 0)
		r = age_open(pool, file, &identities, &plain, NULL, fault);
	ck_assert_int_eq(r == 0, fault->kind == FAULT_NONE);
	ck_assert_msg(r == 0 || (*fault->text && !plain.data), "%s: a fault, and something that was opened", vector->name);
	if (r == 0)
		sha256_hex_of(plain.data, plain.size, digest);
	return fault->kind;
}

static void check_verdict(const char *name)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	char digest[SHA256_HEX] = "";
	struct fault fault = {0};
	struct vector vector;
	enum fault_kind kind;

	read_vector(pool, name, &vector);
	kind = open_vector(pool, &vector, vector.file, digest, &fault);
	ck_assert_msg(kind == vector.kind, "%s must be '%s': '%s' (%s)", name, fault_kind_name(vector.kind),
		      fault_kind_name(kind), fault.text);
	if (kind == FAULT_NONE)
		ck_assert_str_eq(digest, vector.digest);
}

/* Of what opens: cut off at each byte, and a bit of each byte turned. What still opens then is the same, and anything else is
 * told before a byte of it is handed out. */
static void check_spoilt(const char *name)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct vector vector;

	read_vector(pool, name, &vector);
	if (vector.kind != FAULT_NONE || vector.file.size > SPOILT_MAX)
		return;
	for (size_t at = 0; at < 2 * vector.file.size; at++) {
		_cleanup_pool_ struct pool *own = pool_new();
		size_t place = at / 2;
		uint8_t *copy = scratch_own(malloc(vector.file.size)); /* so that a sanitizer sees who reads beyond */
		char digest[SHA256_HEX] = "";
		struct fault fault = {0};
		bool cut = at % 2;

		memcpy(copy, vector.file.data, vector.file.size);
		if (!cut)
			copy[place] ^= (uint8_t)(1 << place % 8);
		if (open_vector(own, &vector, (struct bytes){.data = copy, .size = cut ? place : vector.file.size}, digest,
				&fault) == FAULT_NONE)
			ck_assert_msg(strcmp(digest, vector.digest) == 0, "%s, %s at %zu, opens as something else", name,
				      cut ? "cut off" : "changed", place);
	}
}

/* Calls `check` with each vector; none may be missing. */
static void with_vectors(void (*check)(const char *name))
{
	const char *source = getenv("SOURCE");
	struct dirent *entry;
	char path[4096];
	int n = 0;
	DIR *folder;

	snprintf(path, sizeof path, "%s/tests/unit/age", source ? source : ".");
	folder = opendir(path);
	ck_assert_msg(folder, "%s is not there: run the unit tests from the checkout", path);
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		check(entry->d_name);
		n++;
	}
	closedir(folder);
	ck_assert_int_eq(n, VECTORS);
}

START_TEST(each_vector_gets_its_verdict)
{
	with_vectors(check_verdict);
}
END_TEST

START_TEST(what_is_spoilt_is_told_or_the_same)
{
	with_vectors(check_spoilt);
}
END_TEST

SUITE(age, each_vector_gets_its_verdict, what_is_spoilt_is_told_or_the_same)
