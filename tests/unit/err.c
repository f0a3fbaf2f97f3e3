/* What errors look like when they are printed. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* What err_print() writes; to be freed. */
static char *printed(const struct err *err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	err_print(err, out);
	fclose(out);
	return text;
}

static void check_print(struct err *err, const char *expected)
{
	char *text = printed(err);

	ck_assert_str_eq(text, expected);
	free(text);
	err_free(err);
}

START_TEST(a_plain_error_is_the_programs_word)
{
	struct err err = {0};

	ck_assert_int_eq(err_set(&err, -EINVAL, "expected %d", 3), -EINVAL);
	ck_assert_int_eq(err.code, -EINVAL);
	check_print(&err, "aether-build: expected 3\n");
}
END_TEST

START_TEST(a_place_context_and_hint_surround_the_text)
{
	const struct pos pos = {"recipes/gateway.recipe", 14, 9};
	struct err err = {0};

	err_at(&err, -ENOSPC, &pos, NULL, "root is 3G but its image needs 3.4G");
	err_wrap(&err, "while planning '%s'", "gateway");
	err_wrap(&err, "while building");
	err_hint(&err, "this one is replaced");
	ck_assert_int_eq(err_hint(&err, "set partitions.root.size to 4G or more"), -ENOSPC);
	check_print(&err, "recipes/gateway.recipe:14:9: root is 3G but its image needs 3.4G\n"
			  "  while planning 'gateway'\n"
			  "  while building\n"
			  "  hint: set partitions.root.size to 4G or more\n");
}
END_TEST

START_TEST(a_warning_is_told_beside_errors_and_with_strict_is_one)
{
	static const char told[] = "a.recipe:3:5: warning: files./etc/hosts: it is written anew at each boot\n"
				   "  hint: use 'networks'\n";
	const struct pos pos = {"a.recipe", 3, 5};
	struct err err = {0}, more = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	err_set(&err, -EINVAL, "an error");
	ck_assert_int_eq(err_warn(&more, &pos, "files./etc/hosts", "it is written anew at each %s", "boot"), 0);
	err_hint(&more, "use 'networks'");
	ck_assert_int_eq(err_result(&more), 0);
	err_take(&err, &more);
	ck_assert_ptr_null(more.warnings);
	err_print_warnings(&err, out);
	err_print_warnings(&err, out);
	fclose(out);
	ck_assert_str_eq(text, told);
	free(text);
	err_hint(&err, "of the error");
	check_print(&err, "aether-build: an error\n  hint: of the error\n");

	err_set_strict(true);
	ck_assert_int_eq(err_warn(&err, &pos, "name", "once more"), -EINVAL);
	err_set_strict(false);
	ck_assert_ptr_null(err.warnings);
	check_print(&err, "a.recipe:3:5: name: once more\n");
}
END_TEST

START_TEST(what_others_said_moves_no_cursor)
{
	const struct pos pos = {"a\033[2J.recipe", 3, 1};
	struct err err = {0};

	err_at(&err, -EBADMSG, &pos, "files.\302\233", "expected a token, not '%s'", "\033]0;x\007");
	err_wrap(&err, "| one\r\n| two\t\302\205");
	err_hint(&err, "ask %s", "\177");
	check_print(&err, "a [2J.recipe:3:1: files.  : expected a token, not ' ]0;x '\n"
			  "  | one \n"
			  "  | two\t  \n"
			  "  hint: ask  \n");
}
END_TEST

START_TEST(a_file_without_a_line_and_a_path_without_a_place_are_named)
{
	const struct pos pos = {"a.recipe", 0, 0};
	struct err err = {0};

	err_at(&err, -EINVAL, &pos, "disk.main", "no size");
	err_at(&err, -EINVAL, NULL, "disk.main", "no size");
	err_at(&err, -EINVAL, NULL, "", "no size");
	check_print(&err, "a.recipe: disk.main: no size\naether-build: disk.main: no size\naether-build: no size\n");
}
END_TEST

