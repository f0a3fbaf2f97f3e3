#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "debian/control.h"
#include "debian/openpgp.h"
#include "debian/relations.h"
#include "debian/release.h"
#include "scratch.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* --- control data ------------------------------------------------------------------------------------------------- */

static bool field_is(const struct control_field *field, const char *name, const char *value)
{
	return control_is(field, name) && field->length == strlen(value) &&
	       memcmp(field->value, value, field->length) == 0;
}

START_TEST(fields_and_stanzas_are_told_apart)
{
	static const char text[] = "Package: a\nDescription:  one \n two\n .\n three\n\n \n\npackage:b\nEmpty:\n";
	struct control control = {text, text + sizeof text - 1};
	struct control_field field;

	ck_assert_int_eq(control_next(&control, &field), CONTROL_FIELD);
	ck_assert(field_is(&field, "Package", "a"));
	ck_assert_int_eq(control_next(&control, &field), CONTROL_FIELD);
	ck_assert(field_is(&field, "description", "one \n two\n .\n three"));
	ck_assert_int_eq(control_next(&control, &field), CONTROL_STANZA_END);
	ck_assert_int_eq(control_next(&control, &field), CONTROL_FIELD);
	ck_assert(field_is(&field, "Package", "b"));
	ck_assert_int_eq(control_next(&control, &field), CONTROL_FIELD);
	ck_assert(field_is(&field, "Empty", ""));
	ck_assert_int_eq(control_next(&control, &field), CONTROL_END);
	ck_assert_int_eq(control_next(&control, &field), CONTROL_END);
}
END_TEST

START_TEST(a_text_without_a_last_newline_is_read_to_its_end)
{
	static const char text[] = "Package: abc!";
	struct control control = {text, text + sizeof text - 2}; /* the "!" is not part of it */
	struct control_field field;

	ck_assert_int_eq(control_next(&control, &field), CONTROL_FIELD);
	ck_assert(field_is(&field, "Package", "abc"));
	ck_assert(!control_is(&field, "Pack"));
	ck_assert(!control_is(&field, "Packages"));
	ck_assert_int_eq(control_next(&control, &field), CONTROL_END);
}
END_TEST

START_TEST(lines_that_are_no_field_are_refused)
{
	static const char *const texts[] = {"word\n", ": value\n", " continuation of nothing\n", "a: b\nword"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct control control = {texts[i], texts[i] + strlen(texts[i])};
		struct control_field field;
		int r = control_next(&control, &field);

		if (r == CONTROL_FIELD)
			r = control_next(&control, &field);
		ck_assert_int_eq(r, -EBADMSG);
	}
}
END_TEST

/* --- Release ------------------------------------------------------------------------------------------------------ */

#define RELEASE                                                                                                        \
	"Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 21 Nov 2026 09:15:44 UTC\n"                       \
	"Valid-Until: Sat, 28 Nov 2026 09:15:44 UTC\nAcquire-By-Hash: yes\nArchitectures: all amd64 arm64\n"           \
	"No-Support-for-Architecture-all: Packages\nMD5Sum:\n 0123456789abcdef0123456789abcdef 5 main/x\n"             \
	"SHA256:\n " DIGEST_A "     5 main/binary-amd64/Packages\n " DIGEST_B " 12345678901 main/x y\n"

static struct release *read_release(struct arena *arena, const char *text)
{
	struct release *release = NULL;
	struct err err = {0};

	release_read(arena, "test", text, strlen(text), &release, &err);
	err_free(&err);
	return release;
}

