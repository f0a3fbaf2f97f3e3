/* What a machine makes of a seed's user-data and meta-data: its name, whom it trusts, and what it says of the rest. Trees that
 * stand for machines are below scratch(). */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "machine/owner.h"
#include "machine/put.h"
#include "machine/seed/seed.h"
#include "scratch.h"
#include "seeds.h"

static void write_tree_file(const char *name, const char *text)
{
	struct err err = {0};
	const char *path = scratch_path(arena_printf(scratch_arena(), "tree%s", name));
	const char *slash = strrchr(path, '/');

	ck_assert_int_eq(folder_make(arena_printf(scratch_arena(), "%.*s", (int)(slash - path), path), 0755, &err), 0);
	ck_assert_int_eq(file_write(path, text, strlen(text), 0644, &err), 0);
}

/* What of an image a seed can meet. */
static void make_tree(void)
{
	write_tree_file("/etc/hostname", "image\n");
	write_tree_file("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 image\n::1 localhost\n10.0.0.9 nas\n");
	write_tree_file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	write_tree_file("/etc/group", "root:x:0:\n");
	write_tree_file("/etc/ca-certificates.conf", "# ours\nmozilla/One.crt\n!mozilla/Two.crt\n\n");
	write_tree_file("/usr/share/zoneinfo/Europe/Berlin", "TZif");
}

static const char *follow(const char *user, const char *meta)
{
	return seeds_follow(scratch_path("tree"), (const char *[N_CIDATA]){[USER_DATA] = user, [META_DATA] = meta});
}

#define CONFIG "#cloud-config\n"
#define ID "instance-id: i1\n"
#define HOSTS "127.0.0.1 localhost\n::1 localhost\n10.0.0.9 nas\n"

/* --- names ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *user, *meta, *hostname, *hosts, *remarks;
} names[] = {
	{CONFIG "hostname: a\nfqdn: a.home.example\nmanage_etc_hosts: true\n", ID, "a\n",
	 "127.0.1.1 a.home.example a\n" HOSTS, ""},
	{CONFIG, ID "local-hostname: b\n", "b\n", "127.0.1.1 b\n" HOSTS, ""},
	{CONFIG, ID "local-hostname: b.home.example\n", "b\n", "127.0.1.1 b.home.example b\n" HOSTS, ""},
	{NULL, ID "local-hostname: b\n", "b\n", "127.0.1.1 b\n" HOSTS, ""},
	{CONFIG "fqdn: c.home.example\n", ID "local-hostname: b\n", "c\n", "127.0.1.1 c.home.example c\n" HOSTS, ""},
	{CONFIG "hostname: d.home.example\n", ID, "d\n", "127.0.1.1 d.home.example d\n" HOSTS, ""},
	{CONFIG "hostname: e\n", ID "local-hostname: b.home.example\n", "e\n", "127.0.1.1 b.home.example e\n" HOSTS, ""},
	{CONFIG "hostname: f\nmanage_etc_hosts: localhost\n", ID, "f\n", "127.0.1.1 f\n" HOSTS, ""},
	{CONFIG "hostname: g\nmanage_etc_hosts: false\n", ID, "g\n",
	 "127.0.0.1 localhost\n127.0.1.1 image\n::1 localhost\n10.0.0.9 nas\n", ""},
	{CONFIG, ID, "image\n", "127.0.0.1 localhost\n127.0.1.1 image\n::1 localhost\n10.0.0.9 nas\n", ""},
	{CONFIG "hostname: \"h\\n10.0.0.1 bank\"\n", ID "local-hostname: b\n", "b\n", "127.0.1.1 b\n" HOSTS,
	 "user-data:2: 'h 10.0.0.1 bank' is no name of a machine\n"},
	{CONFIG "hostname: -h\n", ID, "image\n", "127.0.0.1 localhost\n127.0.1.1 image\n::1 localhost\n10.0.0.9 nas\n",
	 "user-data:2: '-h' is no name of a machine\n"},
};

START_TEST(the_machine_is_called_what_the_seed_says)
{
	make_tree();
	ck_assert_str_eq(follow(names[_i].user, names[_i].meta), names[_i].remarks);
	ck_assert_str_eq(scratch_text("tree/etc/hostname"), names[_i].hostname);
	ck_assert_str_eq(scratch_text("tree/etc/hosts"), names[_i].hosts);
}
END_TEST

START_TEST(a_time_zone_is_one_of_the_images)
{
	char target[64] = "";

	make_tree();
	write_tree_file("/etc/timezone", "Etc/UTC\n");
	ck_assert_str_eq(follow(CONFIG "timezone: ../../../etc/passwd\n", ID),
			 "user-data:2: there is no time zone '../../../etc/passwd' in the image\n");
	ck_assert_str_eq(follow(CONFIG "timezone: Europe\n", ID), "user-data:2: there is no time zone 'Europe' in the image\n");
	ck_assert_int_eq(scratch_look("tree/etc/localtime").st_mode, 0);
	ck_assert_str_eq(follow(CONFIG "timezone: Europe/Berlin\n", ID), "");
	ck_assert_int_gt(readlink(scratch_path("tree/etc/localtime"), target, sizeof target - 1), 0);
	ck_assert_str_eq(target, "../usr/share/zoneinfo/Europe/Berlin");
	ck_assert_str_eq(scratch_text("tree/etc/timezone"), "Europe/Berlin\n");
}
END_TEST

/* --- what is not followed ---------------------------------------------------------------------------------------- */

