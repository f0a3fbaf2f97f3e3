/* `write_files`: where they may be, what is in them, and that what is kept is written once. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "machine/put.h"
#include "scratch.h"
#include "seeds.h"

static const char *write_files(const char *instance, const char *list)
{
	struct err err = {0};

	ck_assert_int_eq(folder_make(scratch_path("tree/etc"), 0755, &err), 0);
	return seeds_follow(scratch_path("tree"), (const char *[N_CIDATA]){
		[META_DATA] = arena_printf(scratch_arena(), "instance-id: %s\n", instance),
		[USER_DATA] = arena_printf(scratch_arena(), "#cloud-config\nwrite_files:\n%s", list),
	});
}

/* --- one file ---------------------------------------------------------------------------------------------------- */

static const struct {
	const char *entry, *path, *text; /* `path` NULL: nothing is written */
	unsigned mode;
	const char *remarks;
} entries[] = {
	{"{path: /etc/a, content: \"x\\n\"}", "etc/a", "x\n", 0644, ""},
	{"{path: /etc/a}", "etc/a", "", 0644, ""},
	{"{path: /etc/new/deep/a, content: x, permissions: '0600'}", "etc/new/deep/a", "x", 0600, ""},
	{"{path: /etc/a, content: x, permissions: 0o640}", "etc/a", "x", 0640, ""},
	{"{path: /etc/a, content: x, permissions: rwx}", "etc/a", "x", 0600,
	 "user-data:3: 'rwx' are no permissions: the file gets 0600\n"},
	{"{path: /etc/a, content: aGVs bG8=, encoding: b64}", "etc/a", "hello", 0644, ""},
	{"{path: /etc/a, content: !!binary aGVsbG8=}", "etc/a", "hello", 0644, ""},
	{"{path: /etc/a, content: H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==, encoding: gz+base64}", "etc/a", "hello", 0644, ""},
	{"{path: /etc/a, content: !!binary H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==, encoding: gzip}", "etc/a", "hello", 0644, ""},
	{"{path: /etc/a, content: H4sIAAAAAAAAA8tIzcnJBw==, encoding: gz+base64}", NULL, NULL, 0,
	 "user-data:3: '/etc/a' is not written: its content is not in the encoding that it names\n"},
	{"{path: /etc/a, content: 'a=b', encoding: base64}", NULL, NULL, 0,
	 "user-data:3: '/etc/a' is not written: its content is not in the encoding that it names\n"},
	{"{path: /etc/a, content: x, encoding: rot13}", NULL, NULL, 0,
	 "user-data:3: '/etc/a' is not written: its encoding is unknown\n"},
	{"{path: /etc/a, content: [x]}", NULL, NULL, 0, "user-data:3: '/etc/a' is not written: its content is no text\n"},
	{"{path: /etc/a, content: x, owner: 'nobody:nobody'}", "etc/a", "x", 0644,
	 "user-data:3: '/etc/a' is given to root, because there is no 'nobody:nobody'\n"},
	{"{path: /etc/a, content: x, source: {uri: 'http://x/'}, defer: true}", "etc/a", "x", 0644,
	 "user-data:3: 'source' of /etc/a is not followed\n"},
	{"{content: x}", NULL, NULL, 0, "user-data:3: '' is not written: it has no path\n"},
	{"{path: etc/a, content: x}", NULL, NULL, 0, "user-data:3: 'etc/a' is not written: it is no path of a file\n"},
	{"{path: /etc/../usr/a, content: x}", NULL, NULL, 0,
	 "user-data:3: '/etc/../usr/a' is not written: it is no path of a file\n"},
	{"{path: /etc/a/.., content: x}", NULL, NULL, 0, "user-data:3: '/etc/a/..' is not written: it is no path of a file\n"},
	{"{path: /etc/, content: x}", NULL, NULL, 0, "user-data:3: '/etc/' is not written: it is no path of a file\n"},
	{"{path: \"/etc/a\\nb\", content: x}", NULL, NULL, 0,
	 "user-data:3: '/etc/a b' is not written: it is no path of a file\n"},
	{"{path: /proc/sys/kernel/x, content: x}", NULL, NULL, 0,
	 "user-data:3: '/proc/sys/kernel/x' is not written: that is the kernel's\n"},
	{"{path: /var/lib/aether/identity/x, content: x}", NULL, NULL, 0,
	 "user-data:3: '/var/lib/aether/identity/x' is not written: that is aether-agent's own\n"},
	{"x", NULL, NULL, 0, "user-data:3: '' is not written: it has no path\n"},
};

