/* Archives that nobody vouches for: what they may do to a tree, and what they may not. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "edge/bundle.h"
#include "scratch.h"
#include "tars.h"

enum { LIMIT = 1 << 20 };

static const char *write_tar(const struct member *members, size_t n)
{
	_cleanup_buf_ struct buf tar = {0};
	struct err err = {0};

	tars_put(&tar, members, n);
	ck_assert_int_eq(file_publish(scratch_path("a.tar"), tar.data, tar.size, 0644, &err), 0);
	return scratch_path("a.tar");
}

static void write_text(const char *name, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_publish(scratch_path(name), text, strlen(text), 0600, &err), 0);
}

/* A tree with a folder that packages made, a link of theirs out of it, and a canary of the host's beside it. */
static void make_tree(void)
{
	static const char *const folders[] = {"host", "tree/opt/app", "tree/etc", "tree/opt/share", "tree/opt/old"};
	struct err err = {0};

	if (path_exists(scratch_path("host")))
		return;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		ck_assert_int_eq(folder_make(scratch_path(folders[i]), 0755, &err), 0);
	write_text("host/canary", "mine");
	write_text("tree/etc/passwd", "root");
	write_text("tree/opt/old/file", "old");
	ck_assert_int_eq(symlink("share", scratch_path("tree/opt/within")), 0);
	ck_assert_int_eq(symlink("../etc", scratch_path("tree/opt/out")), 0);
	ck_assert_int_eq(symlink(scratch_path("host"), scratch_path("tree/opt/host")), 0);
}

