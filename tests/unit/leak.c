/* The search for secrets: values in all spellings, borders of pieces, what is told. Every key here was made for this
 * file. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "leak/finding.h"
#include "leak/forms.h"
#include "leak/needles.h"
#include "leak/search.h"
#include "scratch.h"

/* What others search for is in pieces here. */
#define ARMOUR(words) "-----BEGIN " words "PRIVATE" " KEY-----"
#define ED25519 "MC4CAQAwBQYDK2VwBCIEICTWWPAP0EBUNPyMILBvZHPQ55YyLwn3msOD1T63jfKB"
#define SHA512_CRYPT "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."
#define JWT_HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define JWT_END ".eyJpc3MiOiJ3ZSIsInN1YiI6IjQ3MTEifQ.q3J9wZ0kP1rT7uVb8nXyA2sD4fG6hJ8kLmN0pQrS1tU"
#define AWS_ID "AKIA" "Q7KZW3MB5XNE2RTD"
#define AWS_SECRET "k3Jf9QmZ2vXp7RtL0wYb5NcHs8GdEaVu4TiKoM1x"
#define TOKEN36 "Zk3vQ9sLw0Xr7NbT5yHc2JmPf8GdA1eUiK4o"

/* --- many needles ---------------------------------------------------------------------------------------------------- */

static void count_hit(void *data, size_t index, size_t at)
{
	size_t *counts = data;

	counts[index] += at + 1;
}

/* The oracle is memcmp(3) at each place. */
static void compare_with_memcmp(const struct needle *list, size_t n, const char *text, size_t size, size_t from, size_t to)
{
	struct needles *needles = needles_new(list, n);
	size_t *found = calloc(n, sizeof *found);

	needles_find(needles, text, size, from, to, count_hit, found);
	for (size_t i = 0; i < n; i++) {
		size_t expected = 0;

		for (size_t at = from; at < to && at + list[i].size <= size; at++)
			if (memcmp(text + at, list[i].bytes, list[i].size) == 0)
				expected += at + 1;
		ck_assert_msg(found[i] == expected, "needle %zu of %zu bytes in %zu, %zu to %zu", i, list[i].size, size, from,
			      to);
	}
	free(found);
	needles_free(needles);
}

START_TEST(each_needle_is_found_at_each_place_once)
{
	static const struct needle few[] = {{"abab", 4}, {"baba", 4}, {"aaaaaaaa", 8}, {"abababab", 8}, {"abb", 3 + 1}},
				   long_ones[] = {{"abababab", 8}, {"aaaaaaaab", 9}, {"bbbbabababba", 12}};
	char text[97];
	unsigned state = 7;

	for (int round = 0; round < 200; round++) {
		size_t size = (size_t)round % sizeof text, from;

		for (size_t i = 0; i < size; i++) {
			state = state * 1103515245 + 12345;
			text[i] = state >> 16 & 1 && round % 3 ? 'a' : 'b';
		}
		from = size ? state % size : 0;
		compare_with_memcmp(few, sizeof few / sizeof *few, text, size, 0, size);
		compare_with_memcmp(few, sizeof few / sizeof *few, text, size, from, size);
		compare_with_memcmp(long_ones, sizeof long_ones / sizeof *long_ones, text, size, 0, from);
		compare_with_memcmp(long_ones, sizeof long_ones / sizeof *long_ones, text, size, from, size);
	}
}
END_TEST

/* --- known values ---------------------------------------------------------------------------------------------------- */

static const struct leak_value values[] = {
	{"short", "k7#Q/z'9", 8},
	{"odd", "p\\\"w$ %&<>+ord", 14},
	{"key", "\x01\xf2\x03\xe4\x05\xd6\x07\xc8\x09\xba\x0b\xac\x0d\x9e\x0f\x80", 16},
	{"lines", "first line of it: aB3\nsecond-line/of+it==\nx\n", 44},
	{"small", "1234567", 7},
};
enum { N_VALUES = sizeof values / sizeof *values - 1 };

/* The value that is found in the text, or NULL; what is found twice is one find. */
static const char *value_in(const void *text, size_t size)
{
	struct leak_search *search = leak_search_new(false, values, N_VALUES + 1);
	struct leak_finds *finds = leak_finds_new();
	struct leak_find *all;
	const char *name = NULL;
	size_t n;

	leak_look(search, finds, "/a", LEAK_CONTENT, text, size, 0);
	all = leak_finds_all(finds, &n);
	if (n) {
		ck_assert_uint_eq(n, 1);
		ck_assert_str_eq(all[0].form, LEAK_VALUE);
		name = all[0].name;
	}
	ck_assert(leak_is_in(search, text, size) == (n > 0));
	leak_search_free(search);
	leak_finds_free(finds);
	return name;
}

static void base64_of(struct buf *out, const unsigned char *from, size_t size, bool url)
{
	const char *alphabet = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
				   : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, held = 0;

	for (size_t i = 0; i < size; i++)
		for (held = held << 8 | from[i], bits += 8; bits >= 6; bits -= 6)
			buf_add_u8(out, (uint8_t)alphabet[held >> (bits - 6) & 63]);
	if (bits)
		buf_add_u8(out, (uint8_t)alphabet[held << (6 - bits) & 63]);
}

