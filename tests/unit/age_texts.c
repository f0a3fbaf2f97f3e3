/* Identities and recipients as texts: what is one, and what is told of the others. Never a letter of a secret. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "ages.h"
#include "base/text.h"
#include "scratch.h"

#define PASSPHRASE_KEY \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n" \
	"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABA0RVTrEL\n" \
	"zM2yZ+njzte/+8AAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIESb2UP1bsSRot3S\n" \
	"xmJzpuhhhQNU+okZIkkM974cP+PKAAAAkPFFdXu2mJXjCDYz4Q19JNF5D29QPVtM5dBH3M\n" \
	"l6oohJSKBgIZt8Z7NfIoMjjF6YzUDbAg91F7ySaktqj7/Yc5aA6NlojTfccVQeNgosHZ1h\n" \
	"CaoP/cTXVQXVgNoELVAsFBW/SXS1NG8ooKIO08uxSwGn4CYIJ2g2gEhKJuWUNPod0NeVKj\n" \
	"vU4/arcWvF3fSCMg==\n" \
	"-----END OPENSSH PRIVATE KEY-----\n"
#define ECDSA_KEY \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n" \
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n" \
	"1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQHgd/ZJRqzyWyxCB4DRbr/w2DJTr6N\n" \
	"6aHDH36n1wDUe9PBlVoj61GtiwPGnHKGnUWlw0cIBEKsr8lfSp7/hgduAAAAoPpcvEH6XL\n" \
	"xBAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAeB39klGrPJbLEI\n" \
	"HgNFuv/DYMlOvo3pocMffqfXANR708GVWiPrUa2LA8accoadRaXDRwgEQqyvyV9Knv+GB2\n" \
	"4AAAAgKkDjT++XA2XyLa8Bsan9ew7+/jAaE3cFa8wC7pUrHL4AAAABeAECAwQFBgc=\n" \
	"-----END OPENSSH PRIVATE KEY-----\n"
/* The checksums are right: it is the length, the prefix or the case that is not. */
#define OTHER_IDENTITY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
#define LOWER_IDENTITY "age-secret-key-1egtzvffv20835nwyv6270lxyvk2vknx2mmdkwyklmgr48uawx40q2p2lm0"

/* A file, and how many identities are in it; or what is told. */
static const struct identities_row {
	const char *text;
	size_t count;
	enum fault_kind kind;
	unsigned line;
} identities_rows[] = {
	{AGES_IDENTITY, 1, FAULT_NONE, 0},
	{AGES_IDENTITY "\n", 1, FAULT_NONE, 0},
	{AGES_IDENTITY "\r\n", 1, FAULT_NONE, 0},
	{"# created: 2026\n# public key: age1\n" AGES_IDENTITY "\n\n# and\r\n" OTHER_IDENTITY "\n", 2, FAULT_NONE, 0},
	{"AGE-PLUGIN-YUBIKEY-1QQQQ\n" AGES_IDENTITY "\nAGE-SECRET-KEY-PQ-1QQQQ\n", 1, FAULT_NONE, 0},
	{"", 0, FAULT_PARSE, 0},
	{"\n# nothing\n", 0, FAULT_PARSE, 0},
	{"AGE-PLUGIN-YUBIKEY-1QQQQ\n", 0, FAULT_UNSUPPORTED, 0},
	{"AGE-SECRET-KEY-PQ-1QQQQ\n", 0, FAULT_UNSUPPORTED, 0},
	{"#\n" LOWER_IDENTITY "\n", 0, FAULT_PARSE, 2},
	{"\n\n " AGES_IDENTITY "\n", 0, FAULT_PARSE, 3},
	{AGES_IDENTITY " \n", 0, FAULT_PARSE, 1},
	{AGES_IDENTITY AGES_IDENTITY, 0, FAULT_PARSE, 1},
	{"AGE-SECRET-KEY-1Z2UXF80TFJ0LDC3HVTG6QSA9PN74ETQCRSS7SXEZT6VQ0NGH6RXS8J8M2Q\n", 0, FAULT_PARSE, 1},
	{"AGE-SECRET-KEY-1Z2UXF80TFJ0LDC3HVTG6QSA9PN74ETQCRSS7SXEZT6VQ0NGH6RXS8J8M2\n", 0, FAULT_PARSE, 1},
	{"age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltw\n", 0, FAULT_PARSE, 1},
	{"age-encryption.org/v1\n-> scrypt AAAA 18\n", 0, FAULT_UNSUPPORTED, 0},
	{"-----BEGIN AGE ENCRYPTED FILE-----\n", 0, FAULT_UNSUPPORTED, 0},
	{PASSPHRASE_KEY, 0, FAULT_UNSUPPORTED, 0},
	{ECDSA_KEY, 0, FAULT_UNSUPPORTED, 0},
	{"-----BEGIN RSA PRIVATE KEY-----\nMIIC\n-----END RSA PRIVATE KEY-----\n", 0, FAULT_UNSUPPORTED, 0},
	{"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", 0, FAULT_PARSE, 0},
	{"-----BEGIN OPENSSH PRIVATE KEY-----\n", 0, FAULT_PARSE, 0},
};

