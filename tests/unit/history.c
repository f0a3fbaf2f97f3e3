/* What the agent writes down: errors are told as they are, and the history of failures has an end. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "machine/agent/history.h"
#include "machine/say.h"
#include "scratch.h"

/* From here on this process cannot write a file any further than to `bytes`. */
static void limit_files(rlim_t bytes)
{
	const struct rlimit limit = {bytes, bytes};

	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(what_does_not_fit_is_no_success_and_no_other_error)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(full, 0);
	errno = 0;
	ck_assert_int_eq(write_all(full, "text", 4, 0), -ENOSPC);
	ck_assert_int_eq(write_all(full, "", 0, 0), 0);
	ck_assert_int_eq(write_all(-1, "text", 4, 0), -EBADF);
	close(full);
}
END_TEST

START_TEST(a_file_that_fits_in_part_is_told_by_its_reason_and_leaves_the_old_one)
{
	ck_assert_int_eq(write_whole(scratch(), "file", "old"), 0);
	limit_files(4);
	errno = 0;
	ck_assert_int_eq(write_whole(scratch(), "file", "longer than that"), -EFBIG);
	ck_assert_str_eq(scratch_text("file"), "old");
	ck_assert_int_eq(scratch_look("new").st_mode, 0);
}
END_TEST

START_TEST(folders_that_cannot_be_made_say_why)
{
	errno = 0;
	ck_assert_int_eq(write_whole(scratch(), "file", ""), 0);
	ck_assert_int_eq(make_folder(scratch_path("file/a/b"), 0755), -ENOTDIR);
	ck_assert_int_eq(make_folder("/proc/none/a/b", 0755), -ENOENT);
	ck_assert_int_eq(make_folder(scratch_path("a/b/c"), 0755), 0);
	ck_assert_int_eq(make_folder(scratch_path("a/b/c"), 0755), 0);
	ck_assert_int_eq(write_whole(scratch_path("none"), "file", ""), -ENOENT);
}
END_TEST

static const char *record(unsigned number)
{
	return arena_printf(scratch_arena(), "when=%u\nreason=%0500u\nslot=b\nroot=%064u\ngeneration=%u\n\n", number, number,
			    number, number);
}

/* The text has the verdict of that number. */
static bool knows(const char *text, unsigned number)
{
	return strstr(text, arena_printf(scratch_arena(), "\nroot=%064u\n", number)) != NULL;
}

START_TEST(the_newest_verdicts_are_kept_and_the_file_has_an_end)
{
	static char text[HISTORY_BYTES];
	const char *path = scratch_path("deep/failures");

	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(history_add(path, record(i)), 0);
	ck_assert_int_lt(scratch_look("deep/failures").st_size, HISTORY_BYTES);
	history_read(path, text);
	ck_assert(knows(text, 999));
	ck_assert(knows(text, 950));
	ck_assert(!knows(text, 0));
	ck_assert_mem_eq(text, "when=", 5);
}
END_TEST

/* As versions before wrote it: without an end. */
START_TEST(of_a_file_that_has_grown_the_newest_are_read_whole)
{
	static char text[HISTORY_BYTES];
	const char *path = scratch_path("failures");
	FILE *file = fopen(path, "we");

	for (unsigned i = 0; i < 1000; i++)
		fputs(record(i), file);
	fclose(file);
	ck_assert_int_gt(scratch_look("failures").st_size, 256 << 10);
	history_read(path, text);
	ck_assert_mem_eq(text, "when=", 5);
	ck_assert(knows(text, 999));
	ck_assert_int_eq(history_add(path, record(1000)), 0);
	history_read(path, text);
	ck_assert(knows(text, 1000));
	ck_assert(knows(text, 999));
	ck_assert_int_lt(scratch_look("failures").st_size, HISTORY_BYTES);
}
END_TEST

START_TEST(a_history_that_is_missing_broken_or_too_long_is_no_danger)
{
	static char text[HISTORY_BYTES], garbage[2 * HISTORY_BYTES];
	const char *path = scratch_path("failures");

	history_read(path, text);
	ck_assert_str_eq(text, "");
	memset(garbage, 'x', sizeof garbage - 1);
	ck_assert_int_eq(write_whole(scratch(), "failures", garbage), 0);
	history_read(path, text);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(history_add(path, record(1)), 0);
	ck_assert_str_eq(scratch_text("failures"), record(1));
	ck_assert_int_eq(history_add(path, garbage), -EINVAL);
	limit_files(4);
	ck_assert_int_eq(history_add(path, record(2)), -EFBIG);
	ck_assert_str_eq(scratch_text("failures"), record(1));
}
END_TEST

SUITE(history, what_does_not_fit_is_no_success_and_no_other_error,
      a_file_that_fits_in_part_is_told_by_its_reason_and_leaves_the_old_one, folders_that_cannot_be_made_say_why,
      the_newest_verdicts_are_kept_and_the_file_has_an_end, of_a_file_that_has_grown_the_newest_are_read_whole,
      a_history_that_is_missing_broken_or_too_long_is_no_danger)
