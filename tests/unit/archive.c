/* Packages, made here byte by byte, most of them by somebody who means harm. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "edge/debfile.h"
#include "edge/stream.h"
#include "host/proc.h"
#include "scratch.h"
#include "tars.h"

static const struct member control[] = {
	{'5', "./", NULL, 0755, 0, 0}, {'0', "./control", "Package: evil\nVersion: 1\n", 0644, 0, 0},
};

static const char *write_file(const char *name, const struct buf *data)
{
	const char *path = scratch_path(name);
	struct err err = {0};

	ck_assert_int_eq(file_publish(path, data->data ? data->data : "", data->size, 0644, &err), 0);
	return path;
}

/* The package with `members` as its files; its path. */
static const char *make_deb(const struct member *members, size_t n)
{
	_cleanup_buf_ struct buf ar = {0};

	tars_put_deb(&ar, members, n);
	return write_file("evil.deb", &ar);
}

static bool all(void *data, const char *path)
{
	(void)data, (void)path;
	return true;
}

enum { LIMIT = 1 << 20 };

/* Unpacks `members` into tree/, beside which is host/canary. */
static int unpack(const struct member *members, size_t n, struct err *err)
{
	if (!path_exists(scratch_path("host"))) {
		ck_assert_int_eq(folder_make(scratch_path("host"), 0700, err), 0);
		ck_assert_int_eq(folder_make(scratch_path("tree"), 0755, err), 0);
		ck_assert_int_eq(file_publish(scratch_path("host/canary"), "mine", 4, 0600, err), 0);
	}
	return debfile_unpack(make_deb(members, n), scratch_path("tree"), LIMIT, all, NULL, err);
}

#define UNPACK(...)                                                                                                   \
	unpack((const struct member[]){__VA_ARGS__}, sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member), &err)

