/* Words, numbers, and the memory they live in. */
#include "suite.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "machine/lines.h"

/* --- arena and buf --------------------------------------------------------------------------------------------------- */

START_TEST(an_arena_gives_zeroed_memory_aligned_for_any_type)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t size = 1; size < 200000; size = size * 3 + 1) {
		unsigned char *memory = arena_alloc(arena, size);

		ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_int_eq(memory[i], 0);
		memset(memory, 0xaa, size);
	}
}
END_TEST

START_TEST(an_array_grows_one_by_one_and_keeps_what_it_has)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	size_t *items = NULL, count = 0;

	for (size_t i = 0; i < 1000; i++)
		*arena_push(arena, items, count) = i * i;
	ck_assert_uint_eq(count, 1000);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(items[i], i * i);
}
END_TEST

START_TEST(text_is_copied_into_the_arena_to_its_given_length)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	ck_assert_str_eq(arena_strndup(arena, "abcdef", 3), "abc");
	ck_assert_str_eq(arena_printf(arena, "%s-%04d", "x", 7), "x-0007");
	ck_assert_ptr_null(arena_strdup(arena, NULL));
}
END_TEST

START_TEST(a_buffer_is_always_followed_by_a_nul)
{
	_cleanup_buf_ struct buf buf = {0};

	for (int i = 0; i < 5000; i++) {
		buf_add(&buf, "x", 1);
		ck_assert_int_eq(buf.data[buf.size], 0);
	}
	buf_printf(&buf, "%s", "");
	ck_assert_uint_eq(buf.size, 5000);
	ck_assert_uint_eq(strlen(buf.data), 5000);
}
END_TEST

START_TEST(integers_have_the_byte_order_they_are_named_after)
{
	static const unsigned char expected[] = {
		0x01, 0x02, 0x01, 0x04, 0x03, 0x02, 0x01, 0x08, 7, 6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8,
	};
	_cleanup_buf_ struct buf buf = {0};

	buf_add_u8(&buf, 0x01);
	buf_add_le16(&buf, 0x0102);
	buf_add_le32(&buf, 0x01020304);
	buf_add_le64(&buf, 0x0102030405060708);
	buf_add_be32(&buf, 0x01020304);
	buf_add_be64(&buf, 0x0102030405060708);
	ck_assert_uint_eq(buf.size, sizeof expected);
	ck_assert_mem_eq(buf.data, expected, sizeof expected);
}
END_TEST

START_TEST(alignment_pads_with_zeros_and_only_where_needed)
{
	_cleanup_buf_ struct buf buf = {0};

	buf_align(&buf, 8);
	ck_assert_uint_eq(buf.size, 0);
	buf_puts(&buf, "abc");
	buf_align(&buf, 8);
	ck_assert_uint_eq(buf.size, 8);
	ck_assert_mem_eq(buf.data, "abc\0\0\0\0\0", 8);
	buf_align(&buf, 8);
	ck_assert_uint_eq(buf.size, 8);
}
END_TEST

/* A size that wraps around must not make a small buffer. */
START_TEST(a_buffer_that_no_memory_can_hold_ends_the_program)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct buf buf = {0};

		close(2);
		buf_puts(&buf, "abc");
		buf_reserve(&buf, SIZE_MAX - 2);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
END_TEST

/* --- sizes and durations --------------------------------------------------------------------------------------------- */

struct number {
	const char *text;
	int result;
	uint64_t value;
};

static void check_numbers(int (*parse)(const char *, uint64_t *), const struct number *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 4711;

		ck_assert_msg(parse(numbers[i].text, &value) == numbers[i].result, "'%s' gives %d", numbers[i].text,
			      numbers[i].result);
		ck_assert_msg(value == (numbers[i].result < 0 ? 4711 : numbers[i].value), "'%s' gives %llu", numbers[i].text,
			      (unsigned long long)value);
	}
}

START_TEST(sizes_are_powers_of_1024_and_exact)
{
	static const struct number numbers[] = {
		{"0", 0, 0}, {"1", 0, 1}, {"4096", 0, 4096}, {"4096B", 0, 4096}, {"1K", 0, 1024}, {"1KiB", 0, 1024},
		{"512M", 0, 512ULL << 20}, {"10G", 0, 10ULL << 30}, {"10GiB", 0, 10ULL << 30}, {"1.5T", 0, 3ULL << 39},
		{"0.5K", 0, 512}, {"1.50K", 0, 1536}, {"007", 0, 7}, {"2.000000000000000000000K", 0, 2048},
		{"9223372036854775807", 0, INT64_MAX}, {"8388607T", 0, 8388607ULL << 40},
	};

	check_numbers(size_parse, numbers, sizeof numbers / sizeof *numbers);
}
END_TEST

