/* What we seal, and what Debian's age seals, each opened by the other. What is told to those who cannot open. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "ages.h"
#include "base/file.h"
#include "base/text.h"
#include "host/proc.h"
#include "scratch.h"

static const size_t sizes[] = {0, 1, 15, 16, 47, 48, 49, 65535, 65536, 65537, 131072, 200000};

enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* To whom, and whose private file opens it. (What is sealed to the X25519 recipient of an SSH key, age does not open with the
 * key.) */
static const struct way {
	const char *recipient, *identity;
	bool ours_alone;
} ways[] = {
	{ages_recipient_text, AGES_IDENTITY "\n", false},
	{ages_ssh_public, ages_ssh_private, false},
	{ages_ssh_recipient, ages_ssh_private, true},
};

/* Bytes that a chunk more or less, or in another place, would change. */
static struct bytes some_bytes(struct pool *pool, size_t size)
{
	uint8_t *data = pool_alloc(pool, size);

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
	return (struct bytes){.data = data, .size = size};
}

static void check_equal(struct bytes a, const void *data, size_t size)
{
	ck_assert_uint_eq(a.size, size);
	ck_assert(size == 0 || memcmp(a.data, data, size) == 0);
}

static void run_age(const char *const argv[], struct bytes input, struct buf *output)
{
	struct err err = {0};
	int r = proc_check(&(struct proc){.argv = argv, .input = input.data, .input_size = input.size, .output = output}, &err);

	if (r < 0)
		err_print(&err, stderr);
	ck_assert_msg(r == 0, "'age' failed, or is not there (`ci/setup test` installs it)");
}

static const char *identity_file(const struct way *way)
{
	const char *path = scratch_path("identity");
	struct err err = {0};

	ck_assert_int_eq(file_write(path, way->identity, strlen(way->identity), 0600, &err), 0);
	return path;
}

static void check_sealed(const struct way *way, struct bytes plain, bool armor)
{
	const char *argv[] = {"age", "--decrypt", "-i", identity_file(way), NULL};
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_recipient recipient = ages_recipient(way->recipient);
	_cleanup_buf_ struct buf opened = {0};
	struct fault fault = {0};
	struct bytes file;

	ck_assert_int_eq(age_seal(pool, plain, &recipient, 1, armor, &file, &fault), 0);
	ck_assert_int_eq(text_has_prefix((const char *)file.data, "-----BEGIN AGE"), armor);
	run_age(argv, file, &opened);
	check_equal(plain, opened.data, opened.size);
}

static void check_opened(const struct way *way, struct bytes plain, bool armor)
{
	const char *const argv[] = {"age", "--encrypt", "-r", way->recipient, armor ? "--armor" : NULL, NULL};
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = ages_identities(pool, way->identity);
	const struct age_identity *who = NULL;
	_cleanup_buf_ struct buf file = {0};
	struct fault fault = {0};
	struct bytes sealed, opened;

	run_age(argv, plain, &file);
	sealed = (struct bytes){.data = (const uint8_t *)file.data, .size = file.size};
	ck_assert_msg(age_open(pool, sealed, &identities, &opened, &who, &fault) == 0, "%s", fault.text);
	check_equal(plain, opened.data, opened.size);
	ck_assert(who && text_has_prefix(way->recipient, who->recipient));
}

START_TEST(age_and_we_open_each_others_files)
{
	const struct way *way = &ways[_i / 2 % (int)(sizeof ways / sizeof *ways)];
	size_t size = sizes[_i / 2 / (int)(sizeof ways / sizeof *ways)];
	_cleanup_pool_ struct pool *pool = pool_new();
	struct bytes plain = some_bytes(pool, size);

	if (!way->ours_alone)
		check_sealed(way, plain, _i % 2);
	check_opened(way, plain, _i % 2);
}
END_TEST

LOOP_SUITE(age_sizes, age_and_we_open_each_others_files, 2 * N_SIZES * (int)(sizeof ways / sizeof *ways))

/* A file of "secret" for these recipients. */
static struct bytes sealed_to(struct pool *pool, const char *const *texts, size_t n)
{
	struct age_recipient recipients[8];
	struct fault fault = {0};
	struct bytes file;

	for (size_t i = 0; i < n; i++)
		recipients[i] = ages_recipient(texts[i]);
	ck_assert_int_eq(age_seal(pool, pool_bytes(pool, "secret", 6), recipients, n, true, &file, &fault), 0);
	return file;
}

static const char STRANGER[] = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n";

START_TEST(each_of_several_recipients_opens_it)
{
	const char *const all[] = {ages_ssh_public, ages_recipient_text, ages_ssh_recipient};
	_cleanup_pool_ struct pool *pool = pool_new();
	struct bytes file = sealed_to(pool, all, 3), plain;
	struct age_identities both = ages_identities(pool, STRANGER), of_ssh = ages_identities(pool, ages_ssh_private);
	const struct age_identity *who;
	struct fault fault = {0};

	ck_assert_int_eq(age_identities_read(pool, AGES_IDENTITY, strlen(AGES_IDENTITY), &both, &fault), 0);
	ck_assert_int_eq(age_open(pool, file, &both, &plain, &who, &fault), 0);
	check_equal(plain, "secret", 6);
	ck_assert_str_eq(who->recipient, ages_recipient_text);
	for (size_t i = 0; i < 2; i++) {
		struct age_identities one = {.items = &of_ssh.items[i], .count = 1};

		ck_assert_int_eq(age_open(pool, file, &one, &plain, &who, &fault), 0);
		check_equal(plain, "secret", 6);
		ck_assert_ptr_eq(who, one.items);
	}
}
END_TEST