START_TEST(the_names_of_a_relationship_are_told_without_the_rest)
{
	static const struct {
		const char *field, *names;
	} cases[] = {
		{"", ""},
		{"a", "a "},
		{"a (>= 1.0~b), libc6 (<< 2), c++", "a libc6 c++ "},
		{"a | b (= 1:2-3) |c", "a b c "},
		{"python3:any (>= 3), b:amd64", "python3 b "},
		{"a [amd64 !i386] <!nocheck cross>, b", "a b "},
		{"\n a,\n\tb\n", "a b "},
		{", , a,", "a "},
		{"a (>= 1", "a "},
		{"a:", "a "},
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* what follows the field is another's: it must not be read */
		const char *text = arena_printf(arena, "%sz", cases[i].field), *name, *told = "";
		size_t length;

		for (const char *at = text; (name = relations_next(&at, text + strlen(text) - 1, &length));)
			told = arena_printf(arena, "%s%.*s ", told, (int)length, name);
		ck_assert_str_eq(told, cases[i].names);
	}
}
END_TEST

START_TEST(a_release_says_what_it_is_and_what_it_has)
{
	static const char text[] =
		"Suite: stable\nCodename: trixie\nDate: Sat, 21 Nov 2026 09:15:44 UTC\nSHA256:\n " DIGEST_A
		"     5 main/binary-amd64/Packages\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct release *release = read_release(arena, text);
	const struct release_file *file;

	ck_assert_ptr_nonnull(release);
	ck_assert_str_eq(release->suite, "stable");
	ck_assert_str_eq(release->codename, "trixie");
	ck_assert_int_eq(release->date, 1795252544);
	ck_assert_int_eq(release->valid_until, 0);
	ck_assert(!release->by_hash);
	file = release_file(release, "main/binary-amd64/Packages");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(file->size, 5);
	ck_assert_str_eq(file->sha256, DIGEST_A);
	ck_assert_ptr_null(release_file(release, "main/binary-amd64/Packages.xz"));
}
END_TEST

START_TEST(an_index_of_its_own_for_all_is_where_the_release_says_so)
{
#define ALL_RELEASE(fields) "Date: Sat, 21 Nov 2026 09:15:44 UTC\n" fields "SHA256:\n " DIGEST_A " 5 a\n"
	_cleanup_arena_ struct arena *arena = arena_new();

	ck_assert(!read_release(arena, ALL_RELEASE("Architectures: amd64\n"))->all_apart);
	ck_assert(!read_release(arena, ALL_RELEASE("Architectures: amd64 small\n"))->all_apart);
	ck_assert(read_release(arena, ALL_RELEASE("Architectures: amd64 all\n"))->all_apart);
	ck_assert(!read_release(arena,
				ALL_RELEASE("Architectures: all amd64\nNo-Support-for-Architecture-all: Packages\n"))
			   ->all_apart);
	ck_assert(!read_release(arena, ALL_RELEASE("No-Support-for-Architecture-all: Packages\nArchitectures: all\n"))
			   ->all_apart);
}
END_TEST

START_TEST(a_release_that_cannot_be_understood_is_refused)
{
	static const char *const texts[] = {
		"",
		"hello",
		RELEASE, /* a path with a blank */
		"Suite: x\nDate: Sat, 21 Nov 2026 09:15:44 UTC\n",
		"Date: Sat, 21 Nov 2026 09:15:44 UTC\nMD5Sum:\n 0123456789abcdef0123456789abcdef 5 a\n",
		"Date: Sat, 21 Nov 2026 09:15:44 UTC\nSHA256:\n " DIGEST_A " 5 a\nSHA512:\n " DIGEST_A DIGEST_A " 6 a\n",
		"Date: Sat, 21 Nov 2026 09:15:44 UTC\nSHA256:\n 1234 5 a\n",
		"Date: Sat, 21 Nov 2026 09:15:44 UTC\nSHA256:\n " DIGEST_A " a\n",
		"Date: Sat, 21 Nov 2026 09:15:44 UTC\nValid-Until: never\nSHA256:\n " DIGEST_A " 5 a\n",
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!read_release(arena, texts[i]), "accepted: %s", texts[i]);
}
END_TEST