static int unpack(const struct member *members, size_t n, unsigned strip, struct err *err)
{
	_cleanup_fd_ int root = -1;
	struct bundle_target target = {.folder = "/opt", .strip = strip, .uid = geteuid(), .gid = getegid()};
	int r;

	make_tree();
	root = open(scratch_path("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	target.root_fd = root;
	r = bundle_unpack(write_tar(members, n), &target, LIMIT, err);
	ck_assert_int_eq(r, err->code);
	return r;
}

#define MEMBERS(...) (const struct member[]){__VA_ARGS__}, sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member)

static void check_canaries(void)
{
	ck_assert_str_eq(scratch_text("host/canary"), "mine");
	ck_assert_str_eq(scratch_text("tree/etc/passwd"), "root");
	ck_assert_uint_eq(scratch_look("host/canary").st_nlink, 1);
	ck_assert_uint_eq(scratch_look("tree/etc/passwd").st_nlink, 1);
	ck_assert(!path_exists(scratch_path("host/new")) && !path_exists(scratch_path("tree/etc/new")) &&
		  !path_exists(scratch_path("new")) && !path_exists(scratch_path("tree/new")));
}

/* The archive is refused, with `words` among the reasons. */
static void refused(const char *words, const struct member *members, size_t n)
{
	struct err err = {0};

	ck_assert_msg(unpack(members, n, 0, &err) < 0, "'%s' is accepted", words);
	ck_assert_msg(strstr(err.first->text, words) != NULL, "'%s' instead of '%s'", err.first->text, words);
	err_free(&err);
	check_canaries();
}

START_TEST(what_is_unpacked_has_its_content_and_harmless_modes)
{
	struct err err = {0};

	ck_assert_int_eq(unpack(MEMBERS({'5', "./", NULL, 0700, 0, 0}, {'5', "./new/", NULL, 0777, 12345, 0},
					{'0', "./new/a", "text", 0666, 12345, 0}, {'0', "new/su", "x", 06755, 0, 0},
					{'1', "new//hard", "./new/a", 0644, 0, 0}, {'2', "new/soft", "../new/a", 0777, 0, 0},
					{'0', "deep/er/b", "b", 0600, 0, 0}),
				0, &err),
			 0);
	ck_assert_uint_eq(scratch_look("tree/opt/new").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(scratch_look("tree/opt/new/a").st_mode, S_IFREG | 0644);
	ck_assert_uint_eq(scratch_look("tree/opt/new/su").st_mode, S_IFREG | 0755);
	ck_assert_uint_eq(scratch_look("tree/opt/new/a").st_uid, geteuid());
	ck_assert_uint_eq(scratch_look("tree/opt/new/hard").st_ino, scratch_look("tree/opt/new/a").st_ino);
	ck_assert_str_eq(scratch_text("tree/opt/new/soft"), "text");
	ck_assert_uint_eq(scratch_look("tree/opt/deep/er").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(scratch_look("tree/opt/deep/er/b").st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(scratch_look("tree/opt").st_mode, S_IFDIR | 0755);
}
END_TEST

START_TEST(leading_parts_are_stripped_also_from_hard_links)
{
	struct err err = {0};

	ck_assert_int_eq(unpack(MEMBERS({'5', "app-1.0/", NULL, 0755, 0, 0}, {'0', "app-1.0/README", "r", 0644, 0, 0},
					{'0', "./app-1.0/bin/x", "x", 0755, 0, 0},
					{'1', "app-1.0/y", "app-1.0/bin/x", 0, 0, 0}),
				1, &err),
			 0);
	ck_assert_str_eq(scratch_text("tree/opt/bin/x"), "x");
	ck_assert_uint_eq(scratch_look("tree/opt/y").st_ino, scratch_look("tree/opt/bin/x").st_ino);
	ck_assert(!path_exists(scratch_path("tree/opt/app-1.0")));
	ck_assert_int_eq(unpack(MEMBERS({'0', "a/b", "x", 0, 0, 0}), 2, &err), -EBADMSG);
	err_free(&err);
}
END_TEST

START_TEST(what_is_there_is_replaced_and_folders_are_kept)
{
	struct err err = {0};

	ck_assert_int_eq(unpack(MEMBERS({'5', "old", NULL, 0700, 0, 0}, {'0', "old/file", "new", 0, 0, 0},
					{'0', "within/x", "x", 0, 0, 0}, {'2', "old/link", "file", 0, 0, 0},
					{'0', "old/link", "no longer one", 0, 0, 0}),
				0, &err),
			 0);
	ck_assert_str_eq(scratch_text("tree/opt/old/file"), "new");
	ck_assert_uint_eq(scratch_look("tree/opt/old").st_mode, S_IFDIR | 0755);
	ck_assert_str_eq(scratch_text("tree/opt/share/x"), "x");
	ck_assert_str_eq(scratch_text("tree/opt/old/link"), "no longer one");
	refused("cannot unpack 'old'", MEMBERS({'0', "old", "x", 0, 0, 0}));
}
END_TEST

START_TEST(paths_that_leave_the_folder_are_refused)
{
	refused("absolute or contain '..'", MEMBERS({'0', "/new", "x", 0, 0, 0}));
	refused("absolute or contain '..'", MEMBERS({'0', "../new", "x", 0, 0, 0}));
	refused("absolute or contain '..'", MEMBERS({'0', "app/../../new", "x", 0, 0, 0}));
	refused("absolute or contain '..'", MEMBERS({'5', "app/..", NULL, 0, 0, 0}));
	refused("leads out of the folder", MEMBERS({'0', "out/new", "x", 0, 0, 0}));
	refused("leads out of the folder", MEMBERS({'0', "out/passwd", "x", 0, 0, 0}));
	refused("cannot unpack 'host/new'", MEMBERS({'0', "host/new", "x", 0, 0, 0}));
	refused("cannot unpack 'host/canary'", MEMBERS({'0', "host/canary", "x", 0, 0, 0}));
}
END_TEST

START_TEST(links_that_leave_the_folder_are_refused)
{
	refused("symbolic link that leads out", MEMBERS({'2', "l", "/etc", 0, 0, 0}));
	refused("symbolic link that leads out", MEMBERS({'2', "l", "..", 0, 0, 0}));
	refused("symbolic link that leads out", MEMBERS({'2', "app/l", "../../etc", 0, 0, 0}));
	refused("symbolic link that leads out", MEMBERS({'2', "app/l", "x/../../../etc", 0, 0, 0}));
	refused("symbolic link that leads out", MEMBERS({'2', "f", ".", 0, 0, 0}, {'2', "f/f/l", "../../etc", 0, 0, 0}));
	refused("symbolic link that leads out", MEMBERS({'2', "g", ".", 0, 0, 0}, {'2', "l", "g/g/../../etc", 0, 0, 0}));
	refused("leads out of the folder", MEMBERS({'2', "d", ".", 0, 0, 0}, {'2', "l", "d/d/../../etc", 0, 0, 0},
						   {'0', "l/new", "x", 0, 0, 0}));
	refused("leads out of the folder", MEMBERS({'2', "e", ".", 0, 0, 0}, {'2', "m", "e/..", 0, 0, 0},
						   {'0', "m/etc/new", "x", 0, 0, 0}));
	refused("hard link", MEMBERS({'1', "l", "../etc/passwd", 0, 0, 0}));
	refused("hard link", MEMBERS({'1', "l", "/etc/passwd", 0, 0, 0}));
	refused("cannot unpack 'l'", MEMBERS({'1', "l", "out/passwd", 0, 0, 0}));
	refused("cannot unpack 'l'", MEMBERS({'1', "l", "host/canary", 0, 0, 0}));
	refused("what is not there", MEMBERS({'1', "l", "nothing", 0, 0, 0}));
}
END_TEST

START_TEST(devices_pipes_and_unknown_things_are_refused)
{
	refused("device", MEMBERS({'3', "d", NULL, 0666, 0, 0}));
	refused("device", MEMBERS({'4', "d", NULL, 0666, 0, 0}));
	refused("device", MEMBERS({'6', "d", NULL, 0666, 0, 0}));
}
END_TEST

START_TEST(no_extended_attribute_comes_along)
{
	struct err err = {0};

	ck_assert_int_eq(unpack(MEMBERS({'x', "pax", "30 SCHILY.xattr.user.evil=yes\n", 0, 0, 0}, {'0', "new", "x", 0, 0, 0}),
				0, &err),
			 0);
	ck_assert_str_eq(scratch_text("tree/opt/new"), "x");
	ck_assert_int_eq(getxattr(scratch_path("tree/opt/new"), "user.evil", NULL, 0), -1);
}
END_TEST

START_TEST(bombs_and_damage_are_refused)
{
	struct err err = {0};

	refused("decompression bomb", MEMBERS({'0', "a", "x", 0, 0, 2ULL * LIMIT}));
	refused("decompression bomb", MEMBERS({'0', "a", "x", 0, 0, 8000000000}));
	refused("", MEMBERS({'0', "a", "x", 0, 0, 100000}));
	write_text("a.tar", "no archive at all, by no means, and nothing that looks like one");
	ck_assert_int_eq(bundle_take(scratch_path("a.tar"), "a", -1, LIMIT, &err), -EBADMSG);
	err_free(&err);
}
END_TEST

/* Takes `member` and says what came, or NULL. */
static const char *take(const char *member, struct err *err)
{
	static char text[100];
	_cleanup_fd_ int out = open(scratch_path("out"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	memset(text, 0, sizeof text);
	if (bundle_take(scratch_path("a.tar"), member, out, LIMIT, err) < 0)
		return NULL;
	n = pread(out, text, sizeof text - 1, 0);
	ck_assert_int_ge(n, 0);
	return text;
}

START_TEST(one_member_is_taken_by_its_name)
{
	struct err err = {0};

	write_tar(MEMBERS({'0', "/etc/evil", "evil", 0, 0, 0}, {'0', "./app/bin/x", "this", 0755, 0, 0},
			  {'2', "app/l", "bin/x", 0, 0, 0}, {'1', "app/h", "./app/bin/x", 0, 0, 0},
			  {'1', "app/hh", "app/h", 0, 0, 0}, {'5', "app/d", NULL, 0, 0, 0}, {'0', "app/empty", "", 0, 0, 0}));
	ck_assert_str_eq(take("app/bin/x", &err), "this");
	ck_assert_str_eq(take("./app/bin/x", &err), "this");
	ck_assert_str_eq(take("app/empty", &err), "");
	ck_assert_str_eq(take("app/h", &err), "this");
	ck_assert_ptr_null(take("app/hh", &err));
	err_free(&err);
	ck_assert_ptr_null(take("app/bin/y", &err));
	ck_assert_int_eq(err.code, -ENOENT);
	ck_assert_str_eq(err.last->hint, "did you mean 'app/bin/x'?");
	err_free(&err);
	ck_assert_ptr_null(take("app/l", &err));
	err_free(&err);
	ck_assert_ptr_null(take("app/d", &err));
	err_free(&err);
}
END_TEST

SUITE(unpack, what_is_unpacked_has_its_content_and_harmless_modes, leading_parts_are_stripped_also_from_hard_links,
      what_is_there_is_replaced_and_folders_are_kept, paths_that_leave_the_folder_are_refused,
      links_that_leave_the_folder_are_refused, devices_pipes_and_unknown_things_are_refused,
      no_extended_attribute_comes_along, bombs_and_damage_are_refused, one_member_is_taken_by_its_name)
