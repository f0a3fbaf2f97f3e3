/* What aether-secrets reads of others: what is declared, what was sent, discs, /etc/shadow; and what the agent tells of it. */
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "machine/agent/secrets_said.h"
#include "machine/secrets/declared.h"
#include "machine/secrets/opened.h"
#include "machine/secrets/outside.h"
#include "machine/secrets/sent.h"
#include "machine/secrets/told.h"
#include "scratch.h"

static struct bytes text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* --- what is declared ------------------------------------------------------------------------------------------------ */

#define HEAD "aether-secrets\t1\nmachine\tm\n"
#define A "secret\ta\t0400\troot\troot\n"

static const struct {
	const char *text, *problem;    /* how it begins; NULL: it is good */
} declared_rows[] = {
	{"", "it is empty"},
	{"machine\tm\n", "line 1: it does not begin with 'aether-secrets 1'"},
	{"aether-secrets\t2\n", "line 1: it does not begin"},
	{"aether-secrets\t1\n", "it names no machine"},
	{HEAD, NULL},
	{HEAD "machine\tn\n", "line 3: the machine is named once"},
	{HEAD "\n", "line 3: '' is no word of it"},
	{HEAD "what\tx\n", "line 3: 'what' is no word of it"},
	{HEAD A "sent\n", NULL},
	{HEAD A "sops\tf\tyaml\ta\tb\n", NULL},
	{HEAD A "sops\tf\tbinary\n", NULL},
	{HEAD A, "'a' comes from nowhere"},
	{HEAD A "sent\nsops\tf\tyaml\n", "line 5: 'a' comes from two places"},
	{HEAD A "sops\t.f\tyaml\n", "line 4: '.f' is no file's name"},
	{HEAD A "sops\td/f\tyaml\n", "line 4: 'd/f' is no file's name"},
	{HEAD A "sops\tf\tpdf\n", "line 4: 'pdf' is no format"},
	{HEAD A "sent\n" A "sent\n", "line 5: 'a' is there twice"},
	{HEAD A "sent\ttoo\n", "line 4: 'sent' has 2 fields"},
	{HEAD "secret\t/a\t0400\troot\troot\n", "line 3: '/a' is no name"},
	{HEAD "secret\ta/../b\t0400\troot\troot\n", "line 3: 'a/../b' is no name"},
	{HEAD "secret\ta/\t0400\troot\troot\n", "line 3: 'a/' is no name"},
	{HEAD "secret\t\t0400\troot\troot\n", "line 3: '' is no name"},
	{HEAD "secret\ta\\nb\t0400\troot\troot\n", "line 3: 'a\nb' is no name"},
	{HEAD "secret\trendered\t0400\troot\troot\n", "line 3: 'rendered' is no name"},
	{HEAD "secret\trendered/x\t0400\troot\troot\n", "line 3: 'rendered/x' is no name"},
	{HEAD "secret\trenderedx\t0400\troot\troot\nsent\n", NULL},
	{HEAD "secret\ta\t04755\troot\troot\n", "line 3: '04755' is no mode"},
	{HEAD "secret\ta\t4755\troot\troot\n", "line 3: '4755' is no mode"},
	{HEAD "secret\ta\t\troot\troot\n", "line 3: '' is no mode"},
	{HEAD "secret\ta\t0400\troot\troot\tusers\tempty\nsent\n", NULL},
	{HEAD "secret\ta\t0400\troot\troot\tusers\tempty\tmore\nsent\n", "line 3: 'secret' has 8 fields"},
	{HEAD "restart\tx.service\n", "line 3: 'restart' does not belong there"},
	{HEAD A "text\tx\n", "line 4: 'text' does not belong there"},
	{HEAD A "sent\nlink\t/etc/x\nrestart\ta\tb\nreload\tc\nneed\td\n", NULL},
	{HEAD A "sent\nlink\t/etc/../x\n", "line 5: '/etc/../x' is no path"},
	{HEAD A "sent\nrestart\t-H\n", "line 5: '-H' is no unit"},
	{HEAD "template\tt\t0400\troot\troot\n", NULL},
	{HEAD A "sent\ntemplate\tt\t0400\troot\troot\ntext\tx\nvalue\ta\n", NULL},
	{HEAD "template\tt\t0400\troot\troot\nvalue\ta\n" A "sent\n", NULL},
	{HEAD "template\tt\t0400\troot\troot\nvalue\trendered/t\n", "'rendered/t' has the value of 'rendered/t', which"},
	{HEAD "template\tt\t0400\troot\troot\nsent\n", "line 4: 'sent' does not belong there"},
	{HEAD A "sent\npassword\troot\ta\n", NULL},
	{HEAD "password\troot\ta\n", "the password of 'root' is no secret"},
	{HEAD A "sent\npassword\troot\ta\nlink\t/x\n", "line 6: 'link' does not belong there"},
	{HEAD A "sent\\x\n", "line 4: more than"},
};