/* The host's folder and file are as they were. */
static void check_host(void)
{
	struct stat folder = scratch_look("host"), canary = scratch_look("host/canary");

	ck_assert_uint_eq(folder.st_mode, S_IFDIR | 0700);
	ck_assert_uint_eq(folder.st_nlink, 2);
	ck_assert_uint_eq(canary.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(canary.st_nlink, 1);
	ck_assert_int_ne(folder.st_mtim.tv_sec, 1000000000);
	ck_assert_int_ne(canary.st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(canary.st_uid, geteuid());
	ck_assert_str_eq(scratch_text("host/canary"), "mine");
	ck_assert(!path_exists(scratch_path("host/new")));
}

/* --- what packages are for ----------------------------------------------------------------------------------------------- */

START_TEST(files_come_with_their_content_modes_owners_and_times)
{
	struct err err = {0};
	unsigned uid = geteuid() == 0 ? 33 : geteuid();
	struct stat st;

	ck_assert_int_eq(UNPACK({'5', "./", NULL, 0700, 0, 0}, {'5', "./usr/", NULL, 0755, uid, 0},
				{'0', "./usr/a", "text", 0640, uid, 0}, {'1', "./usr/b", "./usr/a", 0640, uid, 0},
				{'2', "./usr/c", "a", 0777, uid, 0}, {'0', "./usr/su", "x", 04755, uid, 0},
				{'5', "./usr/t", NULL, 03777, uid, 0}),
			 0);
	st = scratch_look("tree/usr/a");
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(st.st_uid, uid);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(scratch_look("tree/usr/b").st_ino, st.st_ino);
	ck_assert_str_eq(scratch_text("tree/usr/c"), "text");
	ck_assert_uint_eq(scratch_look("tree/usr/su").st_mode, S_IFREG | 04755);
	ck_assert_uint_eq(scratch_look("tree/usr/t").st_mode, S_IFDIR | 03777);
	check_host();
}
END_TEST

START_TEST(the_newer_package_replaces_files_and_keeps_folders)
{
	struct err err = {0};

	ck_assert_int_eq(
		UNPACK({'5', "./usr", NULL, 0755, 0, 0}, {'0', "./usr/a", "old", 0, 0, 0}, {'2', "./usr/b", "a", 0, 0, 0}),
		0);
	ck_assert_int_eq(UNPACK({'5', "./usr", NULL, 0755, 0, 0}, {'0', "./usr/a", "new", 0, 0, 0},
				{'0', "./usr/b", "file", 0, 0, 0}, {'0', "./usr/c", "more", 0, 0, 0}),
			 0);
	ck_assert_str_eq(scratch_text("tree/usr/a"), "new");
	ck_assert_str_eq(scratch_text("tree/usr/b"), "file");
	ck_assert_str_eq(scratch_text("tree/usr/c"), "more");
}
END_TEST

START_TEST(links_to_folders_are_followed_inside_the_tree_and_stay)
{
	struct err err = {0};

	ck_assert_int_eq(UNPACK({'5', "./usr/lib/", NULL, 0755, 0, 0}, {'2', "./lib", "usr/lib", 0, 0, 0},
				{'2', "./lib64", "/usr/lib", 0, 0, 0}),
			 0);
	ck_assert_int_eq(UNPACK({'5', "./lib/", NULL, 0755, 0, 0}, {'0', "./lib/one", "1", 0, 0, 0},
				{'0', "./lib64/two", "2", 0, 0, 0}, {'5', "./lib64/folder/", NULL, 0755, 0, 0},
				{'1', "./usr/three", "./lib/one", 0, 0, 0}),
			 0);
	ck_assert(S_ISLNK(scratch_look("tree/lib").st_mode));
	ck_assert(S_ISLNK(scratch_look("tree/lib64").st_mode));
	ck_assert_str_eq(scratch_text("tree/usr/lib/one"), "1");
	ck_assert_str_eq(scratch_text("tree/usr/lib/two"), "2");
	ck_assert_str_eq(scratch_text("tree/usr/three"), "1");
	ck_assert(S_ISDIR(scratch_look("tree/usr/lib/folder").st_mode));
}
END_TEST

static bool only_b(void *data, const char *path)
{
	buf_printf(data, "%s ", path);
	return strcmp(path, "/usr/b") == 0;
}

START_TEST(the_filter_sees_absolute_paths_and_decides)
{
	static const struct member members[] = {
		{'5', "./", NULL, 0755, 0, 0},
		{'5', "./usr/", NULL, 0755, 0, 0},
		{'0', "./usr/a", "a", 0, 0, 0},
		{'0', "usr/b", "b", 0, 0, 0},
	};
	_cleanup_buf_ struct buf seen = {0};
	struct err err = {0};

	folder_make(scratch_path("tree"), 0755, &err);
	ck_assert_int_eq(debfile_unpack(make_deb(members, 4), scratch_path("tree"), LIMIT, only_b, &seen, &err), 0);
	ck_assert_str_eq(seen.data, "/usr /usr/a /usr/b ");
	ck_assert(!path_exists(scratch_path("tree/usr/a")));
	ck_assert_str_eq(scratch_text("tree/usr/b"), "b");
}
END_TEST

START_TEST(a_root_behind_a_link_of_the_host_is_unpacked_into_and_the_link_stays)
{
	static const struct member members[] = {{'0', "./usr/a", "a", 0, 0, 0}};
	struct err err = {0};

	folder_make(scratch_path("far/tree"), 0755, &err);
	ck_assert_int_eq(symlink("far", scratch_path("near")), 0);
	ck_assert_int_eq(debfile_unpack(make_deb(members, 1), scratch_path("near/tree"), LIMIT, all, NULL, &err), 0);
	ck_assert(S_ISLNK(scratch_look("near").st_mode));
	ck_assert_str_eq(scratch_text("far/tree/usr/a"), "a");
}
END_TEST

/* --- what they are not for ----------------------------------------------------------------------------------------------- */

START_TEST(absolute_paths_are_refused)
{
	struct err err = {0};

	ck_assert_int_eq(UNPACK({'0', scratch_path("host/new"), "evil", 0, 0, 0}), -EBADMSG);
	ck_assert_int_eq(UNPACK({'5', "/", NULL, 0777, 0, 0}, {'0', "//etc/new", "evil", 0, 0, 0}), -EBADMSG);
	check_host();
	err_free(&err);
}
END_TEST

START_TEST(paths_that_lead_upward_are_refused)
{
	static const char *const names[] = {"../host/new", "./../host/new", "usr/../../host/new", "..",
					    "./..",	   "usr/..",	    "./usr/./a",	  "usr//a"};
	struct err err = {0};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(UNPACK({'0', names[i], "evil", 0, 0, 0}) == -EBADMSG, "%s", names[i]);
	check_host();
	err_free(&err);
}
END_TEST

START_TEST(nothing_is_written_through_a_link_to_the_host)
{
	const char *host = scratch_path("host");
	struct err err = {0};

	UNPACK({'2', "./out", host, 0777, 0, 0}, {'0', "./out/new", "evil", 0, 0, 0}, {'0', "./out/canary", "evil", 0, 0, 0});
	check_host();
	UNPACK({'2', "./up", "../host", 0777, 0, 0}, {'0', "./up/new", "evil", 0, 0, 0}, {'5', "./up/new2/", NULL, 0777, 0, 0});
	check_host();
	UNPACK({'2', "./up2", "../../../../../../../../../..", 0777, 0, 0});
	UNPACK({'0', arena_printf(scratch_arena(), "./up2%s/new", host), "evil", 0, 0, 0});
	check_host();
	UNPACK({'2', "./magic", "/proc/self/root", 0777, 0, 0},
	       {'0', arena_printf(scratch_arena(), "./magic%s/new", host), "evil", 0, 0, 0});
	check_host();
	err_free(&err);
}
END_TEST

START_TEST(a_link_in_the_place_of_a_file_is_replaced_and_not_followed)
{
	struct err err = {0};

	ck_assert_int_eq(UNPACK({'2', "./a", scratch_path("host/canary"), 0777, 0, 0}, {'0', "./a", "inside", 04777, 0, 0}), 0);
	ck_assert_str_eq(scratch_text("tree/a"), "inside");
	ck_assert(S_ISREG(scratch_look("tree/a").st_mode));
	check_host();
}
END_TEST

START_TEST(a_folder_in_the_place_of_a_link_to_the_host_does_not_change_the_host)
{
	struct err err = {0};

	UNPACK({'2', "./out", scratch_path("host"), 0777, 0, 0}, {'5', "./out/", NULL, 0777, 33, 0},
	       {'0', "./out/new", "evil", 0, 0, 0});
	check_host();
	err_free(&err);
}
END_TEST

/* Folders get their mode and time last: by then the folder may be something else. */
START_TEST(a_folder_that_becomes_a_link_to_the_host_does_not_change_the_host)
{
	struct err err = {0};

	UNPACK({'5', "./x/", NULL, 0777, 33, 0}, {'2', "./x", scratch_path("host"), 0777, 0, 0});
	check_host();
	UNPACK({'5', "./y/", NULL, 0777, 33, 0}, {'2', "./y", scratch_path("host/canary"), 0777, 0, 0});
	check_host();
	UNPACK({'5', "./z/host/", NULL, 0777, 33, 0}, {'2', "./z/host", scratch_path("host"), 0777, 0, 0},
	       {'2', "./z", scratch(), 0777, 0, 0});
	check_host();
	err_free(&err);
}
END_TEST

START_TEST(hard_links_stay_in_the_tree)
{
	const char *canary = scratch_path("host/canary");
	const char *const targets[] = {
		canary, canary + 1, "../host/canary", "./../host/canary", "./usr/../../host/canary", "/", "", "./"};
	struct err err = {0};

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		ck_assert_msg(UNPACK({'1', "./h", targets[i], 0666, 0, 0}) < 0, "%s", targets[i]);
	check_host();
	/* by way of a link, and then written to */
	UNPACK({'2', "./out", scratch_path("host"), 0777, 0, 0}, {'1', "./h", "./out/canary", 0666, 33, 0},
	       {'0', "./h", "evil", 0666, 0, 0});
	check_host();
	UNPACK({'2', "./l", canary, 0777, 0, 0}, {'1', "./h2", "./l", 0666, 33, 0}, {'0', "./new", "evil", 0, 0, 0});
	check_host();
	err_free(&err);
}
END_TEST

START_TEST(devices_pipes_and_sockets_are_refused)
{
	struct err err = {0};

	ck_assert_int_eq(UNPACK({'3', "./zero", NULL, 0666, 0, 0}), -EBADMSG);
	ck_assert_int_eq(UNPACK({'4', "./disk", NULL, 0666, 0, 0}), -EBADMSG);
	ck_assert_int_eq(UNPACK({'6', "./pipe", NULL, 0666, 0, 0}), -EBADMSG);
	ck_assert(!path_exists(scratch_path("tree/zero")) && !path_exists(scratch_path("tree/disk")));
	ck_assert_ptr_nonnull(strstr(err.last->text, "'/pipe'"));
	err_free(&err);
}
END_TEST

START_TEST(more_than_any_package_has_is_refused_before_it_is_written)
{
	struct err err = {0};

	ck_assert_int_eq(UNPACK({'0', "./huge", "x", 0, 0, LIMIT + 1}), -EFBIG);
	ck_assert(!path_exists(scratch_path("tree/huge")));
	/* a sparse file of 8 EiB in a few bytes (GNU.sparse 0.1) */
	ck_assert_int_eq(
		UNPACK({'x', "./pax",
		    "26 GNU.sparse.numblocks=1\n35 GNU.sparse.size=900000000000000\n22 GNU.sparse.map=0,1\n", 0, 0, 0},
		   {'0', "./sparse", "x", 0, 0, 0}),
		-EFBIG);
	ck_assert(scratch_look("tree/sparse").st_size <= LIMIT);
	err_free(&err);
}
END_TEST

START_TEST(a_tar_that_is_cut_off_is_an_error)
{
	_cleanup_buf_ struct buf ar = {0}, tar = {0}, data = {0};
	struct err err = {0};

	folder_make(scratch_path("tree"), 0755, &err);
	tars_put(&tar, control, 2);
	tars_put_member(&data, &(struct member){'0', "./a", "text", 0, 0, 100000});
	tars_put_ar(&ar, "debian-binary", "2.0\n", 4);
	tars_put_ar(&ar, "control.tar", tar.data, tar.size);
	tars_put_ar(&ar, "data.tar", data.data, data.size);
	ck_assert_int_eq(debfile_unpack(write_file("cut.deb", &ar), scratch_path("tree"), LIMIT, all, NULL, &err),
			 -EBADMSG);
	err_free(&err);
}
END_TEST

/* --- packages as files --------------------------------------------------------------------------------------------------- */

/* A package whose members `tool` compressed. */
static const char *compressed_deb(const char *tool, const char *suffix)
{
	_cleanup_buf_ struct buf ar = {0}, tar = {0}, data = {0}, small = {0}, small_data = {0};
	static const struct member files[] = {{'0', "./usr/a", "text", 0, 0, 0}};
	struct err err = {0};
	char name[32];

	tars_put(&tar, control, 2);
	tars_put(&data, files, 1);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = (const char *const[]){tool, "-c", NULL}, .input = tar.data,
						   .input_size = tar.size, .output = &small}, &err), 0);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = (const char *const[]){tool, "-c", NULL}, .input = data.data,
						   .input_size = data.size, .output = &small_data}, &err), 0);
	tars_put_ar(&ar, "debian-binary", "2.0\n", 4);
	snprintf(name, sizeof name, "control.tar.%s", suffix);
	tars_put_ar(&ar, name, small.data, small.size);
	snprintf(name, sizeof name, "data.tar.%s", suffix);
	tars_put_ar(&ar, name, small_data.data, small_data.size);
	return write_file("small.deb", &ar);
}