START_TEST(what_is_not_a_size_is_refused)
{
	static const struct number numbers[] = {
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1 K", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{".5K", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{"1.K", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"0.1K", -EINVAL, 0},
		{"1.2.3K", -EINVAL, 0},
		{"1k", -EINVAL, 0},
		{"1KB", -EINVAL, 0},
		{"1KiBx", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"inf", -EINVAL, 0},
		{"nan", -EINVAL, 0},
		{"1,5K", -EINVAL, 0},
		{"1P", -EINVAL, 0},
		{"1.00000000000000000001K", -EINVAL, 0},
		{"9223372036854775808", -ERANGE, 0},
		{"18446744073709551615", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"8388608T", -ERANGE, 0},
		{"16777216T", -ERANGE, 0},
		{"99999999999999999999999999999999999999", -ERANGE, 0},
	};

	check_numbers(size_parse, numbers, sizeof numbers / sizeof *numbers);
}
END_TEST

START_TEST(durations_are_seconds_unless_they_say_otherwise)
{
	static const struct number numbers[] = {
		{"15", 0, 15000},
		{"15s", 0, 15000},
		{"500ms", 0, 500},
		{"1m", 0, 60000},
		{"1min", 0, 60000},
		{"2h", 0, 7200000},
		{"3d", 0, 259200000},
		{"0", 0, 0},
		{"1.5s", 0, 1500},
		{"0.25", 0, 250},
		{"0.5ms", -EINVAL, 0},
		{"1.0005s", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1w", -EINVAL, 0},
		{"9223372036854775807ms", 0, INT64_MAX},
		{"9223372036854775808ms", -ERANGE, 0},
		{"106751991168d", -ERANGE, 0},
	};

	check_numbers(duration_parse, numbers, sizeof numbers / sizeof *numbers);
}
END_TEST

START_TEST(every_thousandth_of_a_second_is_exact)
{
	for (unsigned ms = 0; ms < 10000; ms++) {
		uint64_t value;
		char text[32];

		snprintf(text, sizeof text, "%u.%03us", ms / 1000, ms % 1000);
		ck_assert_int_eq(duration_parse(text, &value), 0);
		ck_assert_uint_eq(value, ms);
	}
}
END_TEST

START_TEST(a_size_is_written_the_way_it_is_read)
{
	static const uint64_t sizes[] = {0, 1, 1023, 1024, 1025, 1 << 20, (1 << 20) + 512, 3ULL << 30, 1ULL << 40, INT64_MAX};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint64_t value;

		ck_assert_int_eq(size_parse(size_format(arena, sizes[i]), &value), 0);
		ck_assert_uint_eq(value, sizes[i]);
	}
	ck_assert_str_eq(size_format(arena, 1536), "1536");
	ck_assert_str_eq(size_format(arena, 3ULL << 30), "3G");
	ck_assert_str_eq(size_format_human(arena, 1023), "1023 B");
	ck_assert_str_eq(size_format_human(arena, 1288490189), "1.2 GiB");
}
END_TEST

/* --- hexadecimal, lists, suggestions --------------------------------------------------------------------------------- */

START_TEST(hexadecimal_is_read_to_its_exact_length_only)
{
	unsigned char bytes[2] = {1, 2};
	char text[5];

	ck_assert_int_eq(hex_decode("00fF", bytes, 2), 0);
	ck_assert_mem_eq(bytes, "\x00\xff", 2);
	hex_encode(bytes, 2, text);
	ck_assert_str_eq(text, "00ff");
	ck_assert_int_eq(hex_decode("00f", bytes, 2), -EINVAL);
	ck_assert_int_eq(hex_decode("00ff0", bytes, 2), -EINVAL);
	ck_assert_int_eq(hex_decode("", bytes, 2), -EINVAL);
	ck_assert_int_eq(hex_decode("00 f", bytes, 2), -EINVAL);
	ck_assert_int_eq(hex_decode("0xff", bytes, 2), -EINVAL);
	ck_assert_int_eq(hex_decode("", bytes, 0), 0);
}
END_TEST

START_TEST(lists_sort_by_byte_value)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const char *const words[] = {"b", "a-1", "ä", "B", "a", "a1"};
	static const char *const sorted[] = {"B", "a", "a-1", "a1", "b", "ä"};
	struct strv list = {0};

	strv_sort(&list);
	for (size_t i = 0; i < 6; i++)
		strv_push(arena, &list, words[i]);
	strv_sort(&list);
	for (size_t i = 0; i < 6; i++)
		ck_assert_str_eq(list.items[i], sorted[i]);
	ck_assert(strv_has(&list, "a-1"));
	ck_assert(!strv_has(&list, "A"));
}
END_TEST

START_TEST(a_list_is_joined_with_something_between_only)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv list = {0};

	ck_assert_str_eq(strv_join(arena, &list, ", "), "");
	strv_push(arena, &list, "one");
	ck_assert_str_eq(strv_join(arena, &list, ", "), "one");
	strv_push(arena, &list, "");
	strv_push(arena, &list, "three");
	ck_assert_str_eq(strv_join(arena, &list, ", "), "one, , three");
}
END_TEST

START_TEST(prefixes_and_suffixes_are_no_longer_than_the_text)
{
	ck_assert(text_has_prefix("abc", "ab"));
	ck_assert(text_has_prefix("abc", ""));
	ck_assert(!text_has_prefix("ab", "abc"));
	ck_assert(text_has_suffix("abc", "bc"));
	ck_assert(text_has_suffix("abc", ""));
	ck_assert(!text_has_suffix("bc", "abc"));
}
END_TEST

