/* Files of the host, and the inside of a tree, whose links must not lead out of it. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "host/userns.h"
#include "tree/inside.h"

/* A file of whoever runs the tests. */
#define OWN(bits) (&(struct inside_access){bits, getuid(), getgid()})
#include "scratch.h"

static const char CANARY[] = "the host's own\n";

static void write_file(const char *path, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_publish(path, text, strlen(text), 0644, &err), 0);
}

static void check_file(const char *path, const char *expected)
{
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};

	ck_assert_int_eq(file_read(path, 1 << 20, &text, &err), 0);
	ck_assert_str_eq(text.size ? text.data : "", expected);
}

/* How many names a folder has. */
static int count_names(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	(void)folder_fd, (void)path, (void)name, (void)type, (void)err;
	++*(int *)data;
	return 0;
}

/* --- files ------------------------------------------------------------------------------------------------------------- */

START_TEST(a_file_is_read_whole_and_no_further_than_allowed)
{
	const char *path = scratch_path("file");
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};

	write_file(path, "0123456789");
	buf_puts(&text, "before ");
	ck_assert_int_eq(file_read(path, 10, &text, &err), 0);
	ck_assert_str_eq(text.data, "before 0123456789");
	ck_assert_int_eq(file_read(path, 9, &text, &err), -EFBIG);
	ck_assert_int_eq(file_read(scratch_path("none"), 9, &text, &err), -ENOENT);
	ck_assert_int_eq(file_read(scratch(), 9, &text, &err), -EISDIR);
	err_free(&err);
}
END_TEST

