/* Other programs, and work on all cores. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/pool.h"
#include "host/proc.h"
#include "scratch.h"

#define SH(script) ((const char *const[]){"/bin/sh", "-c", (script), NULL})

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- what comes out ------------------------------------------------------------------------------------------------------ */

START_TEST(the_exit_status_is_the_result)
{
	struct err err = {0};

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("exit 0")}, &err), 0);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("exit 1")}, &err), 1);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("exit 255")}, &err), 255);
	ck_assert_int_eq(err.code, 0);
}
END_TEST

START_TEST(a_program_that_does_not_exist_is_named)
{
	struct err err = {0};

	ck_assert_int_eq(proc_run(&(struct proc){.argv = (const char *const[]){"no-such-program", NULL}}, &err), -ENOENT);
	ck_assert_str_eq(err.last->text, "cannot run 'no-such-program': No such file or directory");
	err_free(&err);
}
END_TEST

START_TEST(a_signal_that_ends_a_program_is_named)
{
	struct err err = {0};

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("kill -SEGV $$")}, &err), -ECHILD);
	ck_assert_str_eq(err.last->text, "'/bin/sh' was killed by signal 11 (Segmentation fault)");
	err_free(&err);
}
END_TEST

START_TEST(output_and_diagnostics_are_kept_apart)
{
	_cleanup_buf_ struct buf output = {0}, diagnostics = {0};
	struct err err = {0};
	const struct proc proc = {
		.argv = SH("echo out; echo err >&2; echo more"), .output = &output, .diagnostics = &diagnostics};

	ck_assert_int_eq(proc_run(&proc, &err), 0);
	ck_assert_str_eq(output.data, "out\nmore\n");
	ck_assert_str_eq(diagnostics.data, "err\n");
}
END_TEST

START_TEST(output_that_nobody_takes_is_a_diagnostic)
{
	_cleanup_buf_ struct buf diagnostics = {0};
	struct err err = {0};

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("echo out"), .diagnostics = &diagnostics}, &err), 0);
	ck_assert_str_eq(diagnostics.data, "out\n");
}
END_TEST

START_TEST(a_failure_shows_the_end_of_what_was_said)
{
	struct err err = {0};
	const struct proc proc = {
		.argv = SH("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; echo last; exit 3")};

	ck_assert_int_eq(proc_check(&proc, &err), -EIO);
	ck_assert_str_eq(err.last->text, "'/bin/sh' failed with exit status 3; its output:");
	ck_assert_ptr_nonnull(strstr(err.last->context, "line 4999\nlast"));
	ck_assert_ptr_null(strstr(err.last->context, "line 100\n"));
	ck_assert_uint_lt(strlen(err.last->context), 5000);
	ck_assert_int_eq(strncmp(err.last->context, "| line ", 7), 0);
	err_free(&err);
}
END_TEST

START_TEST(a_silent_failure_is_one_line)
{
	struct err err = {0};

	ck_assert_int_eq(proc_check(&(struct proc){.argv = SH("exit 3")}, &err), -EIO);
	ck_assert_str_eq(err.last->text, "'/bin/sh' failed with exit status 3");
	ck_assert_ptr_null(err.last->context);
	err_free(&err);
}
END_TEST

START_TEST(a_program_that_never_stops_talking_does_not_fill_the_memory)
{
	_cleanup_buf_ struct buf diagnostics = {0};
	struct err err = {0};
	const struct proc proc = {.argv = SH("head -c 100000000 /dev/zero | tr '\\0' x; echo end"),
				  .diagnostics = &diagnostics};

	ck_assert_int_eq(proc_run(&proc, &err), 0);
	ck_assert_uint_lt(diagnostics.size, 40 << 20);
	ck_assert_str_eq(diagnostics.data + diagnostics.size - 4, "end\n");
}
END_TEST

/* --- what goes in -------------------------------------------------------------------------------------------------------- */

START_TEST(large_input_and_output_pass_at_the_same_time)
{
	enum { SIZE = 3000000 };
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};
	char *input = malloc(SIZE);
	const struct proc proc = {
		.argv = (const char *const[]){"cat", NULL}, .input = input, .input_size = SIZE, .output = &output,
	};

	for (int i = 0; i < SIZE; i++)
		input[i] = (char)(i * 7 + i / 1000);
	ck_assert_int_eq(proc_run(&proc, &err), 0);
	ck_assert_uint_eq(output.size, SIZE);
	ck_assert_mem_eq(output.data, input, SIZE);
	free(input);
}
END_TEST

