/* The same as failing.c for what the agent writes on somebody's machine, where power and room may go at any moment. */
#include "suite.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "machine/agent/history.h"
#include "machine/say.h"
#include "fail.h"
#include "scratch.h"

static void agent_file(const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(path_remove(scratch_path("place"), &err), 0);
	ck_assert_int_eq(path_remove(scratch_path("deep"), &err), 0);
	ck_assert_int_eq(mkdir(scratch_path("place"), 0755), 0);
	ck_assert_int_eq(file_write(scratch_path("place/file"), text, strlen(text), 0644, &err), 0);
}

static void old_file(void) { agent_file("old"); }

static void old_history(void) { agent_file("old\n\n"); }

/* The agent's functions return a negative errno and have no words: its callers say strerror(-r). */
static int agent_tells(int r, struct err *err) { return r < 0 ? err_sys(err, r, "the agent") : 0; }

static int run_write(struct err *err) { return agent_tells(write_whole(scratch_path("place"), "file", "newer"), err); }

static int run_folder(struct err *err) { return agent_tells(make_folder(scratch_path("deep/er/est"), 0755), err); }

static int run_history(struct err *err)
{
	return agent_tells(history_add(scratch_path("place/file"), "when=1\nreason=x\n\n"), err);
}

static void check_write(int r)
{
	const char *text = scratch_text("place/file");

	fail_demand(strcmp(text, "newer") == 0 || (r < 0 && strcmp(text, "old") == 0), "the file is neither old nor new");
}

static void check_history(int r)
{
	const char *text = scratch_text("place/file");

	fail_demand(strstr(text, "reason=x") || (r < 0 && strcmp(text, "old\n\n") == 0), "the history is gone");
}

static const struct fail_body bodies[] = {
	{"write_whole", old_file, run_write, check_write, 5, false},
	{"make_folder", old_file, run_folder, NULL, 2, false},
	{"history_add", old_history, run_history, check_history, 7, false},
};

START_TEST(whatever_call_fails_the_agent_says_why_and_keeps_what_it_had)
{
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(failing_agent, whatever_call_fails_the_agent_says_why_and_keeps_what_it_had, sizeof bodies / sizeof *bodies)