/* What others say, and what of it a terminal is given. */
START_TEST(what_would_move_a_cursor_becomes_a_space)
{
	static const struct {
		const char *said, *kept, *calm;
	} rows[] = {
		{"", "", ""},
		{"plain ~", "", "plain ~"},
		{"a\nb\tc\r", "", "a b c "},
		{"a\nb\tc\r", "\n\t", "a\nb\tc "},
		{"\033[2Jx\177", "", " [2Jx "},
		{"a\302\233" "31mb", "", "a  31mb"}, /* CSI in one character */
		{"\302\200\302\237", "", "    "},
		{"\302\240\302\265m gr\303\274n \342\200\246", "", "\302\240\302\265m gr\303\274n \342\200\246"},
		{"cut \302", "", "cut \302"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[64], flat[64];

		text_calm(strcpy(text, rows[i].said), rows[i].kept);
		ck_assert_str_eq(text, rows[i].calm);
		lines_flatten(strcpy(flat, rows[i].said));
		if (!*rows[i].kept)
			ck_assert_str_eq(flat, rows[i].calm);
	}
}
END_TEST

START_TEST(a_misspelt_name_suggests_the_nearest_and_a_strange_one_nothing)
{
	static const char *const known[] = {"packages", "partitions", "files", "units", "users", "use", "x"};
	static const size_t n = sizeof known / sizeof *known;
	char longer[80];

	ck_assert_str_eq(text_nearest("pakages", known, n), "packages");
	ck_assert_str_eq(text_nearest("PACKAGES", known, n), "packages");
	ck_assert_str_eq(text_nearest("partition", known, n), "partitions");
	ck_assert_str_eq(text_nearest("usres", known, n), "users");
	ck_assert_str_eq(text_nearest("file", known, n), "files");
	ck_assert_str_eq(text_nearest("ngnix", (const char *const[]){"afnix", "nginx", "unix"}, 3), "nginx");
	ck_assert_str_eq(text_nearest("use", known, n), "use");
	ck_assert_ptr_null(text_nearest("kernel", known, n));
	ck_assert_ptr_null(text_nearest("firewall", known, n));
	ck_assert_ptr_null(text_nearest("units", known, 0));
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = 0;
	ck_assert_ptr_null(text_nearest(longer, known, n));
}
END_TEST

/* A text whose end is the end of what can be read. */
static char *text_at_the_end(const char *text)
{
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(pages != MAP_FAILED);
	ck_assert_int_eq(mprotect(pages + page, (size_t)page, PROT_NONE), 0);
	return strcpy(pages + page - strlen(text) - 1, text);
}

START_TEST(a_copy_with_a_limit_reads_nothing_behind_its_text)
{
	struct arena *arena = arena_new();

	ck_assert_str_eq(arena_strndup(arena, text_at_the_end("short"), 4096), "short");
	ck_assert_str_eq(arena_strndup(arena, text_at_the_end(""), 4096), "");
	ck_assert_str_eq(arena_strndup(arena, text_at_the_end("longer"), 4), "long");
	ck_assert_str_eq(arena_strndup(arena, "", 0), "");
	ck_assert_mem_eq(arena_memdup(arena, "a\0b\0c", 5), "a\0b\0c", 6);
	ck_assert_mem_eq(arena_memdup(arena, NULL, 0), "", 1);
	arena_free(arena);
}
END_TEST

START_TEST(the_last_part_of_a_path)
{
	ck_assert_str_eq(path_last("a/b.c"), "b.c");
	ck_assert_str_eq(path_last("/a"), "a");
	ck_assert_str_eq(path_last("a"), "a");
	ck_assert_str_eq(path_last("a/"), "");
	ck_assert_str_eq(path_last(""), "");
}
END_TEST

SUITE(text, the_last_part_of_a_path, a_copy_with_a_limit_reads_nothing_behind_its_text,
      an_arena_gives_zeroed_memory_aligned_for_any_type, an_array_grows_one_by_one_and_keeps_what_it_has,
      text_is_copied_into_the_arena_to_its_given_length, a_buffer_is_always_followed_by_a_nul,
      integers_have_the_byte_order_they_are_named_after, alignment_pads_with_zeros_and_only_where_needed,
      a_buffer_that_no_memory_can_hold_ends_the_program, sizes_are_powers_of_1024_and_exact,
      what_is_not_a_size_is_refused, durations_are_seconds_unless_they_say_otherwise,
      every_thousandth_of_a_second_is_exact, a_size_is_written_the_way_it_is_read,
      hexadecimal_is_read_to_its_exact_length_only, lists_sort_by_byte_value,
      a_list_is_joined_with_something_between_only,
      prefixes_and_suffixes_are_no_longer_than_the_text, what_would_move_a_cursor_becomes_a_space,
      a_misspelt_name_suggests_the_nearest_and_a_strange_one_nothing)