START_TEST(a_file_is_what_its_entry_says)
{
	const char *list = arena_printf(scratch_arena(), "- %s\n", entries[_i].entry);

	ck_assert_str_eq(write_files("i1", list), entries[_i].remarks);
	if (entries[_i].path) {
		const char *path = arena_printf(scratch_arena(), "tree/%s", entries[_i].path);

		ck_assert_str_eq(scratch_text(path), entries[_i].text);
		ck_assert_uint_eq(scratch_look(path).st_mode, S_IFREG | entries[_i].mode);
	}
	ck_assert_int_eq(rmdir(scratch_path("tree/etc")), entries[_i].path ? -1 : 0); /* nothing else is there */
}
END_TEST

/* --- links that somebody laid ------------------------------------------------------------------------------------ */

START_TEST(no_link_leads_out_of_the_place)
{
	struct err err = {0};
	const char *list = "- {path: /var/lib/app/link/a, content: x}\n- {path: /var/lib/app/file, content: x}\n"
			   "- {path: /var/lib/app/add, content: x, append: true}\n- {path: /var/lib/app/folder, content: x}\n";

	ck_assert_int_eq(folder_make(scratch_path("tree/var/lib/app/folder"), 0755, &err), 0);
	ck_assert_int_eq(folder_make(scratch_path("outside"), 0755, &err), 0);
	ck_assert_int_eq(file_write(scratch_path("outside/canary"), "mine", 4, 0600, &err), 0);
	ck_assert_int_eq(symlink("../../../../outside", scratch_path("tree/var/lib/app/link")), 0);
	ck_assert_int_eq(symlink("../../../../outside/canary", scratch_path("tree/var/lib/app/file")), 0);
	ck_assert_int_eq(symlink("../../../../outside/canary", scratch_path("tree/var/lib/app/add")), 0);
	ck_assert_str_eq(write_files("i1", list),
			 "user-data:3: '/var/lib/app/link/a' is not written: a link is on the way, which is not followed\n"
			 "user-data:5: '/var/lib/app/add' is not written: a link is on the way, which is not followed\n"
			 "user-data:6: '/var/lib/app/folder' is not written: Is a directory\n");
	ck_assert_str_eq(scratch_text("outside/canary"), "mine");
	ck_assert_int_eq(scratch_look("outside/a").st_mode, 0);
	ck_assert_uint_eq(scratch_look("tree/var/lib/app/file").st_mode, S_IFREG | 0644);
	ck_assert_int_eq(scratch_look("tree/var/lib/app/.new-by-aether").st_mode, 0);
}
END_TEST

/* --- once, and each time ----------------------------------------------------------------------------------------- */

#define CERT "- {path: /var/lib/tls/cert, content: first}\n"
#define CONFIGURED "- {path: /etc/conf, content: as said}\n"

static void overwrite(const char *name, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path(name), text, strlen(text), 0644, &err), 0);
}

START_TEST(what_is_kept_is_written_once_for_an_instance)
{
	ck_assert_str_eq(write_files("i1", CERT CONFIGURED), "");
	overwrite("tree/var/lib/tls/cert", "renewed");
	overwrite("tree/etc/conf", "changed");
	ck_assert_str_eq(write_files("i1", CERT CONFIGURED), "");
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/cert"), "renewed");
	ck_assert_str_eq(scratch_text("tree/etc/conf"), "as said");
	ck_assert_int_eq(unlink(scratch_path("tree/var/lib/tls/cert")), 0);
	ck_assert_str_eq(write_files("i1", CERT), "");
	ck_assert_int_eq(scratch_look("tree/var/lib/tls/cert").st_mode, 0); /* who removed it meant it */
	ck_assert_str_eq(write_files("i2", CERT), "");
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/cert"), "first");
	overwrite("tree/var/lib/tls/cert", "renewed");
	ck_assert_str_eq(write_files("i1", CERT), "");
	ck_assert_str_eq(write_files("\"i\\t1\\t\"", CONFIGURED), "");
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/cert"), "renewed");
	ck_assert_str_eq(scratch_text("tree/var/lib/aether/seed/written"),
			 "i1\t1\t/var/lib/tls/cert\ni2\t1\t/var/lib/tls/cert\n");
}
END_TEST