START_TEST(a_program_that_does_not_read_its_input_does_no_harm)
{
	static char input[1 << 20];
	struct err err = {0};
	const struct proc proc = {.argv = SH("exec <&-; exit 4"), .input = input, .input_size = sizeof input};

	ck_assert_int_eq(proc_run(&proc, &err), 4);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("cat"), .input = "", .input_size = 0}, &err), 0);
}
END_TEST

START_TEST(without_input_there_is_nothing_to_read)
{
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("readlink /proc/self/fd/0; cat"), .output = &output}, &err), 0);
	ck_assert_str_eq(output.data, "/dev/null\n");
}
END_TEST

START_TEST(the_environment_is_the_given_one_alone)
{
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};
	const char *const env[] = {"A=1", "B=2", NULL};

	setenv("SECRET", "canary", 1);
	ck_assert_int_eq(
		proc_run(&(struct proc){.argv = (const char *const[]){"env", NULL}, .env = env, .output = &output}, &err),
		0);
	ck_assert_str_eq(output.data, "A=1\nB=2\n");
	output.size = 0;
	ck_assert_int_eq(proc_run(&(struct proc){.argv = (const char *const[]){"env", NULL}, .output = &output}, &err), 0);
	ck_assert_str_eq(output.data,
			 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nTZ=UTC\n");
}
END_TEST

START_TEST(no_descriptor_is_inherited)
{
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};
	int leak = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(leak, 3);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("ls /proc/$$/fd; true"), .output = &output}, &err), 0);
	ck_assert_str_eq(output.data, "0\n1\n2\n");
}
END_TEST

static int look_at_descriptor(void *data)
{
	return fcntl(*(int *)data, F_GETFD) < 0 ? 0 : -EBUSY;
}

START_TEST(what_prepares_a_child_has_no_descriptor_of_ours_open)
{
	struct err err = {0};
	int ours = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(ours, 3);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("true"), .prepare = look_at_descriptor, .prepare_data = &ours},
				  &err), 0);
	close(ours);
}
END_TEST

START_TEST(a_parent_without_standard_streams_can_run_programs)
{
	_cleanup_buf_ struct buf output = {0}, diagnostics = {0};
	struct err err = {0};
	const struct proc proc = {
		.argv = SH("cat; echo err >&2"),
		.input = "text",
		.input_size = 4,
		.output = &output,
		.diagnostics = &diagnostics,
	};

	close(0);
	close(1);
	close(2);
	ck_assert_int_eq(proc_run(&proc, &err), 0);
	ck_assert_str_eq(output.data, "text");
	ck_assert_str_eq(diagnostics.data, "err\n");
}
END_TEST

START_TEST(the_working_folder_must_exist)
{
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("pwd"), .cwd = "/usr", .output = &output}, &err), 0);
	ck_assert_str_eq(output.data, "/usr\n");
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("pwd"), .cwd = "/no/such"}, &err), -ENOENT);
	err_free(&err);
}
END_TEST

/* --- when it ends -------------------------------------------------------------------------------------------------------- */

START_TEST(a_program_past_its_deadline_is_killed)
{
	struct err err = {0};
	double started = now();

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("exec sleep 100"), .deadline_s = 1}, &err), -ETIME);
	ck_assert_double_lt(now() - started, 10);
	ck_assert_str_eq(err.last->text, "'/bin/sh' took too long and was stopped");
	err_free(&err);
}
END_TEST

static void move_on(void *data, const char *bytes, size_t n)
{
	(void)bytes, (void)n;
	*(int64_t *)data = clock_ms();
}

static void be_late(void *data, pid_t pid)
{
	*(int64_t *)data = kill(pid, 0) == 0 ? -1 : -2;
}

START_TEST(a_deadline_can_move_with_what_is_heard_and_is_told_before_the_end)
{
	static const char *const talks[] = {"/bin/sh", "-c", "for i in 1 2 3 4; do sleep 0.6; echo $i; done", NULL};
	static const char *const sleeps[] = {"/bin/sh", "-c", "echo once; sleep 60", NULL};
	int64_t since = clock_ms();
	struct proc proc = {.argv = talks, .deadline_s = 1, .since_ms = &since, .heard = move_on, .heard_data = &since};
	struct err err = {0};

	ck_assert_int_eq(proc_run(&proc, &err), 0);
	proc.argv = sleeps;
	proc.late = be_late;
	since = clock_ms();
	ck_assert_int_eq(proc_run(&proc, &err), -ETIME);
	ck_assert_int_eq(since, -1); /* it was alive */
	err_free(&err);
}
END_TEST