START_TEST(what_is_declared_is_whole_or_told)
{
	struct pool *pool = pool_new();
	struct declared declared;
	char problem[200] = "";
	const char *expected = declared_rows[_i].problem;
	int r = declared_read(pool, text_of(declared_rows[_i].text), &declared, problem);

	if (expected)
		ck_assert_msg(r == -EINVAL && strncmp(problem, expected, strlen(expected)) == 0, "'%s': %d, '%s'",
			      declared_rows[_i].text, r, problem);
	else
		ck_assert_msg(r == 0, "'%s': %s", declared_rows[_i].text, problem);
	pool_free(pool);
}
END_TEST

LOOP_SUITE(secrets_declared, what_is_declared_is_whole_or_told, sizeof declared_rows / sizeof *declared_rows)

/* --- what was sent --------------------------------------------------------------------------------------------------- */

#define SENT "aether-sent\t1\nmachine\tm\nmade\t12\n"

START_TEST(what_was_sent_is_read_to_the_byte)
{
	static const char text[] = SENT "secret\ta\t3\nx\0\n\nsecret\tb c\t0\n\nsecret\tend\t4\nend\n\nend\n";
	struct pool *pool = pool_new();
	char problem[200] = "";
	struct sent sent;

	ck_assert_int_eq(sent_read(pool, (struct bytes){(const uint8_t *)text, sizeof text - 1}, &sent, problem), 0);
	ck_assert_str_eq(sent.machine, "m");
	ck_assert_int_eq(sent.made, 12);
	ck_assert_uint_eq(sent.n_values, 3);
	ck_assert_uint_eq(sent_find(&sent, "a")->size, 3);
	ck_assert_mem_eq(sent_find(&sent, "a")->data, "x\0\n", 4);
	ck_assert_uint_eq(sent_find(&sent, "b c")->size, 0);
	ck_assert_str_eq((const char *)sent_find(&sent, "end")->data, "end\n");
	ck_assert_ptr_null(sent_find(&sent, "b"));
	for (size_t n = 0; n < sizeof text - 1; n++) {
		ck_assert_int_eq(sent_read(pool, (struct bytes){(const uint8_t *)text, n}, &sent, problem), -EINVAL);
		ck_assert_str_ne(problem, "");
	}
	pool_free(pool);
}
END_TEST

static const char *const sent_rows[] = {
	"", "end\n", SENT, SENT "end", SENT "end\n\n", SENT "end\tx\n", SENT "secret\ta\t1\nx\nsecret\ta\t1\ny\nend\n",
	SENT "secret\ta\t99\nx\nend\n", SENT "secret\ta\t-1\nx\nend\n", SENT "secret\ta\t18446744073709551615\nx\nend\n",
	SENT "secret\ta\t999999999999999999\nx\nend\n", SENT "secret\t\t1\nx\nend\n", SENT "secret\ta\nx\nend\n",
	SENT "secret\ta\t1\t1\nx\nend\n", SENT "secret\ta\t2\nx\nend\n", SENT "what\ta\t1\nx\nend\n",
	"aether-sent\t1\nmade\t12\nmachine\tm\nend\n", "aether-sent\t1\nmachine\t\nmade\t1\nend\n",
	"aether-sent\t1\nmachine\tm\nmade\t\nend\n", "aether-sent\t1\nmachine\tm\nmade\t1x\nend\n",
	"aether-sent\t01\nmachine\tm\nmade\t1\nend\n",
};

START_TEST(what_nobody_sends_is_refused)
{
	struct pool *pool = pool_new();
	char problem[200] = "";
	struct sent sent;

	ck_assert_msg(sent_read(pool, text_of(sent_rows[_i]), &sent, problem) == -EINVAL && *problem, "'%s'", sent_rows[_i]);
	pool_free(pool);
}
END_TEST

LOOP_SUITE(secrets_not_sent, what_nobody_sends_is_refused, sizeof sent_rows / sizeof *sent_rows)

/* --- /etc/shadow ----------------------------------------------------------------------------------------------------- */