START_TEST(dates_of_releases_are_read)
{
	static const char *const wrong[] = {"Sat, 21 Nov 2026 09:15:44",
					    "Sat, 21 Nov 2026 09:15:44 CET",
					    "21 Nov 2026 09:15:44 UTC",
					    "Sat, 21 ovN 2026 09:15:44 UTC",
					    "Sat, 41 Nov 2026 09:15:44 UTC",
					    "Sat, 21 Nov 2026 09:15:44 UTC+1",
					    ""};
	int64_t seconds;

	ck_assert_int_eq(release_date("Thu, 01 Jan 1970 00:00:01 UTC", &seconds), 0);
	ck_assert_int_eq(seconds, 1);
	ck_assert_int_eq(release_date("Sun,  8 Feb 2026 12:00:00 +0000", &seconds), 0);
	ck_assert_int_eq(seconds, 1770552000);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(release_date(wrong[i], &seconds) == -EINVAL, "accepted: %s", wrong[i]);
}
END_TEST

START_TEST(times_of_locks_are_read_as_they_are_written)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int64_t seconds;

	ck_assert_str_eq(time_format(arena, 1795252544), "2026-11-21T09:15:44Z");
	ck_assert_int_eq(time_parse("2026-11-21T09:15:44Z", &seconds), 0);
	ck_assert_int_eq(seconds, 1795252544);
	ck_assert_int_eq(time_parse("2026-11-21T09:15:44", &seconds), -EINVAL);
	ck_assert_int_eq(time_parse("2026-13-21T09:15:44Z", &seconds), -EINVAL);
	ck_assert_int_eq(time_parse("2026-11-21T09:15:44Zx", &seconds), -EINVAL);
}
END_TEST

static int check(int64_t not_before, int64_t now, const char *suite, bool allow_expired)
{
	static const struct release release = {
		.suite = "stable", .codename = "trixie", .date = 1000000, .valid_until = 1600000};
	struct err err = {0};
	int r = release_check(&release, "test", suite, NULL, not_before, now, allow_expired, &err);

	err_free(&err);
	return r;
}

START_TEST(what_a_release_leaves_out_is_not_missed)
{
	const struct release *release = read_release(
		scratch_arena(), "SHA512:\n " DIGEST_A DIGEST_B " 5 ./Packages.gz\nSHA256:\n " DIGEST_B " 7 x\n");
	const struct release_file *file;

	ck_assert_ptr_nonnull(release);
	ck_assert_int_eq(release->date, 0);
	ck_assert_str_eq(release->architectures, "");
	ck_assert(release->all_apart);
	file = release_file(release, "Packages.gz");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_null(file->sha256);
	ck_assert_str_eq(file->sha512, DIGEST_A DIGEST_B);
	ck_assert_str_eq(release_file(release, "x")->sha256, DIGEST_B);
	ck_assert_int_eq(read_release(scratch_arena(), "Date: yesterday\nSHA256:\n " DIGEST_A " 5 a\n")->date, 0);
}
END_TEST