START_TEST(a_flattened_package_is_the_same_package_without_compression)
{
	static const char *const tools[][2] = {{"gzip", "gz"}, {"xz", "xz"}};
	const char *flat = scratch_path("flat.deb");
	struct err err = {0};

	folder_make(scratch_path("tree"), 0755, &err);
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		_cleanup_buf_ struct buf text = {0}, output = {0};

		ck_assert_int_eq(debfile_flatten(compressed_deb(tools[i][0], tools[i][1]), flat, LIMIT, &err), 0);
		ck_assert_int_eq(debfile_control(flat, &text, &err), 0);
		ck_assert_str_eq(text.data, "Package: evil\nVersion: 1\n");
		ck_assert_int_eq(debfile_unpack(flat, scratch_path("tree"), LIMIT, all, NULL, &err), 0);
		ck_assert_str_eq(scratch_text("tree/usr/a"), "text");
		/* dpkg is the judge */
		ck_assert_int_eq(proc_check(&(struct proc){.argv = (const char *const[]){"dpkg-deb", "--field", flat,
											 "Package", NULL},
							   .output = &output},
					    &err),
				 0);
		ck_assert_str_eq(output.data, "evil\n");
		unlink(flat);
	}
}
END_TEST

START_TEST(a_bomb_is_refused_at_the_limit)
{
	_cleanup_buf_ struct buf ar = {0}, bomb = {0};
	struct err err = {0};
	const char *const argv[] = {"/bin/sh", "-c", "head -c 100000000 /dev/zero | gzip -c", NULL};

	ck_assert_int_eq(proc_check(&(struct proc){.argv = argv, .output = &bomb}, &err), 0);
	tars_put_ar(&ar, "debian-binary", "2.0\n", 4);
	tars_put_ar(&ar, "control.tar.gz", bomb.data, bomb.size);
	ck_assert_int_eq(debfile_flatten(write_file("bomb.deb", &ar), scratch_path("flat"), LIMIT, &err), -EFBIG);
	ck_assert_int_le(scratch_look("flat").st_size, LIMIT);
	err_free(&err);
}
END_TEST

