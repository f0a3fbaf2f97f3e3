/* The same as failing.c for what a seed makes the agent write. */
#include "suite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "machine/put.h"
#include "machine/seed/remarks.h"
#include "fail.h"
#include "scratch.h"

static void old_place(void)
{
	struct err err = {0};

	ck_assert_int_eq(path_remove(scratch_path("tree"), &err), 0);
	ck_assert_int_eq(path_remove(scratch_path("run"), &err), 0);
	ck_assert_int_eq(mkdir(scratch_path("tree"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("tree/etc"), 0755), 0);
	ck_assert_int_eq(file_write(scratch_path("tree/etc/file"), "old", 3, 0644, &err), 0);
}

static int seed_tells(int r, struct err *err) { return r < 0 ? err_sys(err, r, "the seed") : 0; }

static int put_text(const char *path, bool append)
{
	const struct put put = {.path = path, .bytes = " and new", .size = 8, .mode = 0644, .append = append};

	return put_file(scratch_path("tree"), &put);
}

static int run_put(struct err *err) { return seed_tells(put_text("/new/deep/file", false), err); }

static int run_append(struct err *err) { return seed_tells(put_text("/etc/file", true), err); }

static int run_link(struct err *err) { return seed_tells(put_link(scratch_path("tree"), "/etc/file", "there"), err); }

static int run_remarks(struct err *err)
{
	struct remarks remarks = {.n = 1, .lines = {"this is not followed"}};

	return seed_tells(remarks_tell(&remarks, scratch()), err);
}

static void check_put(int r)
{
	struct stat there = scratch_look("tree/new/deep/file");

	fail_demand(there.st_mode ? there.st_size == 8 && there.st_mode == (S_IFREG | 0644) : r < 0, "the file is half there");
}

static void check_append(int r)
{
	const char *text = scratch_text("tree/etc/file");

	fail_demand(strcmp(text, "old and new") == 0 || (r < 0 && strcmp(text, "old") == 0), "the file is neither old nor new");
}

static void check_link(int r)
{
	mode_t mode = scratch_look("tree/etc/file").st_mode;

	fail_demand(S_ISLNK(mode) || (r < 0 && S_ISREG(mode)), "there is neither the link nor the file");
}

static void check_remarks(int r)
{
	fail_demand(r < 0 || strcmp(scratch_text("run/aether/remarks/seed"), "this is not followed\n") == 0,
		    "the remark is lost");
}

static const struct fail_body bodies[] = {
	{"put_file", old_place, run_put, check_put, 10, false},
	{"put_file (append)", old_place, run_append, check_append, 10, false},
	{"put_link", old_place, run_link, check_link, 5, false},
	{"remarks_tell", old_place, run_remarks, check_remarks, 5, false},
};

START_TEST(whatever_call_fails_the_seeds_file_is_old_or_new)
{
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(failing_seed, whatever_call_fails_the_seeds_file_is_old_or_new, sizeof bodies / sizeof *bodies)