START_TEST(a_hash_is_one_that_login_understands)
{
	static const struct {
		const char *value;
		bool good;
	} rows[] = {
		{"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o", true}, {"$6$abcdefgh$aaaaaaaaaaaaaaa", true},
		{"$2b$05$abcdefghijklmnopqrstuv", true}, {"$6$a", false}, {"", false}, {"!", false}, {"*", false},
		{"$6$abcdefgh$aaaaaaaaaaaaaaa\n", false}, {"$6$abcdefgh$aaaa:aaaaaaaaaa", false},
		{"$1$abcdefgh$aaaaaaaaaaaaaaa", false}, {"$6$abcdefgh$aaaaaaaa\xc3\xa4""aaaaa", false},
		{"ab0123456789abcdefghijklmn", false}, {"!$6$abcdefgh$aaaaaaaaaaaaaaa", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(!opened_hash_problem(text_of(rows[i].value)) == rows[i].good, "'%s'", rows[i].value);
}
END_TEST

START_TEST(one_field_of_shadow_changes)
{
	static const struct {
		const char *text, *user, *expected;
	} rows[] = {
		{"a:x:1:\nb:y:2:\n", "b", "a:x:1:\nb:H:2:\n"}, {"a:x:1:\nb:y:2:\n", "a", "a:H:1:\nb:y:2:\n"},
		{"ab:x:1:\na::2:", "a", "ab:x:1:\na:H:2:"}, {"a:x\nb:y:\n", "a", "a:H\nb:y:\n"}, {"b:a:x\n", "a", NULL},
		{"", "a", NULL}, {"a\n", "a", NULL}, {"\n\na:", "a", "\n\na:H"},
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes out = {0};
		bool found = outside_set_hash(pool, text_of(rows[i].text), rows[i].user, text_of("H"), &out);

		ck_assert_msg(found == (rows[i].expected != NULL), "'%s'", rows[i].text);
		if (found)
			ck_assert_str_eq((const char *)out.data, rows[i].expected);
	}
	pool_free(pool);
}
END_TEST

/* --- units ----------------------------------------------------------------------------------------------------------- */

START_TEST(units_are_escaped_as_systemd_does)
{
	static const char *const rows[][2] = {
		{"a", "a"}, {"db/password", "db-password"}, {"db-password", "db\\x2dpassword"}, {"a.b", "a.b"},
		{".a", "\\x2ea"}, {"a_b:c", "a_b:c"}, {"ä", "\\xc3\\xa4"}, {"a b\\", "a\\x20b\\x5c"},
		{"rendered/x", "rendered-x"}, {"a@b", "a\\x40b"},
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(told_unit(pool, rows[i][0]), pool_printf(pool, "aether-secret@%s.service", rows[i][1]));
	pool_free(pool);
}
END_TEST

/* --- what the agent tells -------------------------------------------------------------------------------------------- */

static const char *said_of(const char *status, void (*put)(FILE *out))
{
	struct err err = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	mkdir(scratch_path("run"), 0755);
	mkdir(scratch_path("run/aether"), 0755);
	if (status)
		ck_assert_int_eq(file_write(scratch_path("run/aether/secrets"), status, strlen(status), 0600, &err), 0);
	secrets_said_at(scratch());
	put(out);
	fclose(out);
	return scratch_own(text);
}

START_TEST(the_agent_tells_what_is_not_placed)
{
	static const char mixed[] = "a\tgood\t\nb/c\tbad\tit is \"so\"\\\\\nd\tpending\tnothing was sent yet\n";

	ck_assert_str_eq(said_of(NULL, secrets_said_put_plain), "");
	ck_assert_str_eq(said_of(NULL, secrets_said_put_json), ", \"secrets\": []");
	ck_assert_str_eq(said_of("a\tgood\t\n", secrets_said_put_plain), "secrets: all 1 are placed\n");
	ck_assert_str_eq(said_of(mixed, secrets_said_put_plain),
			 "degraded: 2 of 3 secrets are not placed; what needs them does not start\n"
			 "  bad     b/c: it is \"so\"\\\n"
			 "  pending d: nothing was sent yet\n");
	ck_assert_str_eq(said_of(mixed, secrets_said_put_json),
			 ", \"secrets\": [{\"name\": \"a\", \"state\": \"good\", \"reason\": null}, "
			 "{\"name\": \"b/c\", \"state\": \"bad\", \"reason\": \"it is \\\"so\\\"\\\\\"}, "
			 "{\"name\": \"d\", \"state\": \"pending\", \"reason\": \"nothing was sent yet\"}]");
	ck_assert_str_eq(said_of("a\tgood\t\nhalf", secrets_said_put_plain), "secrets: all 1 are placed\n");
}
END_TEST

SUITE(secrets_machine, what_was_sent_is_read_to_the_byte, a_hash_is_one_that_login_understands, one_field_of_shadow_changes,
      units_are_escaped_as_systemd_does, the_agent_tells_what_is_not_placed)