/* A disc that cannot be read as a whole is no new instance. */
START_TEST(without_an_instance_nothing_that_is_kept_is_written)
{
	static const char *const metas[] = {NULL, "a: [", "[i1]"};
	static const char user[] = "#cloud-config\nwrite_files:\n" CERT CONFIGURED;

	ck_assert_str_eq(write_files("i1", CERT), "");
	overwrite("tree/var/lib/tls/cert", "renewed");
	for (size_t i = 0; i < sizeof metas / sizeof *metas; i++)
		ck_assert_ptr_nonnull(strstr(seeds_follow(scratch_path("tree"), (const char *[N_CIDATA]){
			[META_DATA] = metas[i], [USER_DATA] = user}),
			"'/var/lib/tls/cert' is not written: without an instance-id nobody knows whether it was\n"));
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/cert"), "renewed");
	ck_assert_str_eq(scratch_text("tree/etc/conf"), "as said");
	ck_assert_str_eq(seeds_follow(scratch_path("tree"), (const char *[N_CIDATA]){[META_DATA] = "", [USER_DATA] = user}),
			 "");
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/cert"), "first");
}
END_TEST

/* The power went when one of two was written. */
START_TEST(what_was_not_written_yet_is_written_next_time)
{
	ck_assert_str_eq(write_files("i1", CERT), "");
	overwrite("tree/var/lib/tls/cert", "renewed");
	overwrite("tree/var/lib/tls/.new-by-aether", "half");
	ck_assert_str_eq(write_files("i1", CERT "- {path: /var/lib/tls/key, content: secret, permissions: '0600'}\n"), "");
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/cert"), "renewed");
	ck_assert_str_eq(scratch_text("tree/var/lib/tls/key"), "secret");
	ck_assert_int_eq(scratch_look("tree/var/lib/tls/.new-by-aether").st_mode, 0);
}
END_TEST

START_TEST(what_is_appended_is_there_once)
{
	static const char list[] = "- {path: /var/lib/log, content: one}\n- {path: /var/lib/log, content: two, append: true}\n"
				   "- {path: /run/log, content: two, append: true}\n";

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_str_eq(write_files("i1", list), "");
		ck_assert_str_eq(scratch_text("tree/var/lib/log"), "onetwo");
		ck_assert_str_eq(scratch_text("tree/run/log"), "two");
	}
	ck_assert_int_eq(unlink(scratch_path("tree/var/lib/aether/seed/written")), 0);
	ck_assert_str_eq(write_files("i1", list), "");
	ck_assert_str_eq(scratch_text("tree/var/lib/log"), "onetwo");
}
END_TEST

/* The record does not grow for ever: the oldest instances go first. */
START_TEST(the_record_has_an_end)
{
	for (unsigned i = 0; i < 40; i++) {
		const char *list = "";

		for (unsigned k = 0; k < 40; k++)
			list = arena_printf(scratch_arena(), "%s- {path: /var/%0100u}\n", list, k);
		ck_assert_str_eq(write_files(arena_printf(scratch_arena(), "i%u", i), list), "");
	}
	ck_assert_int_le(scratch_look("tree/var/lib/aether/seed/written").st_size, 128 << 10);
	ck_assert_ptr_nonnull(strstr(scratch_text("tree/var/lib/aether/seed/written"), "i39\t1\t"));
	ck_assert_ptr_null(strstr(scratch_text("tree/var/lib/aether/seed/written"), "i1\t1\t"));
}
END_TEST

LOOP_SUITE(seed_entries, a_file_is_what_its_entry_says, sizeof entries / sizeof *entries)
SUITE(seed_files, no_link_leads_out_of_the_place, what_is_kept_is_written_once_for_an_instance,
      without_an_instance_nothing_that_is_kept_is_written,
      what_was_not_written_yet_is_written_next_time, what_is_appended_is_there_once, the_record_has_an_end)