static const char *wide(const char *text, size_t size)
{
	char *out = arena_alloc(scratch_arena(), 2 * size + 1);

	for (size_t i = 0; i < size; i++)
		out[2 * i] = text[i];
	return out;
}

START_TEST(a_value_is_found_in_base64_and_hexadecimal_wherever_it_begins)
{
	static const unsigned char around[] = "something that is no secret";

	for (size_t v = 0; v < N_VALUES; v++)
		for (size_t before = 0; before < 7; before++)
			for (int url = 0; url < 2; url++) {
				_cleanup_buf_ struct buf plain = {0}, base64 = {0};
				char *hex;

				buf_add(&plain, around, before);
				buf_add(&plain, values[v].data, values[v].size);
				ck_assert_str_eq(value_in(plain.data, plain.size), values[v].name);
				buf_add(&plain, around, before % 4);
				base64_of(&base64, (unsigned char *)plain.data, plain.size, url);
				ck_assert_msg(value_in(base64.data, base64.size), "%s behind %zu", values[v].name, before);
				hex = arena_alloc(scratch_arena(), 2 * plain.size + 1);
				hex_encode(plain.data, plain.size, hex);
				ck_assert_str_eq(value_in(hex, 2 * plain.size), values[v].name);
				for (char *c = hex; url && *c; c++)
					*c = *c >= 'a' ? (char)(*c - 32) : *c;
				ck_assert_str_eq(value_in(hex, 2 * plain.size), values[v].name);
			}
}
END_TEST

START_TEST(a_value_is_found_as_other_files_have_to_write_it)
{
	static const struct {
		const char *text, *name;
	} texts[] = {
		{"url=k7%23Q%2Fz%279&", "short"}, {"url=k7%23Q%2fz%279&", "short"}, {"\"k7#Q\\/z'9\"", "short"},
		{"x='k7#Q/z'\\''9'", "short"}, {"x='k7#Q/z'\"'\"'9'", "short"},
		{"x=k7\\#Q/z\\'9", "short"}, {"<a b='k7#Q/z&apos;9'/>", "short"},
		{"{\"a\": \"p\\\\\\\"w$ %&<>+ord\"}", "odd"}, {"p%5C%22w%24+%25%26%3C%3E%2Bord", "odd"},
		{"p%5C%22w%24%20%25%26%3C%3E%2Bord", "odd"}, {"\"p\\\\\\\"w\\$ %&<>+ord\"", "odd"},
		{"X=p\\\"w$$ %%&<>+ord", "odd"}, {"p\\&quot;w$ %&amp;&lt;&gt;+ord", "odd"},
		{"first line of it: aB3", "lines"}, {"  second-line/of+it==\r\n", "lines"},
		{"\"first line of it: aB3\\nsecond-line/of+it==\\nx\"", "lines"},
		{"first line of it", NULL}, {"x", NULL}, {"1234567", NULL}, {"k7#Q/z'", NULL}, {"K7#Q/Z'9", NULL},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *name = value_in(texts[i].text, strlen(texts[i].text));

		ck_assert_msg((name != NULL) == (texts[i].name != NULL), "row %zu: %s", i, texts[i].text);
		if (name)
			ck_assert_str_eq(name, texts[i].name);
	}
	ck_assert_str_eq(value_in(wide("k7#Q/z'9", 8), 16), "short");
}
END_TEST

/* --- streams --------------------------------------------------------------------------------------------------------- */

/* Puts the text at `at` of a stream of `size` bytes, given in pieces of `piece`; tells the finds. */
static size_t find_in_stream(const char *text, size_t at, size_t size, size_t piece, uint64_t *offset, char *filled)
{
	struct leak_search *search = leak_search_new(true, values, N_VALUES);
	struct leak_finds *finds = leak_finds_new();
	struct leak_passage *passage = leak_passage_new(search, finds);
	struct leak_find *all;
	size_t n;

	memset(filled, '\n', size);
	memcpy(filled + at, text, strlen(text));
	leak_passage_begin(passage, "/a", LEAK_CONTENT, 1000);
	for (size_t done = 0; done < size;) {
		size_t room;
		char *to = leak_passage_room(passage, &room);

		room = room < piece ? room : piece;
		room = room < size - done ? room : size - done;
		memcpy(to, filled + done, room);
		leak_passage_add(passage, room);
		done += room;
	}
	leak_passage_end(passage);
	all = leak_finds_all(finds, &n);
	*offset = n ? all[0].offset : 0;
	leak_passage_free(passage);
	leak_finds_free(finds);
	leak_search_free(search);
	return n;
}