START_TEST(a_program_that_closed_its_streams_still_has_its_deadline)
{
	struct err err = {0};
	double started = now();

	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("exec sleep 100 >&- 2>&-"), .deadline_s = 1}, &err), -ETIME);
	ck_assert_double_lt(now() - started, 10);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = SH("exec >&- 2>&-; sleep 0.3; exit 5")}, &err), 5);
	err_free(&err);
}
END_TEST

START_TEST(a_program_ends_with_whoever_started_it)
{
	const char *path = scratch_path("alive");
	pid_t parent = fork();
	char script[4200];
	struct err err = {0};

	if (parent == 0) {
		snprintf(script, sizeof script, "touch '%s'; sleep 2; rm '%s'", path, path);
		proc_run(&(struct proc){.argv = SH(script)}, &err);
		_exit(0);
	}
	while (access(path, F_OK) < 0)
		usleep(10000);
	kill(parent, SIGKILL);
	sleep(3);
	ck_assert_int_eq(access(path, F_OK), 0); /* nobody was left to remove it */
}
END_TEST

/* --- a program that is talked to ----------------------------------------------------------------------------------------- */

static struct proc_talk *start(const char *const *argv)
{
	struct proc_talk *talk;
	struct err err = {0};

	ck_assert_int_eq(proc_start(&(struct proc){.argv = argv}, &talk, &err), 0);
	return talk;
}

START_TEST(a_program_answers_while_it_runs)
{
	struct proc_talk *talk = start(SH("while read -r line; do echo \"<$line>\"; done; echo end >&2; exit 7"));
	_cleanup_buf_ struct buf said = {0};
	struct err err = {0};
	char answer[64];

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(proc_write(talk, "hello\n", 6, 10), 0);
		ck_assert_int_eq(proc_read(talk, answer, sizeof answer, 10), 8);
		ck_assert_mem_eq(answer, "<hello>\n", 8);
	}
	ck_assert_int_eq(proc_finish(talk, 10, &said, &err), 7);
	ck_assert_str_eq(said.data, "end");
}
END_TEST

START_TEST(a_program_that_is_silent_or_deaf_is_not_waited_for)
{
	static char much[1 << 20];
	struct proc_talk *talk = start(SH("exec sleep 100"));
	struct err err = {0};
	double started = now();
	char answer[8];

	ck_assert_int_eq(proc_read(talk, answer, sizeof answer, 1), -ETIME);
	ck_assert_int_eq(proc_write(talk, much, sizeof much, 1), -ETIME);
	ck_assert_int_eq(proc_finish(talk, 1, NULL, &err), -ETIME);
	ck_assert_double_lt(now() - started, 20);
	err_free(&err);
}
END_TEST

START_TEST(a_program_that_talks_while_nobody_listens_is_heard_out)
{
	struct proc_talk *talk = start(SH("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero | tr '\\0' x >&2; "
					  "echo last >&2; exit 3"));
	_cleanup_buf_ struct buf said = {0};
	struct err err = {0};

	ck_assert_int_eq(proc_finish(talk, 10, &said, &err), 3);
	ck_assert_uint_lt(said.size, 10000);
	ck_assert_str_eq(said.data + said.size - 4, "last");
}
END_TEST

START_TEST(a_program_that_has_ended_listens_no_more)
{
	struct proc_talk *talk = start(SH("exit 0"));
	struct err err = {0};
	char answer[8];

	int r;

	ck_assert_int_eq(proc_read(talk, answer, sizeof answer, 10), 0);
	while ((r = proc_write(talk, "x", 1, 10)) == 0) /* its streams close one after the other */
		usleep(1000);
	ck_assert_int_eq(r, -EPIPE);
	ck_assert_int_eq(proc_finish(talk, 10, NULL, &err), 0);
	ck_assert_int_eq(proc_start(&(struct proc){.argv = (const char *const[]){"no-such-program", NULL}}, &talk,
				    &err), -ENOENT);
	err_free(&err);
}
END_TEST

/* --- pool ---------------------------------------------------------------------------------------------------------------- */