/* What is told has nothing of a secret in it: no eight characters of a line of the text, but for words of the format. */
static void check_silent(const char *text, const struct fault *fault)
{
	const char *secret = strstr(text, "KEY-1");

	for (secret = secret ? secret + 5 : NULL; secret && strlen(secret) >= 8 && secret[7] >= '0'; secret++) {
		char piece[9];

		snprintf(piece, sizeof piece, "%s", secret);
		ck_assert_msg(!strstr(fault->text, piece) && !strstr(fault->hint, piece), "'%s' tells a secret", fault->text);
	}
}

START_TEST(identities_are_read_or_told)
{
	for (size_t i = 0; i < sizeof identities_rows / sizeof *identities_rows; i++) {
		const struct identities_row *row = &identities_rows[i];
		_cleanup_pool_ struct pool *pool = pool_new();
		struct age_identities identities = {0};
		struct fault fault = {0};
		int r = age_identities_read(pool, row->text, strlen(row->text), &identities, &fault);

		ck_assert_msg(fault.kind == row->kind && (r == 0) == (row->kind == FAULT_NONE), "'%s': %s", row->text,
			      fault.text);
		ck_assert_uint_eq(fault.line, row->line);
		if (r == 0)
			ck_assert_uint_eq(identities.count, row->count);
		else
			check_silent(row->text, &fault);
	}
}
END_TEST

START_TEST(an_ssh_key_is_two_identities)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = ages_identities(pool, ages_ssh_private);
	struct fault fault = {0};
	char recipient[63];

	ck_assert_uint_eq(identities.count, 2);
	ck_assert_int_eq(identities.items[0].type, AGE_SSH_ED25519);
	ck_assert(text_has_prefix(ages_ssh_public, identities.items[0].recipient));
	ck_assert_int_eq(identities.items[1].type, AGE_X25519);
	ck_assert_str_eq(identities.items[1].recipient, ages_ssh_recipient);
	ck_assert_int_eq(age_recipient_of_ssh(ages_ssh_public, recipient, &fault), 0);
	ck_assert_str_eq(recipient, ages_ssh_recipient);
}
END_TEST

START_TEST(a_spoilt_ssh_key_is_the_same_or_none)
{
	size_t size = strlen(ages_ssh_private);

	for (size_t at = 0; at < 2 * size; at++) {
		_cleanup_pool_ struct pool *pool = pool_new();
		struct bytes copy = pool_bytes(pool, ages_ssh_private, at % 2 ? at / 2 : size);
		struct age_identities identities = {0};
		struct fault fault = {0};

		if (at % 2 == 0)
			((uint8_t *)copy.data)[at / 2] ^= (uint8_t)(1 << at / 2 % 8);
		if (age_identities_read(pool, copy.data, copy.size, &identities, &fault) < 0)
			continue;
		ck_assert_uint_eq(identities.count, 2);
		ck_assert_str_eq(identities.items[1].recipient, ages_ssh_recipient);
	}
}
END_TEST

#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBlslAqg4bmfN9NNG7UGvOu1j3T+nlMLU3/FzXgziZGN"