START_TEST(what_lies_over_the_border_of_two_pieces_is_found_once)
{
	static const char *const texts[] = {
		ARMOUR("") "\n" ED25519 "\n", "root:" SHA512_CRYPT ":1:", "k7#Q/z'9", "aws " AWS_SECRET "\n" AWS_ID "\n",
		JWT_HEADER JWT_END,
	};
	enum { BUFFER = FORM_BEHIND + FORM_AHEAD + (1 << 20), SIZE = BUFFER + 40000 };
	static const size_t borders[] = {BUFFER - FORM_AHEAD, BUFFER, BUFFER - FORM_AHEAD - FORM_BEHIND, 1 << 20, SIZE};
	char *filled = scratch_own(malloc(SIZE));

	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
		for (size_t b = 0; b < sizeof borders / sizeof *borders; b++)
			for (size_t before = strlen(texts[t]); before <= strlen(texts[t]); before -= 7) {
				size_t at = borders[b] - before, n;
				uint64_t offset;

				if (at + strlen(texts[t]) > SIZE)
					continue;
				n = find_in_stream(texts[t], at, SIZE, b % 2 ? 65536 : SIZE, &offset, filled);
				ck_assert_msg(n == 1, "text %zu at %zu: %zu", t, at, n);
				ck_assert_uint_ge(offset, 1000 + at);
				ck_assert_uint_lt(offset, 1000 + at + strlen(texts[t]));
			}
}
END_TEST

/* --- what is told ---------------------------------------------------------------------------------------------------- */

START_TEST(a_path_is_told_without_the_secret_in_it)
{
	struct leak_search *search = leak_search_new(true, values, N_VALUES);
	_cleanup_buf_ struct buf out = {0};

	leak_mask(search, "/etc/k7#Q/z'9/ghp" "_" TOKEN36 ".conf", &out);
	ck_assert_str_eq(out.data, "/etc/…/….conf");
	leak_search_free(search);
}
END_TEST

static struct leak_find find_at(const char *path, const char *form, const char *bytes)
{
	struct leak_find find = {.path = path, .form = form, .what = "a thing", .n_bytes = strlen(bytes)};

	memcpy(find.bytes, bytes, find.n_bytes);
	return find;
}

START_TEST(an_exception_is_for_its_path_and_form_and_for_copies_that_are_in_no_file)
{
	static const struct leak_exception exceptions[] = {
		{"/opt/*/key.pem", "private-key", "a test"}, {"/etc/b", NULL, "public"}, {"/etc/nothing", NULL, "idle"}};
	struct leak_find finds[] = {
		find_at("/opt/app/tests/key.pem", "private-key", "0123456789abcdefghijklmnopqrst"),
		find_at("/opt/app/tests/key.pem", "jwt", "0123456789abcdefghijklmnopqrst"),
		find_at("/etc/a", "private-key", "0123456789abcdefghijklmnopqrst"),
		find_at("/etc/b", "url-password", "a://b:c@d"),
		find_at("plan.json", "private-key", "..0123456789abcdefghijklmnopqrst"),
		find_at("plan.json", "private-key", "another 9abcdefghijklmnopqrst"),
		find_at("plan.json", "url-password", "a://b:c@d"),
		find_at("plan.json", "url-password", "x://b:c@d"),
	};
	bool used[3] = {false};
	const bool excused[] = {true, false, false, true, true, false, true, false};

	leak_excuse(finds, 8, exceptions, 3, used);
	leak_excuse_copies(finds, 8);
	for (size_t i = 0; i < 8; i++)
		ck_assert_msg((finds[i].excused != NULL) == excused[i], "find %zu", i);
	ck_assert(used[0] && used[1] && !used[2]);
}
END_TEST

START_TEST(a_find_is_told_by_place_form_and_name_and_never_by_what_it_is)
{
	struct leak_search *search = leak_search_new(true, values, N_VALUES);
	struct leak_find finds[] = {
		{.path = "/etc/k7#Q/z'9", .part = LEAK_NAME, .form = LEAK_VALUE, .what = "plain text", .name = "short"},
		{.path = "/etc/x", .part = LEAK_UNPACKED, .offset = 17, .form = "jwt", .what = "a signed JSON Web Token"},
		{.path = "/etc/y", .form = "jwt", .what = "a signed JSON Web Token", .excused = "a test"},
	};
	struct err err = {0};

	ck_assert_int_lt(leak_tell(search, finds, 3, NULL, NULL, &err), 0);
	ck_assert_uint_eq(err.count, 2);
	ck_assert_str_eq(err.first->text, "a secret must not be in an image: in the name '/etc/…' is the value of 'short', as "
					  "plain text");
	ck_assert_str_eq(err.last->text, "a secret must not be in an image: in '/etc/x', unpacked, at byte 17 is a signed JSON "
					 "Web Token (jwt)");
	err_free(&err);
	leak_search_free(search);
}
END_TEST

SUITE(leak, each_needle_is_found_at_each_place_once,
      a_value_is_found_in_base64_and_hexadecimal_wherever_it_begins, a_value_is_found_as_other_files_have_to_write_it,
      what_lies_over_the_border_of_two_pieces_is_found_once, a_path_is_told_without_the_secret_in_it,
      an_exception_is_for_its_path_and_form_and_for_copies_that_are_in_no_file,
      a_find_is_told_by_place_form_and_name_and_never_by_what_it_is)
