/* Templates: GNU tar, xz, gzip and zstd are the judges. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "artifact/template.h"
#include "base/file.h"
#include "edge/pax.h"
#include "host/proc.h"
#include "scratch.h"

enum { EPOCH = 1700000000 };

/* Runs a shell command in the test's folder; what it printed. */
static const char *run(const char *command)
{
	static struct buf output;
	const struct proc proc = {
		.argv = (const char *const[]){"/bin/bash", "-c", command, NULL}, .cwd = scratch(), .output = &output,
	};
	struct err err = {0};
	int r;

	output.size = 0;
	r = proc_check(&proc, &err);
	if (r < 0)
		err_print(&err, stderr);
	ck_assert_int_eq(r, 0);
	return output.size ? output.data : "";
}

static struct template_facts write_template(const char *format, const char *file, const char *jobs)
{
	struct template_facts facts;
	struct err err = {0};
	int r;

	setenv("AETHER_JOBS", jobs, 1);
	r = template_write(scratch_path("root"), EPOCH, format, scratch_path(file), &facts, &err);
	if (r < 0)
		err_print(&err, stderr);
	ck_assert_int_eq(r, 0);
	return facts;
}

/* A tree with something of everything, large enough for several pieces. */
static void make_tree(void)
{
	setlocale(LC_CTYPE, "C.UTF-8"); /* as main() does: names are text */
	run("mkdir -p root/usr/bin root/a root/dev 'root/a b' && cd root && echo x >a/b && echo y >a.c && echo z >a-d && "
	    "ln a/b a/hard && ln a/b usr/bin/hard && ln -s ../missing usr/link && mkfifo pipe && printf '' >empty && "
	    "for i in {1..120}; do seq $i $((i * 500)); done >large && echo p >usr/bin/p && chmod 4755 usr/bin/p && "
	    "long=$(printf 'n%.0s' {1..200}) && mkdir $long && echo l >$long/$long && echo u >ünïcode && "
	    "truncate -s 3M hole && echo t >>hole && chmod 1777 dev");
	ck_assert_int_eq(setxattr(scratch_path("root/a/b"), "user.note", "v\0alue", 6, 0), 0);
}

START_TEST(what_goes_in_comes_out_of_gnu_tar)
{
	make_tree();
	write_template("tar.zst", "t.tar.zst", "3");
	run("mkdir out && tar xpf t.tar.zst --zstd --numeric-owner --xattrs '--xattrs-include=user.*' -C out && "
	    "find root -exec touch -h -d @1700000000 {} + && "
	    "diff <(cd root && find . ! -type d -printf '%p %M %n %s %T@ %l\\n' | LC_ALL=C sort) "
	    "<(cd out && find . ! -type d -printf '%p %M %n %s %T@ %l\\n' | LC_ALL=C sort) && "
	    "diff <(cd root && find . -type d -printf '%p %M %T@\\n' | LC_ALL=C sort) "
	    "<(cd out && find . -type d -printf '%p %M %T@\\n' | LC_ALL=C sort) && "
	    "diff -r --no-dereference -x pipe root out && [ out/a/hard -ef out/usr/bin/hard ]");
	ck_assert_int_eq(getxattr(scratch_path("out/a/hard"), "user.note", (char[8]){0}, 8), 6);
}
END_TEST

/* Names are bytes: not text in UTF-8, with what means something to shells and terminals, longer than a tar has room for. */
START_TEST(names_that_are_no_text_come_out_of_gnu_tar)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	run("mkdir root && cd root && d=$(printf 'd\\351') && f=$(printf 'caf\\351') && mkdir \"$d\" && "
	    "echo x >\"$d/$f\" && ln -s \"$f\" link && ln \"$d/$f\" hard && ln \"$d/$f\" \"$(printf 'hard\\377')\" && "
	    "echo n >\"$(printf 'a\\nb\\033')\" && "
	    "echo d >./-rf && echo b >'back\\\\slash' && long=$(printf 'n%.0s' {1..240}) && mkdir $long && "
	    "echo l >$long/$f$long && "
	    "ln -s $long$f long && mkdir -p $long/$long/$long/$long && echo m >$long/$long/$long/$long/$f");
	write_template("tar.zst", "t.tar.zst", "2");
	run("mkdir out && tar xpf t.tar.zst --zstd --numeric-owner -C out 2>said && ! grep -v hdrcharset said && "
	    "diff -r --no-dereference root out && [ out/hard -ef out/d*/caf* ] && "
	    "diff <(cd root && find . -printf '%p %n %l\\0' | LC_ALL=C sort -z | od -c) "
	    "<(cd out && find . -printf '%p %n %l\\0' | LC_ALL=C sort -z | od -c)");
	write_template("tar.gz", "one", "1");
	write_template("tar.gz", "other", "4");
	run("cmp one other");
}
END_TEST

/* libarchive loses what it knows of an archive's client when the archive is given up. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* A tar has eleven octal digits for a size: 8 GiB. What is written first is looked at, and no more is written. */
struct beginning {
	size_t size;
	char bytes[4096];
};

static int take_beginning(void *data, const void *bytes, size_t size, struct err *err)
{
	struct beginning *beginning = data;
	size_t room = sizeof beginning->bytes - beginning->size, n = size < room ? size : room;

	memcpy(beginning->bytes + beginning->size, bytes, n);
	beginning->size += n;
	return err_set(err, -ECANCELED, "that is enough");
}