static const struct {
	const char *text;
	enum fault_kind kind;
	const char *told;            /* how it begins */
} recipients[] = {
	{"age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltw", FAULT_NONE, ""},
	{" age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltw\n", FAULT_NONE, ""},
	{SSH, FAULT_NONE, ""}, {SSH " root@gateway", FAULT_NONE, ""}, {"\t" SSH "  a comment of words\r\n", FAULT_NONE, ""},
	{"", FAULT_PARSE, "it is no recipient"},
	{"age", FAULT_PARSE, "it is no recipient"},
	{"AGE1GE8ELK7G6F88EZCZ5HSW4CMPXW6TKPVPFV7Z2Y53WJJCSTFWV49Q49PLTW", FAULT_PARSE, "it is no recipient"},
	{"age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltq", FAULT_PARSE, "a recipient has a letter"},
	{"age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49plt", FAULT_PARSE, "a recipient has a letter"},
	{"age1", FAULT_PARSE, "a recipient has a letter"},
	{"age1pq1qqqqqq", FAULT_UNSUPPORTED, "a post-quantum recipient (age1pq1"},
	{"age1yubikey1qqqqqq", FAULT_UNSUPPORTED, "a recipient of the plugin 'yubikey'"},
	{AGES_IDENTITY, FAULT_PARSE, "a private identity"},
	{"AGE-PLUGIN-X-1QQQ", FAULT_PARSE, "a private identity"},
	{SSH "\n" SSH, FAULT_PARSE, "a recipient is one line"},
	{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB", FAULT_UNSUPPORTED, "a key of SSH of type 'ssh-rsa'"},
	{"ecdsa-sha2-nistp256 AAAA", FAULT_UNSUPPORTED, "a key of SSH of type 'ecdsa-sha2-nistp256'"},
	{"sk-ssh-ed25519@openssh.com AAAA", FAULT_UNSUPPORTED, "a key of SSH of type 'sk-ssh-ed25519@openssh.com'"},
	{"ssh-ed25519", FAULT_PARSE, "it is no public key of SSH"},
	{"ssh-ed25519 AAAA", FAULT_PARSE, "it is no public key of SSH"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE4AAAAIBlslAqg4bmfN9NNG7UGvOu1j3T+nlMLU3/FzXgziZGN", FAULT_PARSE, "it is no public"},
	/* y = 2 has no x; y = 1 has no u; y = -1 is of low order; y = p + 3 is 3 in another way */
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", FAULT_PARSE, "the key of SSH"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", FAULT_PARSE, "the key of SSH"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOz///////////////////////////////////////9/", FAULT_PARSE, "the key of SSH"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPD///////////////////////////////////////9/", FAULT_PARSE, "the key of SSH"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", FAULT_NONE, ""},
	/* u = 0 */
	{"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z", FAULT_PARSE, "a recipient is of low order"},
};

START_TEST(recipients_are_read_or_told)
{
	for (size_t i = 0; i < sizeof recipients / sizeof *recipients; i++) {
		struct age_recipient recipient;
		struct fault fault = {0};
		int r = age_recipient_read(recipients[i].text, &recipient, &fault);

		ck_assert_msg(fault.kind == recipients[i].kind && (r == 0) == (fault.kind == FAULT_NONE) &&
			      text_has_prefix(fault.text, recipients[i].told), "'%s': %s", recipients[i].text, fault.text);
	}
}
END_TEST

START_TEST(an_identity_that_is_made_reads_as_itself)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	const char *text, *second;
	struct age_identity made = age_identity_new(pool, &text), other = age_identity_new(pool, &second);
	struct age_identities read = ages_identities(pool, text);
	struct age_recipient recipient = ages_recipient(made.recipient);

	ck_assert_str_ne(made.recipient, other.recipient);
	ck_assert_uint_eq(read.count, 1);
	ck_assert_mem_eq(&read.items[0], &made, sizeof made);
	ck_assert_mem_eq(recipient.public, made.public, sizeof made.public);
	ck_assert_str_eq(ages_identities(pool, AGES_IDENTITY).items[0].recipient, ages_recipient_text);
}
END_TEST

SUITE(age_texts, identities_are_read_or_told, an_ssh_key_is_two_identities, a_spoilt_ssh_key_is_the_same_or_none,
      recipients_are_read_or_told, an_identity_that_is_made_reads_as_itself)