START_TEST(a_published_file_replaces_the_old_one_and_leaves_nothing_beside_it)
{
	const char *path = scratch_path("folder/file");
	struct err err = {0};
	struct stat st;
	int names = 0, fd;

	ck_assert_int_eq(folder_make(scratch_path("folder"), 0755, &err), 0);
	umask(077);
	ck_assert_int_eq(file_publish(path, "old", 3, 0600, &err), 0);
	ck_assert_int_eq(file_publish(path, "new", 3, 0644, &err), 0);
	check_file(path, "new");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	fd = inside_open(scratch_path("folder"), &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(inside_each(fd, "/", count_names, &names, &err), 0);
	ck_assert_int_eq(names, 1);
	ck_assert_int_eq(file_publish(scratch_path("none/file"), "new", 3, 0644, &err), -ENOENT);
	err_free(&err);
}
END_TEST

START_TEST(folders_are_made_with_their_parents_and_only_where_folders_can_be)
{
	struct err err = {0};

	ck_assert_int_eq(folder_make(scratch_path("a/b/c"), 0755, &err), 0);
	ck_assert_int_eq(folder_make(scratch_path("a/b/c/"), 0755, &err), 0);
	write_file(scratch_path("a/file"), "");
	ck_assert_int_eq(folder_make(scratch_path("a/file"), 0755, &err), -ENOTDIR);
	ck_assert_int_eq(folder_make(scratch_path("a/file/below"), 0755, &err), -ENOTDIR);
	ck_assert_int_eq(folder_make("", 0755, &err), -ENOENT);
	err_free(&err);
}
END_TEST

START_TEST(removing_a_tree_does_not_follow_its_links)
{
	struct err err = {0};

	ck_assert_int_eq(folder_make(scratch_path("host"), 0755, &err), 0);
	write_file(scratch_path("host/canary"), CANARY);
	ck_assert_int_eq(folder_make(scratch_path("tree/a/b"), 0755, &err), 0);
	write_file(scratch_path("tree/a/b/file"), "x");
	ck_assert_int_eq(symlink(scratch_path("host"), scratch_path("tree/a/link")), 0);
	ck_assert_int_eq(chmod(scratch_path("tree/a/b"), 0), 0);
	ck_assert_int_eq(path_remove(scratch_path("tree"), &err), 0);
	ck_assert(!path_exists(scratch_path("tree")));
	check_file(scratch_path("host/canary"), CANARY);
	ck_assert_int_eq(path_remove(scratch_path("tree"), &err), 0);
}
END_TEST

START_TEST(removing_a_tree_leaves_what_is_mounted_in_it)
{
	struct err err = {0};

	ck_assert_int_eq(userns_enter(&err), 0);
	ck_assert_int_eq(folder_make(scratch_path("host"), 0755, &err), 0);
	write_file(scratch_path("host/canary"), CANARY);
	ck_assert_int_eq(folder_make(scratch_path("tree/a/mounted"), 0755, &err), 0);
	ck_assert_int_eq(mount(scratch_path("host"), scratch_path("tree/a/mounted"), NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(path_remove(scratch_path("tree"), &err), -EXDEV);
	check_file(scratch_path("host/canary"), CANARY);
	ck_assert_int_eq(umount2(scratch_path("tree/a/mounted"), 0), 0);
	err_free(&err);
}
END_TEST

START_TEST(whole_reads_and_writes_end_where_the_file_does)
{
	int fd = open(scratch_path("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char text[4];

	ck_assert_int_eq(fd_pwrite_all(fd, "abcd", 4, 10), 0);
	ck_assert_int_eq(fd_pread_all(fd, text, 4, 10), 0);
	ck_assert_mem_eq(text, "abcd", 4);
	ck_assert_int_eq(fd_pread_all(fd, text, 4, 11), -ENODATA);
	ck_assert_int_eq(fd_pread_all(fd, text, 0, 99), 0);
	close(fd);
	ck_assert_int_eq(fd_write_all(fd, "x", 1), -EBADF);
}
END_TEST

/* --- a tree that a hostile package was unpacked into -------------------------------------------------------------------- */

/* Makes host/canary, and tree/ with links that would lead to it: /out, /up and /etc. */
static int hostile_tree(struct err *err)
{
	ck_assert_int_eq(folder_make(scratch_path("host"), 0755, err), 0);
	ck_assert_int_eq(folder_make(scratch_path("tree/usr/lib"), 0755, err), 0);
	write_file(scratch_path("host/canary"), CANARY);
	ck_assert_int_eq(symlink(scratch_path("host"), scratch_path("tree/out")), 0);
	ck_assert_int_eq(symlink("../../../../../../../../../../../..", scratch_path("tree/up")), 0);
	ck_assert_int_eq(symlink(scratch_path("host/canary"), scratch_path("tree/canary")), 0);
	ck_assert_int_eq(symlink("/proc/self/root", scratch_path("tree/magic")), 0);
	ck_assert_int_eq(symlink("usr/lib", scratch_path("tree/lib")), 0);
	ck_assert_int_eq(symlink("/usr/lib", scratch_path("tree/lib64")), 0);
	return inside_open(scratch_path("tree"), err);
}

/* Nothing came to the host, nothing left it. */
static void check_host(void)
{
	struct err err = {0};
	int fd = inside_open(scratch_path("host"), &err), names = 0;

	ck_assert_int_eq(inside_each(fd, "/", count_names, &names, &err), 0);
	ck_assert_int_eq(names, 1);
	check_file(scratch_path("host/canary"), CANARY);
	close(fd);
}

START_TEST(no_link_of_a_tree_opens_a_file_of_the_host)
{
	struct err err = {0};
	_cleanup_arena_ struct arena *arena = arena_new();
	int tree = hostile_tree(&err);
	const char *paths[] = {
		"/out/canary", "out/canary", "/canary", "canary", arena_printf(arena, "/up%s", scratch_path("host/canary")),
		arena_printf(arena, "/../../../../../../../../..%s", scratch_path("host/canary")),
		arena_printf(arena, "/magic%s", scratch_path("host/canary")), "/../host/canary", "../host/canary",
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		ck_assert_msg(root_open(tree, paths[i], O_RDONLY, 0) < 0, "%s leads out", paths[i]);
		ck_assert(!inside_exists(tree, paths[i]));
	}
	check_host();
}
END_TEST

START_TEST(links_that_stay_in_the_tree_lead_where_they_say)
{
	struct err err = {0};
	int tree = hostile_tree(&err);

	ck_assert_int_eq(inside_write(tree, "/lib/one", "1", 1, OWN(0644), &err), 0);
	ck_assert_int_eq(inside_write(tree, "/lib64/new/two", "2", 1, OWN(0600), &err), 0);
	check_file(scratch_path("tree/usr/lib/one"), "1");
	check_file(scratch_path("tree/usr/lib/new/two"), "2");
	check_host();
}
END_TEST

START_TEST(nothing_is_written_outside_of_a_tree)
{
	static const char *const paths[] = {"/out/new", "/out/canary", "/up/new", "/magic/new", "/canary", "/out", "/out/a/b"};
	struct err err = {0};
	int tree = hostile_tree(&err);

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		inside_write(tree, paths[i], "evil", 4, OWN(0644), &err);
		inside_link(tree, paths[i], "evil", &err);
		inside_folder(tree, paths[i], &err);
		inside_remove(tree, paths[i], &err);
		check_host();
	}
	err_free(&err);
}
END_TEST

START_TEST(a_link_is_replaced_by_the_file_that_takes_its_place)
{
	struct err err = {0};
	struct stat st;
	int tree = hostile_tree(&err);

	ck_assert_int_eq(inside_write(tree, "/canary", "mine", 4, OWN(04755), &err), 0);
	check_file(scratch_path("tree/canary"), "mine");
	ck_assert_int_eq(lstat(scratch_path("tree/canary"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 04755);
	ck_assert_int_eq(inside_link(tree, "/canary", "elsewhere", &err), 0);
	ck_assert_int_eq(lstat(scratch_path("tree/canary"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	check_host();
}
END_TEST

START_TEST(a_folder_is_not_replaced_by_a_file)
{
	struct err err = {0};
	int tree = hostile_tree(&err);

	ck_assert_int_lt(inside_write(tree, "/usr/lib", "x", 1, &INSIDE_PLAIN, &err), 0);
	ck_assert_int_lt(inside_remove(tree, "/usr/lib", &err), 0);
	ck_assert_int_lt(inside_write(tree, "relative", "x", 1, &INSIDE_PLAIN, &err), 0);
	ck_assert_int_lt(inside_write(tree, "/usr/", "x", 1, &INSIDE_PLAIN, &err), 0);
	err_free(&err);
}
END_TEST

START_TEST(a_pipe_in_the_place_of_a_file_is_an_error_and_not_a_wait)
{
	struct err err = {0};
	_cleanup_buf_ struct buf text = {0};
	int tree = hostile_tree(&err);

	ck_assert_int_eq(mkfifo(scratch_path("tree/passwd"), 0644), 0);
	ck_assert_int_eq(inside_read(tree, "/passwd", 1 << 20, &text, &err), -EINVAL);
	ck_assert_int_eq(inside_read(tree, "/none", 1 << 20, &text, &err), 0);
	ck_assert_int_lt(inside_read(tree, "/usr", 1 << 20, &text, &err), 0);
	ck_assert_uint_eq(text.size, 0);
	err_free(&err);
}
END_TEST

START_TEST(a_source_that_changed_is_not_copied)
{
	static const char digest[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* of "abc", FIPS 180-2 */
	struct err err = {0};
	int tree = hostile_tree(&err);

	write_file(scratch_path("source"), "abc");
	ck_assert_int_eq(inside_copy(tree, "/etc/new/file", scratch_path("source"), digest, OWN(0640), &err), 0);
	check_file(scratch_path("tree/etc/new/file"), "abc");
	write_file(scratch_path("source"), "abd");
	ck_assert_int_eq(inside_copy(tree, "/etc/new/file", scratch_path("source"), digest, &INSIDE_PLAIN, &err), -ESTALE);
	err_free(&err);
}
END_TEST

/* Notes every name, and fails at "c". */
static int note(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct buf *text = data;

	(void)folder_fd, (void)type;
	buf_printf(text, "%s ", path);
	return strcmp(name, "c") == 0 ? err_set(err, -EIO, "enough") : 0;
}

START_TEST(entries_are_visited_by_name_until_one_fails)
{
	static const char *const names[] = {"tree/usr/lib/d", "tree/usr/lib/b", "tree/usr/lib/c", "tree/usr/lib/B"};
	struct err err = {0};
	_cleanup_buf_ struct buf text = {0};
	int tree = hostile_tree(&err);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		write_file(scratch_path(names[i]), "");
	ck_assert_int_eq(inside_each(tree, "/usr/lib", note, &text, &err), -EIO);
	ck_assert_str_eq(text.data, "/usr/lib/B /usr/lib/b /usr/lib/c ");
	ck_assert_int_eq(inside_each(tree, "/usr/none", note, &text, &err), 0);
	err_free(&err);
}
END_TEST

START_TEST(a_copied_file_has_the_same_content_and_replaces_nothing)
{
	const char *from = scratch_path("from"), *to = scratch_path("to");
	_cleanup_buf_ struct buf copied = {0};
	struct err err = {0};

	ck_assert_int_eq(file_write(from, "some\0content", 12, 0644, &err), 0);
	ck_assert_int_eq(file_copy(from, to, &err), 0);
	ck_assert_int_eq(file_read(to, 100, &copied, &err), 0);
	ck_assert_uint_eq(copied.size, 12);
	ck_assert_mem_eq(copied.data, "some\0content", 12);
	ck_assert_int_eq(file_copy(from, to, &err), -EEXIST);
	err_free(&err);
}
END_TEST

SUITE(file, a_file_is_read_whole_and_no_further_than_allowed,
      a_published_file_replaces_the_old_one_and_leaves_nothing_beside_it,
      folders_are_made_with_their_parents_and_only_where_folders_can_be, removing_a_tree_does_not_follow_its_links,
      removing_a_tree_leaves_what_is_mounted_in_it, whole_reads_and_writes_end_where_the_file_does,
      no_link_of_a_tree_opens_a_file_of_the_host, links_that_stay_in_the_tree_lead_where_they_say,
      nothing_is_written_outside_of_a_tree, a_link_is_replaced_by_the_file_that_takes_its_place,
      a_folder_is_not_replaced_by_a_file, a_pipe_in_the_place_of_a_file_is_an_error_and_not_a_wait,
      a_source_that_changed_is_not_copied, entries_are_visited_by_name_until_one_fails,
      a_copied_file_has_the_same_content_and_replaces_nothing)