static const struct {
	const char *user, *meta, *remarks;
} said[] = {
	{"", ID, ""},
	{NULL, NULL, "meta-data: there is none on the seed's disc\n"},
	{CONFIG "users: [default]\nuser: ops\nchpasswd: {expire: false}\npackage_upgrade: true\n", ID,
	 "user-data:2: 'users' is not followed: users are the recipe's to say\n"
	 "user-data:3: 'user' is not followed: users are the recipe's to say\n"
	 "user-data:4: 'chpasswd' is not followed: users are the recipe's to say\n"
	 "user-data:5: 'package_upgrade' is not followed: packages are the recipe's to say\n"},
	{CONFIG "users: []\npackage_upgrade: false\npackages:\nruncmd: ''\nmerge_how: a\n", ID, ""},
	{CONFIG "runcmd: [[reboot]]\nssh_keys: {a: b}\nmounts: [[a]]\nwrite_file: [a]\n", ID,
	 "user-data:2: 'runcmd' is not followed: what runs is the recipe's to say\n"
	 "user-data:3: 'ssh_keys' is not followed: who may log in is the recipe's to say\n"
	 "user-data:4: 'mounts' is not followed: file systems are the recipe's to say\n"
	 "user-data:5: 'write_file' is not followed: aether-agent does not know it\n"},
	{CONFIG, ID "public-keys: {a: b}\nseedfrom: http://x/\n",
	 "meta-data:2: 'public-keys' of meta-data is not followed\nmeta-data:3: 'seedfrom' of meta-data is not followed\n"},
	{CONFIG, "[a]", "meta-data:1: it is no map, so nothing of it is followed\n"},
	{"#!/bin/sh\nreboot\n", ID, "user-data: it is a script, so nothing of it is followed\n"},
	{"#include\nhttp://x/\n", ID, "user-data: it names files elsewhere, so nothing of it is followed\n"},
	{"Content-Type: multipart/mixed\n", ID, "user-data: it is of several parts (MIME), so nothing of it is followed\n"},
	{"hostname: a\n", ID, "user-data: its first line is not '#cloud-config', so nothing of it is followed\n"},
	{CONFIG "[a]\n", ID, "user-data:2: it is no map, so nothing of it is followed\n"},
	{CONFIG "a: [\n", ID, "user-data:3: did not find expected node content, so nothing of it is followed\n"},
	{CONFIG "hostname: a\nhostname: b\n", ID, "user-data:3: 'hostname' is said twice: this one counts\n"},
};

START_TEST(what_is_not_followed_is_told)
{
	make_tree();
	ck_assert_str_eq(follow(said[_i].user, said[_i].meta), said[_i].remarks);
}
END_TEST

START_TEST(vendor_data_is_told_when_it_says_something)
{
	make_tree();
	ck_assert_str_eq(seeds_follow(scratch_path("tree"), (const char *[N_CIDATA]){[META_DATA] = ID,
										     [VENDOR_DATA] = CONFIG "\n  # x\n"}), "");
	ck_assert_str_eq(seeds_follow(scratch_path("tree"), (const char *[N_CIDATA]){[META_DATA] = ID,
										     [VENDOR_DATA] = CONFIG "runcmd: [a]\n"}),
			 "vendor-data: nothing of it is followed\n");
}
END_TEST