START_TEST(a_suite_is_known_by_what_its_release_calls_it)
{
	static const struct {
		const char *suite, *codename, *asked, *other;
		bool taken;
	} rows[] = {
		{"stable", "trixie", "trixie", NULL, true},	  {"stable", "", "stable/updates", NULL, true},
		{"stable/updates", "", "stable/updates", NULL, true}, {"", "", "anything", NULL, true},
		{"stable", "", "./", NULL, true},		  {"stable", "trixie", "sid", NULL, false},
		{"stable", "trixie", "sid", "trixie", true},	  {"stable", "trixie", "sid", "noble", false},
		{"stable", "", "stab", NULL, false},		  {"", "trixie", "updates/trixie", NULL, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct release release = {.suite = rows[i].suite, .codename = rows[i].codename};
		struct err err = {0};
		int r = release_check(&release, "test", rows[i].asked, rows[i].other, 0, 0, false, &err);

		ck_assert_msg((r == 0) == rows[i].taken, "%s", rows[i].asked);
		err_free(&err);
	}
}
END_TEST

START_TEST(a_release_counts_only_in_its_time_and_for_its_suite)
{
	ck_assert_int_eq(check(0, 1000000, "trixie", false), 0);
	ck_assert_int_eq(check(1000000, 1600000, "stable", false), 0);
	ck_assert_int_eq(check(0, 1000000, "bookworm", true), -EBADMSG);
	ck_assert_int_eq(check(0, 1000000, "", true), -EBADMSG);
	ck_assert_int_eq(check(0, 1600001, "trixie", false), -ESTALE);
	ck_assert_int_eq(check(0, 1600001, "trixie", true), 0);
	ck_assert_int_eq(check(1000001, 1000002, "trixie", true), -ESTALE);
	ck_assert_int_eq(check(0, 900000, "trixie", false), -ESTALE);
}
END_TEST

/* --- signatures --------------------------------------------------------------------------------------------------- */

static int dearmor(const char *text, struct buf *binary)
{
	struct err err = {0};
	int r = openpgp_dearmor("key.asc", text, strlen(text), binary, &err);

	err_free(&err);
	return r;
}

START_TEST(armor_is_taken_off)
{
	static const char armored[] =
		"words before\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: a: b\n\nmQENBGfp\nPhUBCAA=\n"
		"=abcd\n-----END PGP PUBLIC KEY BLOCK-----\nwords between\n"
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmQEN\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n";
	static const unsigned char plain[] = {0x99, 0x01, 0x0d, 0x04, 0x67, 0xe9, 0x3e,
					      0x15, 0x01, 0x08, 0x00, 0x99, 0x01, 0x0d};
	_cleanup_buf_ struct buf binary = {0};

	ck_assert_int_eq(dearmor(armored, &binary), 0);
	ck_assert_uint_eq(binary.size, sizeof plain);
	ck_assert_mem_eq(binary.data, plain, sizeof plain);
}
END_TEST

START_TEST(a_binary_key_is_taken_as_it_is)
{
	_cleanup_buf_ struct buf binary = {0};

	ck_assert_int_eq(dearmor("\x99\x01\n-----", &binary), 0);
	ck_assert_uint_eq(binary.size, 8);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
	static const char *const texts[] = {
		"",
		"hello\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nm*EN\n-----END PGP PUBLIC KEY BLOCK-----\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n",
		"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nmQEN\n-----END PGP PRIVATE KEY BLOCK-----\n",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		_cleanup_buf_ struct buf binary = {0};

		ck_assert_msg(dearmor(texts[i], &binary) == -EBADMSG, "accepted: %s", texts[i]);
	}
}
END_TEST

#define GNUPG "[GNUPG:] "
#define VALIDSIG(digest, class, primary)                                                                               \
	GNUPG "VALIDSIG 00 2026-11-21 1795252581 0 4 0 1 " digest " " class " " primary "\n"
#define GOOD GNUPG "NEWSIG\n" GNUPG "GOODSIG 00 Somebody\n"

static int judge(const char *status)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv pinned = {0};
	struct err err = {0};
	int r;

	strv_push(arena, &pinned, "AA11");
	strv_push(arena, &pinned, "BB22");
	r = openpgp_status("test", OPENPGP_CLEAR_SIGNED, status, &pinned, &err);
	err_free(&err);
	return r;
}