START_TEST(what_is_not_a_package_is_said_to_be_none)
{
	static const char *const texts[] = {
		"", "text", "!<arch>\n",
		"!<arch>\ngarbage that is longer than sixty bytes, so that it is a header of a kind"};
	struct err err = {0};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		_cleanup_buf_ struct buf text = {0}, found = {0};
		const char *path;

		buf_puts(&text, texts[i]);
		path = write_file("none.deb", &text);
		unlink(scratch_path("flat"));
		ck_assert_int_eq(debfile_flatten(path, scratch_path("flat"), LIMIT, &err), -EBADMSG);
		ck_assert_int_eq(debfile_control(path, &found, &err), -EBADMSG);
		ck_assert_int_eq(debfile_unpack(path, scratch(), LIMIT, all, NULL, &err), -EBADMSG);
	}
	err_free(&err);
}
END_TEST

START_TEST(a_package_without_a_control_file_is_an_error)
{
	_cleanup_buf_ struct buf ar = {0}, tar = {0}, text = {0};
	struct err err = {0};
	const char *path;

	tars_put(&tar, &(struct member){'0', "./other", "x", 0, 0, 0}, 1);
	tars_put_ar(&ar, "debian-binary", "2.0\n", 4);
	tars_put_ar(&ar, "control.tar", tar.data, tar.size);
	path = write_file("evil.deb", &ar);
	ck_assert_int_eq(debfile_control(path, &text, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.last->text, "it has no control file"));
	ck_assert_int_eq(debfile_unpack(path, scratch(), LIMIT, all, NULL, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.last->text, "it has no data.tar"));
	err_free(&err);
}
END_TEST