static void check_nokey(struct pool *pool, struct bytes file, const struct age_identities *identities, const char *text,
			const char *hint)
{
	struct fault fault = {0};
	struct bytes plain = {0};

	ck_assert_int_lt(age_open(pool, file, identities, &plain, NULL, &fault), 0);
	ck_assert_int_eq(fault.kind, FAULT_NOKEY);
	ck_assert_str_eq(fault.text, text);
	ck_assert_str_eq(fault.hint, hint);
}

START_TEST(who_cannot_open_it_learns_why)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct bytes ssh = sealed_to(pool, (const char *const[]){ages_ssh_public}, 1);
	struct bytes own = sealed_to(pool, (const char *const[]){ages_recipient_text}, 1);
	struct age_identities none = {0}, x25519 = ages_identities(pool, AGES_IDENTITY "\nAGE-PLUGIN-TPM-1QQQQ\n");
	struct age_identities of_ssh = ages_identities(pool, ages_ssh_private);

	check_nokey(pool, own, &none, "there is no identity to open it with; its stanzas (1): X25519", "");
	check_nokey(pool, ssh, &x25519, "none of the identities opens it; its stanzas (1): ssh-ed25519 (tag JJMXMA); tried "
		    "(1): age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltw; not tried, being of a kind that we "
		    "do not know: AGE-PLUGIN-TPM", "identities of the kind tried never open such stanzas: seal it anew, to "
		    "age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltw too");
	check_nokey(pool, own, &of_ssh, "none of the identities opens it; its stanzas (1): X25519; tried (2): ssh-ed25519 "
		    "AAAAC3NzaC1lZDI1NTE5AAAAIBlslAqg4bmfN9NNG7UGvOu1j3T+nlMLU3/FzXgziZGN (tag JJMXMA), "
		    "age1vtz6mz63m0fp9ynexs5cquxtgdpfeh9pfymgfv46n9dasagqtvkqzseuzr",
		    "seal it anew, to age1vtz6mz63m0fp9ynexs5cquxtgdpfeh9pfymgfv46n9dasagqtvkqzseuzr too");
}
END_TEST

START_TEST(without_a_key_is_known_who_may_open_it)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_recipient x25519 = ages_recipient(ages_recipient_text), ssh = ages_recipient(ages_ssh_public);
	struct age_recipient other_ssh = ages_recipient(
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	struct bytes to_x25519 = sealed_to(pool, (const char *const[]){ages_ssh_recipient}, 1);
	struct bytes to_ssh = sealed_to(pool, (const char *const[]){ages_ssh_public}, 1);
	struct bytes spoilt = {.data = to_ssh.data, .size = to_ssh.size / 2};

	ck_assert(age_may_be_for(to_x25519, &x25519) && !age_may_be_for(to_x25519, &ssh));
	ck_assert(age_may_be_for(to_ssh, &ssh) && !age_may_be_for(to_ssh, &x25519));
	ck_assert(!age_may_be_for(to_ssh, &other_ssh));
	ck_assert(!age_may_be_for(spoilt, &ssh) && !age_may_be_for((struct bytes){0}, &ssh));
}
END_TEST

START_TEST(an_ssh_stanza_that_was_changed_is_told)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = ages_identities(pool, ages_ssh_private);
	struct age_recipient recipient = ages_recipient(ages_ssh_public);
	struct fault fault = {0};
	struct bytes file, plain;
	size_t shares = strlen("age-encryption.org/v1\n-> ssh-ed25519 AAAAAA ");

	ck_assert_int_eq(age_seal(pool, (struct bytes){0}, &recipient, 1, false, &file, &fault), 0);
	((uint8_t *)file.data)[shares] = file.data[shares] == 'A' ? 'B' : 'A';
	ck_assert_int_lt(age_open(pool, file, &identities, &plain, NULL, &fault), 0);
	ck_assert_int_eq(fault.kind, FAULT_CIPHER);
	ck_assert(text_has_prefix(fault.text, "the stanza for ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBls"));
}
END_TEST

START_TEST(nothing_is_sealed_to_nobody_or_to_everybody)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_recipient everybody = {.type = AGE_X25519};
	struct fault nobody = {0}, low = {0};
	struct bytes file;

	ck_assert_int_lt(age_seal(pool, (struct bytes){0}, NULL, 0, false, &file, &nobody), 0);
	ck_assert_int_eq(nobody.kind, FAULT_NOKEYS);
	ck_assert_int_lt(age_seal(pool, (struct bytes){0}, &everybody, 1, false, &file, &low), 0);
	ck_assert_int_eq(low.kind, FAULT_PARSE);
}
END_TEST

SUITE(age_sealed, each_of_several_recipients_opens_it, who_cannot_open_it_learns_why, without_a_key_is_known_who_may_open_it,
      an_ssh_stanza_that_was_changed_is_told, nothing_is_sealed_to_nobody_or_to_everybody)