/* As people write them: of the primary key and of a subkey, as gpg prints them, and apt's "!". */
START_TEST(a_fingerprint_can_be_written_in_many_ways)
{
	static const char status[] = GNUPG "PLAINTEXT 74 0 \n" GOOD GNUPG
					   "VALIDSIG SS99 2026-11-21 1795252581 0 4 0 1 8 01 AA11\n";
	static const struct {
		const char *written;
		bool counts;
	} rows[] = {
		{"AA11", true}, {"aa11", true}, {"0xAA11", true}, {"A A1 1", true}, {"SS99", true}, {"SS99!", true},
		{"AA11!", false}, {"AA1", false}, {"AA111", false}, {"", false}, {"!", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct strv pinned = {0};
		struct err err = {0};

		strv_push(scratch_arena(), &pinned, rows[i].written);
		ck_assert_msg((openpgp_status("test", OPENPGP_CLEAR_SIGNED, status, &pinned, &err) == 0) == rows[i].counts,
			      "%s", rows[i].written);
		err_free(&err);
	}
}
END_TEST

/* gpgv says of a signature in a file of its own that there was no text in it; of a text in one, that there was. */
START_TEST(a_detached_signature_has_no_text_in_it)
{
	static const char sound[] = GOOD VALIDSIG("8", "00", "AA11");
	struct strv pinned = {0};
	struct err err = {0};

	strv_push(scratch_arena(), &pinned, "AA11");
	ck_assert_int_eq(openpgp_status("test", OPENPGP_DETACHED, sound, &pinned, &err), 0);
	ck_assert_int_eq(openpgp_status("test", OPENPGP_DETACHED, GNUPG "PLAINTEXT 74 0 \n" GOOD VALIDSIG("8", "00", "AA11"),
					&pinned, &err),
			 -EBADMSG);
	err_free(&err);
}
END_TEST

START_TEST(only_good_signatures_by_pinned_primary_keys_count)
{
	static const char plain[] = GNUPG "PLAINTEXT 74 0 \n", unknown[] = GNUPG "NEWSIG\n" GNUPG "NO_PUBKEY 00\n";
	static const struct {
		const char *status;
		int expected;
	} cases[] = {
		{GOOD VALIDSIG("8", "01", "AA11"), 0},
		{GOOD VALIDSIG("10", "01", "BB22"), 0},
		{GOOD VALIDSIG("8", "01", "CC33"), -EBADMSG},
		{GOOD VALIDSIG("8", "01", "CC33") GOOD VALIDSIG("8", "01", "AA11"), 0},
		{GOOD VALIDSIG("2", "01", "AA11"), -EBADMSG},
		{GOOD VALIDSIG("8", "00", "AA11"), -EBADMSG},
		{GNUPG "NEWSIG\n" GNUPG "EXPKEYSIG 00 Somebody\n" VALIDSIG("8", "01", "AA11"), -EBADMSG},
		{GNUPG "NEWSIG\n" GNUPG "REVKEYSIG 00 Somebody\n" VALIDSIG("8", "01", "AA11"), -EBADMSG},
		{GOOD VALIDSIG("8", "01", "CC33") GNUPG "NEWSIG\n" GNUPG "EXPSIG 00 X\n" VALIDSIG("8", "01", "AA11"),
		 -EBADMSG},
		{GOOD VALIDSIG("8", "01", "AA11") GNUPG "NEWSIG\n" GNUPG "BADSIG 00 Somebody\n", -EBADMSG},
		{GOOD VALIDSIG("8", "01", "AA11") GNUPG "PLAINTEXT 74 0 \n", -EBADMSG},
		{GOOD, -EBADMSG},
		{"VALIDSIG\n", -EBADMSG},
		{"", -EBADMSG},
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(judge(arena_printf(arena, "%s%s%s", plain, unknown, cases[i].status)) ==
				      cases[i].expected,
			      "case %zu: %s", i, cases[i].status);
	ck_assert_int_eq(judge(GOOD VALIDSIG("8", "01", "AA11")), -EBADMSG); /* nothing was signed */
}
END_TEST

SUITE(release, fields_and_stanzas_are_told_apart, a_text_without_a_last_newline_is_read_to_its_end,
      lines_that_are_no_field_are_refused, the_names_of_a_relationship_are_told_without_the_rest,
      a_release_says_what_it_is_and_what_it_has, an_index_of_its_own_for_all_is_where_the_release_says_so,
      a_release_that_cannot_be_understood_is_refused, dates_of_releases_are_read,
      times_of_locks_are_read_as_they_are_written, a_release_counts_only_in_its_time_and_for_its_suite,
      armor_is_taken_off, a_binary_key_is_taken_as_it_is, what_is_no_key_is_refused,
      a_fingerprint_can_be_written_in_many_ways, a_detached_signature_has_no_text_in_it,
      what_a_release_leaves_out_is_not_missed, a_suite_is_known_by_what_its_release_calls_it,
      only_good_signatures_by_pinned_primary_keys_count)