/* --- streams ------------------------------------------------------------------------------------------------------------- */

/* Reads a stream to its end; the number of bytes, or what went wrong. */
static long drain(const char *path, uint64_t max_bytes, struct err *err)
{
	_cleanup_stream_ struct stream *stream = NULL;
	char chunk[5000];
	long total = 0;
	int r = stream_open(path, max_bytes, &stream, err);

	while (r == 0) {
		ptrdiff_t n = stream_read(stream, chunk, sizeof chunk, err);

		if (n <= 0)
			return n < 0 ? n : total;
		total += n;
	}
	return r;
}

START_TEST(a_stream_ends_at_its_end_at_its_limit_or_at_its_damage)
{
	_cleanup_buf_ struct buf plain = {0}, small = {0}, empty = {0};
	struct err err = {0};

	for (int i = 0; i < 20000; i++)
		buf_printf(&plain, "%d", i * 7919);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = (const char *const[]){"xz", "-c", NULL}, .input = plain.data,
						   .input_size = plain.size, .output = &small}, &err), 0);
	ck_assert_int_eq(drain(write_file("a.xz", &small), plain.size, &err), (long)plain.size);
	ck_assert_int_eq(drain(write_file("a", &plain), plain.size, &err), (long)plain.size);
	ck_assert_int_eq(drain(scratch_path("a.xz"), plain.size - 1, &err), -EFBIG);
	small.size /= 2;
	ck_assert_int_eq(drain(write_file("half.xz", &small), plain.size, &err), -EBADMSG);
	small.data[small.size / 2] ^= 0x40;
	ck_assert_int_eq(drain(write_file("damaged.xz", &small), plain.size, &err), -EBADMSG);
	ck_assert_int_eq(drain(write_file("empty", &empty), 10, &err), 0);
	ck_assert_int_eq(
		proc_check(&(struct proc){.argv = (const char *const[]){"xz", "-c", NULL}, .output = &empty}, &err), 0);
	ck_assert_int_eq(drain(write_file("empty.xz", &empty), 10, &err), 0);
	ck_assert_int_lt(drain(scratch_path("none"), 10, &err), 0);
	err_free(&err);
}
END_TEST