START_TEST(a_failed_system_call_says_why)
{
	struct err err = {0};

	ck_assert_int_eq(err_sys(&err, -ENOENT, "cannot open '%s'", "x"), -ENOENT);
	check_print(&err, "aether-build: cannot open 'x': No such file or directory\n");
}
END_TEST

START_TEST(a_full_disk_has_a_hint)
{
	struct err err = {0};

	err_sys(&err, -ENOSPC, "cannot write 'x'");
	check_print(&err, "aether-build: cannot write 'x': No space left on device\n"
			  "  hint: free some space and run the same command again; finished work is kept\n");
}
END_TEST

START_TEST(context_of_many_lines_is_indented_whole)
{
	struct err err = {0};

	err_set(&err, -EIO, "dpkg failed; its output:");
	err_wrap(&err, "| one\ntwo\n\nthree\n");
	check_print(&err, "aether-build: dpkg failed; its output:\n  | one\n  two\n  \n  three\n");
}
END_TEST

START_TEST(all_problems_are_kept_in_order_and_the_first_gives_the_code)
{
	struct err err = {0}, other = {0};

	err_set(&err, -EINVAL, "one");
	err_set(&other, -EIO, "two");
	err_set(&other, -EIO, "three");
	err_take(&err, &other);
	err_set(&err, -ENOENT, "four");
	ck_assert_ptr_null(other.first);
	ck_assert_int_eq(other.code, 0);
	ck_assert_int_eq(err.code, -EINVAL);
	ck_assert_uint_eq(err.count, 4);
	check_print(&err, "aether-build: one\naether-build: two\naether-build: three\naether-build: four\n");
}
END_TEST

START_TEST(taking_from_an_empty_list_changes_nothing)
{
	struct err err = {0}, none = {0};

	err_take(&err, &none);
	ck_assert_int_eq(err.code, 0);
	err_set(&err, -EINVAL, "one");
	err_take(&err, &none);
	err_set(&err, -EINVAL, "two");
	check_print(&err, "aether-build: one\naether-build: two\n");
}
END_TEST

START_TEST(context_and_hint_without_a_problem_say_nothing_but_are_no_success)
{
	struct err err = {0};

	ck_assert_int_eq(err_wrap(&err, "while"), -EIO);
	ck_assert_int_eq(err_hint(&err, "do"), -EIO);
	check_print(&err, "");
}
END_TEST

START_TEST(an_error_without_a_code_is_no_success)
{
	struct err err = {0};

	ck_assert_int_eq(err_set(&err, 0, "one"), -EIO);
	ck_assert_int_eq(err_sys(&err, 0, "two"), -EIO);
	ck_assert_int_eq(err_result(&err), -EIO);
	err_free(&err);
}
END_TEST

START_TEST(an_error_can_be_used_again_after_it_was_freed)
{
	struct err err = {0};

	err_set(&err, -EINVAL, "one");
	err_free(&err);
	ck_assert_int_eq(err.code, 0);
	err_set(&err, -EIO, "two");
	ck_assert_int_eq(err.code, -EIO);
	check_print(&err, "aether-build: two\n");
}
END_TEST

SUITE(err, a_plain_error_is_the_programs_word, a_warning_is_told_beside_errors_and_with_strict_is_one,
      what_others_said_moves_no_cursor, a_place_context_and_hint_surround_the_text,
      a_file_without_a_line_and_a_path_without_a_place_are_named, a_failed_system_call_says_why, a_full_disk_has_a_hint,
      context_of_many_lines_is_indented_whole, all_problems_are_kept_in_order_and_the_first_gives_the_code,
      taking_from_an_empty_list_changes_nothing, context_and_hint_without_a_problem_say_nothing_but_are_no_success,
      an_error_without_a_code_is_no_success, an_error_can_be_used_again_after_it_was_freed)
