/* Two trees are compared, file by file; and a package that hangs is named. */
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"
#include "tree/hang.h"
#include "tree/repeat.h"
#include "tree/steps.h"

static void put(const char *tree, const char *name, const char *text, mode_t mode)
{
	const char *path = arena_printf(scratch_arena(), "%s/%s", scratch_path(tree), name);
	struct err err = {0};

	ck_assert_int_eq(folder_make(arena_printf(scratch_arena(), "%s/etc/in", scratch_path(tree)), 0755, &err), 0);
	ck_assert_int_eq(file_write(path, text, strlen(text), mode, &err), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static int note(void *data, const char *path, const char *what, struct err *err)
{
	(void)err;
	buf_printf(data, "%s: %s\n", path, what);
	return 0;
}

START_TEST(each_file_that_differs_is_told_with_what_differs)
{
	struct buf told = {0};
	struct err err = {0};
	int one, other;

	put("one", "etc/same", "same", 0644);
	put("other", "etc/same", "same", 0644);
	put("one", "etc/in/content", "abc", 0644);
	put("other", "etc/in/content", "abd", 0644);
	put("one", "etc/mode", "a", 0600);
	put("other", "etc/mode", "a", 0640);
	put("one", "etc/only-one", "a", 0600);
	put("other", "etc/only-other", "a", 0600);
	put("one", "etc/kind", "a", 0600);
	ck_assert_int_eq(symlink("a", scratch_path("other/etc/kind")), 0);
	ck_assert_int_eq(symlink("a", scratch_path("one/etc/link")), 0);
	ck_assert_int_eq(symlink("b", scratch_path("other/etc/link")), 0);
	ck_assert_int_eq(symlink("loop", scratch_path("one/etc/loop")), 0);
	ck_assert_int_eq(symlink("loop", scratch_path("other/etc/loop")), 0);
	one = open(scratch_path("one"), O_PATH | O_DIRECTORY);
	other = open(scratch_path("other"), O_PATH | O_DIRECTORY);
	ck_assert_int_eq(repeat_compare(one, other, note, &told, &err), 0);
	ck_assert_str_eq(told.data, "/etc/in/content: its content\n"
				    "/etc/kind: its type\n"
				    "/etc/link: where it leads\n"
				    "/etc/mode: its mode\n"
				    "/etc/only-one: whether it is there\n"
				    "/etc/only-other: whether it is there\n");
	buf_free(&told);
	close(one);
	close(other);
}
END_TEST

START_TEST(what_is_in_no_image_does_not_count)
{
	static const char *const kept[] = {"/etc/motd", "/etc/ssh/sshd_config", "/var/lib/keys", "/etc/passwd"};
	static const char *const forgotten[] = {"/etc/passwd-", "/var/log", "/var/log/a/b", "/etc/ssh/ssh_host_rsa_key",
						"/var/lib/key", "/var/lib/key/below", "/etc/machine-id",
						"/var/cache/ldconfig/aux-cache"};
	struct plan_own own = {.name = "key"};
	struct plan_file file = {.path = "/etc/machine-id"};
	const struct plan plan = {.own = &own, .n_own = 1, .files = &file, .n_files = 1};

	strv_push(scratch_arena(), &own.paths, "/var/lib/key");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		ck_assert_msg(!clean_forgets(&plan, kept[i]), "%s", kept[i]);
	for (size_t i = 0; i < sizeof forgotten / sizeof *forgotten; i++)
		ck_assert_msg(clean_forgets(&plan, forgotten[i]), "%s", forgotten[i]);
}
END_TEST

START_TEST(the_package_that_hangs_is_the_one_whose_script_runs_or_that_dpkg_speaks_of)
{
	static const struct { const char *processes, *at, *package; } rows[] = {
		{"\n  /bin/sh /var/lib/dpkg/info/munge.postinst configure\n  sleep 9", "Setting up other (1) ...", "munge"},
		{"\n  /bin/sh /var/lib/dpkg/info/libx1.0:amd64.postinst configure", "", "libx1.0"},
		{"\n  sleep 9", "Setting up python3.13-minimal (3.13.5-2) ...", "python3.13-minimal"},
		{NULL, "Setting up libc6:amd64 (2.41) ...", "libc6"},
		{NULL, "Unpacking a (1) ...", "a"},
		{NULL, "Processing triggers for man-db (2.13) ...", "man-db"},
		{NULL, "Preparing to unpack .../debs/ab/abcdef ...", "abcdef"},
		{NULL, "", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(hang_package(scratch_arena(), rows[i].processes, rows[i].at), rows[i].package);
}
END_TEST

START_TEST(what_runs_can_be_seen_and_the_limit_is_the_user_s)
{
	char *text;
	pid_t child;
	int fds[2];
	char byte;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			close(fds[1]);
			_exit(read(fds[0], &byte, 1) < 0);
		}
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) < 0);
	}
	close(fds[0]);
	text = hang_describe(getpid());
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "unit-tests"));
	scratch_own(text);
	close(fds[1]);
	ck_assert_uint_eq(hang_limit_s(), 1200);
	setenv("AETHER_PACKAGE_SECONDS", "3", 1);
	ck_assert_uint_eq(hang_limit_s(), 3);
	setenv("AETHER_PACKAGE_SECONDS", "soon", 1);
	ck_assert_uint_eq(hang_limit_s(), 1200);
}
END_TEST

SUITE(repeat, each_file_that_differs_is_told_with_what_differs, what_is_in_no_image_does_not_count,
      the_package_that_hangs_is_the_one_whose_script_runs_or_that_dpkg_speaks_of,
      what_runs_can_be_seen_and_the_limit_is_the_user_s)