/* For some formats libarchive would start a program of that name. */
START_TEST(no_program_of_the_host_is_started_for_a_strange_compression)
{
	static const char *const starts[] = {"LRZI\0\6", "\x89LZO\0\r\n\x1a\n", "GRZipII\0\2\4:)"};
	static const size_t sizes[] = {6, 9, 12};
	struct err err = {0};

	ck_assert_int_eq(folder_make(scratch_path("bin"), 0755, &err), 0);
	for (int i = 0; i < 3; i++) {
		static const char *const programs[] = {"bin/lrzip", "bin/lzop", "bin/grzip"};
		_cleanup_buf_ struct buf script = {0}, data = {0};

		buf_printf(&script, "#!/bin/sh\ntouch '%s'\n", scratch_path("started"));
		file_publish(scratch_path(programs[i]), script.data, script.size, 0755, &err);
		setenv("PATH", scratch_path("bin"), 1);
		buf_add(&data, starts[i], sizes[i]);
		buf_printf(&data, "%01000d", 0);
		drain(write_file("strange", &data), 100000, &err);
	}
	ck_assert(!path_exists(scratch_path("started")));
	err_free(&err);
}
END_TEST

SUITE(archive, files_come_with_their_content_modes_owners_and_times, the_newer_package_replaces_files_and_keeps_folders,
      links_to_folders_are_followed_inside_the_tree_and_stay, the_filter_sees_absolute_paths_and_decides,
      a_root_behind_a_link_of_the_host_is_unpacked_into_and_the_link_stays, absolute_paths_are_refused,
      paths_that_lead_upward_are_refused, nothing_is_written_through_a_link_to_the_host,
      a_link_in_the_place_of_a_file_is_replaced_and_not_followed,
      a_folder_in_the_place_of_a_link_to_the_host_does_not_change_the_host,
      a_folder_that_becomes_a_link_to_the_host_does_not_change_the_host, hard_links_stay_in_the_tree,
      devices_pipes_and_sockets_are_refused, more_than_any_package_has_is_refused_before_it_is_written,
      a_tar_that_is_cut_off_is_an_error, a_flattened_package_is_the_same_package_without_compression,
      a_bomb_is_refused_at_the_limit, what_is_not_a_package_is_said_to_be_none, a_package_without_a_control_file_is_an_error,
      a_stream_ends_at_its_end_at_its_limit_or_at_its_damage, no_program_of_the_host_is_started_for_a_strange_compression)