static int square(void *data, size_t i, struct err *err)
{
	(void)err;
	((size_t *)data)[i] += i * i;
	return 0;
}

START_TEST(every_job_is_done_once)
{
	static size_t results[10000];
	struct err err = {0};

	setenv("AETHER_JOBS", "7", 1);
	ck_assert_uint_eq(pool_threads(), 7);
	ck_assert_int_eq(pool_run(10000, square, results, &err), 0);
	for (size_t i = 0; i < 10000; i++)
		ck_assert_uint_eq(results[i], i * i);
	ck_assert_int_eq(pool_run(0, square, NULL, &err), 0);
}
END_TEST

static int warn_of_the_even(void *data, size_t i, struct err *err)
{
	(void)data;
	return i % 2 ? 0 : err_warn(err, NULL, NULL, "job %zu", i);
}

START_TEST(jobs_warn_in_their_order)
{
	const struct err_item *warning;
	struct err err = {0};

	setenv("AETHER_JOBS", "4", 1);
	ck_assert_int_eq(pool_run(100, warn_of_the_even, NULL, &err), 0);
	warning = err.warnings;
	for (size_t i = 0; i < 100; i += 2, warning = warning->next) {
		char expected[16];

		snprintf(expected, sizeof expected, "job %zu", i);
		ck_assert_ptr_nonnull(warning);
		ck_assert_str_eq(warning->text, expected);
	}
	ck_assert_ptr_null(warning);
	ck_assert_uint_eq(err.count, 0);
	err_free(&err);
}
END_TEST

static int fail_from_three(void *data, size_t i, struct err *err)
{
	atomic_fetch_add((atomic_int *)data, 1);
	if (i < 3)
		return 0;
	usleep(i == 3 ? 50000 : 0); /* the first to fail is the last to say so */
	return err_set(err, -EIO, "job %zu", i);
}

START_TEST(the_failure_with_the_lowest_index_is_reported_and_the_rest_is_not_begun)
{
	struct err err = {0};
	atomic_int begun = 0;

	setenv("AETHER_JOBS", "4", 1);
	ck_assert_int_eq(pool_run(1000000, fail_from_three, &begun, &err), -EIO);
	ck_assert_uint_eq(err.count, 1);
	ck_assert_str_eq(err.last->text, "job 3");
	ck_assert_int_lt(begun, 100);
	err_free(&err);
}
END_TEST

START_TEST(there_is_at_least_one_thread_and_never_too_many)
{
	setenv("AETHER_JOBS", "0", 1);
	ck_assert_uint_ge(pool_threads(), 1);
	setenv("AETHER_JOBS", "-5", 1);
	ck_assert_uint_ge(pool_threads(), 1);
	setenv("AETHER_JOBS", "many", 1);
	ck_assert_uint_ge(pool_threads(), 1);
	setenv("AETHER_JOBS", "100000", 1);
	ck_assert_uint_eq(pool_threads(), 256);
}
END_TEST

SUITE(proc, the_exit_status_is_the_result, a_program_that_does_not_exist_is_named, a_signal_that_ends_a_program_is_named,
      output_and_diagnostics_are_kept_apart, output_that_nobody_takes_is_a_diagnostic, a_failure_shows_the_end_of_what_was_said,
      a_silent_failure_is_one_line, a_program_that_never_stops_talking_does_not_fill_the_memory,
      large_input_and_output_pass_at_the_same_time, a_program_that_does_not_read_its_input_does_no_harm,
      without_input_there_is_nothing_to_read, the_environment_is_the_given_one_alone, no_descriptor_is_inherited,
      what_prepares_a_child_has_no_descriptor_of_ours_open,
      a_parent_without_standard_streams_can_run_programs, the_working_folder_must_exist, a_program_past_its_deadline_is_killed,
      a_deadline_can_move_with_what_is_heard_and_is_told_before_the_end,
      a_program_that_closed_its_streams_still_has_its_deadline, a_program_ends_with_whoever_started_it,
      a_program_answers_while_it_runs, a_program_that_is_silent_or_deaf_is_not_waited_for,
      a_program_that_talks_while_nobody_listens_is_heard_out, a_program_that_has_ended_listens_no_more, every_job_is_done_once,
      jobs_warn_in_their_order,
      the_failure_with_the_lowest_index_is_reported_and_the_rest_is_not_begun, there_is_at_least_one_thread_and_never_too_many)