START_TEST(remarks_are_one_line_each_and_have_an_end)
{
	struct remarks remarks = {.n = 0};
	const char *text;

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < REMARKS_MAX + 5; i++)
			remark(&remarks, "%u\n\033[31m", i);
	remark(&remarks, "%0500u", 1);
	ck_assert_int_eq(remarks_tell(&remarks, scratch()), 0);
	text = scratch_text("run/aether/remarks/seed");
	ck_assert_ptr_nonnull(strstr(text, "63  [31m\nand 11 more\n"));
	ck_assert_ptr_null(strchr(text, '\033'));
	remarks_free(&remarks);
	remarks = (struct remarks){.n = 0};
	ck_assert_int_eq(remarks_tell(&remarks, scratch()), 0);
	ck_assert_int_eq(scratch_look("run/aether/remarks/seed").st_mode, 0);
}
END_TEST

/* --- whom it trusts ---------------------------------------------------------------------------------------------- */

#define PEM(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----"

START_TEST(certificates_have_a_file_each_and_those_of_before_go)
{
	make_tree();
	ck_assert_str_eq(follow(CONFIG "ca_certs:\n  remove_defaults: true\n  trusted:\n  - |\n"
				       "    -----BEGIN CERTIFICATE-----\n    one\n    -----END CERTIFICATE-----\n"
				       "    -----BEGIN CERTIFICATE-----\n    two\n    -----END CERTIFICATE-----\n"
				       "  - nonsense\n  - \"-----BEGIN CERTIFICATE-----\"\n", ID),
			 "user-data:12: there is no certificate of an authority in it\n"
			 "user-data:13: a certificate of an authority is not trusted: its end is missing\n");
	ck_assert_str_eq(scratch_text("tree" "/run/aether/ca-certificates/seed-1.crt"), PEM("one") "\n");
	ck_assert_str_eq(scratch_text("tree" "/run/aether/ca-certificates/seed-2.crt"), PEM("two") "\n");
	ck_assert_str_eq(scratch_text("tree/etc/ca-certificates.conf"), "# ours\n!mozilla/One.crt\n!mozilla/Two.crt\n\n");
	ck_assert_str_eq(follow(CONFIG "ca-certs: {trusted: '" PEM("three") "', more: 1}\n", ID),
			 "user-data:4: 'more' of ca_certs is not followed\n");
	ck_assert_int_eq(scratch_look("tree/run/aether/ca-certificates/seed-2.crt").st_mode, 0);
}
END_TEST

/* --- owners ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	bool good;
	unsigned uid, gid;
} owners[] = {
	{NULL, true, 0, 0}, {"root", true, 0, 0}, {"caddy", true, 990, 991}, {"caddy:", true, 990, 991},
	{"caddy:ssl", true, 990, 120}, {":ssl", true, 0, 120}, {"7:8", true, 7, 8}, {"7", true, 7, 0},
	{"cad", false, 0, 0}, {"caddy:none", false, 0, 0}, {"none:ssl", false, 0, 0},
	{"caddy:x:990", false, 0, 0}, {"-1", false, 0, 0},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, 0, 0},
};

START_TEST(owners_are_those_of_the_image)
{
	uid_t uid = 1;
	gid_t gid = 1;

	write_tree_file("/etc/passwd", "root:x:0:0::/root:/bin/sh\ncaddy:x:990:991::/:/bin/false\n");
	write_tree_file("/etc/group", "root:x:0:\ncaddy:x:991:\nssl:x:120:caddy\n");
	ck_assert_int_eq(owner_find(scratch_path("tree"), owners[_i].text, &uid, &gid), owners[_i].good);
	ck_assert_uint_eq(uid, owners[_i].uid);
	ck_assert_uint_eq(gid, owners[_i].gid);
}
END_TEST

LOOP_SUITE(seed_names, the_machine_is_called_what_the_seed_says, sizeof names / sizeof *names)
LOOP_SUITE(seed_said, what_is_not_followed_is_told, sizeof said / sizeof *said)
LOOP_SUITE(seed_owners, owners_are_those_of_the_image, sizeof owners / sizeof *owners)
SUITE(seed, a_time_zone_is_one_of_the_images, vendor_data_is_told_when_it_says_something,
      remarks_are_one_line_each_and_have_an_end, certificates_have_a_file_each_and_those_of_before_go)