START_TEST(a_file_may_have_more_than_a_tar_has_digits_for)
{
	static const char size_record[] = "19 size=9663676421\n";
	struct beginning beginning = {0};
	struct err err = {0};
	struct pax_member member = {.source = scratch_path("huge"), .name = "./huge"};
	struct pax *archive;
	struct stat st;

	run("truncate -s 9663676421 huge");
	st = scratch_look("huge");
	member.st = &st;
	if (__lsan_disable)
		__lsan_disable();
	ck_assert_int_eq(pax_open(NULL, take_beginning, &beginning, &archive, &err), 0);
	ck_assert_int_eq(pax_add(archive, &member, &err), -ECANCELED);
	pax_free(archive);
	if (__lsan_enable)
		__lsan_enable();
	ck_assert_ptr_nonnull(memmem(beginning.bytes, beginning.size, size_record, strlen(size_record)));
	err_free(&err);
}
END_TEST

START_TEST(members_are_in_the_order_of_bytes)
{
	make_tree();
	write_template("tar.gz", "t.tar.gz", "1");
	run("tar tf t.tar.gz >list && LC_ALL=C sort -c list && ! grep -v '^\\./' list && [ \"$(head -n 1 list)\" = ./ ]");
	run("[ $(grep -n '^./a-d$' list | cut -d: -f1) -lt $(grep -n '^./a/$' list | cut -d: -f1) ]");
}
END_TEST

START_TEST(other_programs_find_each_format_sound)
{
	make_tree();
	write_template("tar.zst", "t.tar.zst", "2");
	write_template("tar.xz", "t.tar.xz", "2");
	write_template("tar.gz", "t.tar.gz", "2");
	run("zstd -q -t t.tar.zst && xz -t t.tar.xz && gzip -t t.tar.gz");
	run("zstd -dc t.tar.zst >plain && cmp plain <(xz -dc t.tar.xz) && cmp plain <(gzip -dc t.tar.gz)");
}
END_TEST

START_TEST(cores_and_time_make_no_difference)
{
	static const char *const formats[] = {"tar.zst", "tar.xz", "tar.gz"};

	make_tree();
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct template_facts one = write_template(formats[i], "one", "1"), other;

		run("find root -exec touch -h {} + ; chmod -R u+rwX root");
		other = write_template(formats[i], "other", "5");
		ck_assert_str_eq(one.sha256, other.sha256);
		ck_assert_uint_eq(one.size_bytes, other.size_bytes);
		run("cmp one other && [ \"$(sha256sum <one)\" = \"$(sha256sum <other)\" ] && rm -f one other");
	}
}
END_TEST

START_TEST(nothing_tells_when_or_where_it_was_made)
{
	make_tree();
	write_template("tar.gz", "t.tar.gz", "2");
	run("! gzip -dc t.tar.gz | grep -aE 'atime=|ctime=|LIBARCHIVE|SCHILY.(dev|ino|nlink)|GNU.sparse' && "
	    "[ \"$(tar --utc --full-time -tvf t.tar.gz | awk '{ print $4, $5 }' | sort -u)\" = \"2023-11-14 22:13:20\" ]");
}
END_TEST

static void check_refused(const char *words)
{
	struct template_facts facts;
	struct err err = {0};

	if (__lsan_disable)
		__lsan_disable();
	ck_assert_int_eq(template_write(scratch_path("root"), EPOCH, "tar.gz", scratch_path("t"), &facts, &err), -EINVAL);
	if (__lsan_enable)
		__lsan_enable();
	ck_assert_msg(strstr(err.first->text, words) != NULL, "%s", err.first->text);
	ck_assert_int_ne(access(scratch_path("t"), F_OK), 0);
	err_free(&err);
}

START_TEST(devices_and_foreign_owners_are_refused_and_sockets_left_out)
{
	run("mkdir -p root/dev && echo x >root/x && python3 -c 'import socket; "
	    "socket.socket(socket.AF_UNIX).bind(\"root/s\")'");
	write_template("tar.gz", "plain", "1");
	run("[ \"$(tar tf plain | tr '\\n' ' ')\" = './ ./dev/ ./x ' ]");
	if (geteuid() != 0 || mknod(scratch_path("root/dev/null"), S_IFCHR | 0600, makedev(1, 3)) < 0)
		return;
	check_refused("'/dev/null' is a device");
	ck_assert_int_eq(unlink(scratch_path("root/dev/null")), 0);
	ck_assert_int_eq(chown(scratch_path("root/x"), 65536, 0), 0);
	check_refused("'/x' belongs to 65536:0");
}
END_TEST

START_TEST(there_are_three_formats)
{
	struct err err = {0};

	ck_assert_str_eq(template_compression("tar.xz"), "xz");
	ck_assert_ptr_null(template_compression("tar.bz2"));
	ck_assert_int_eq(template_check("tar.gz", "gzip", &err), 0);
	ck_assert_int_eq(template_check("tgz", NULL, &err), -EINVAL);
	ck_assert_str_eq(err.first->hint, "choose one of: tar.zst, tar.xz, tar.gz");
	err_free(&err);
}
END_TEST

SUITE(template, what_goes_in_comes_out_of_gnu_tar, names_that_are_no_text_come_out_of_gnu_tar,
      a_file_may_have_more_than_a_tar_has_digits_for, members_are_in_the_order_of_bytes, other_programs_find_each_format_sound,
      cores_and_time_make_no_difference, nothing_tells_when_or_where_it_was_made,
      devices_and_foreign_owners_are_refused_and_sockets_left_out, there_are_three_formats)
