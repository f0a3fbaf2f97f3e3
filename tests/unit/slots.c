/* The books of the slots, as the agent keeps them: names of images, GRUB's environment block, lines of text, health checks. */
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "boot/grub.h"
#include "machine/agent/entry.h"
#include "machine/agent/grubenv.h"
#include "machine/agent/health.h"
#include "machine/command.h"
#include "machine/hash.h"
#include "machine/hex.h"
#include "machine/lines.h"
#include "scratch.h"

/* --- names of images ------------------------------------------------------------------------------------------------- */

START_TEST(names_of_images_are_read_and_written_back)
{
	static const struct {
		const char *file, *name;
		unsigned sequence;
		char slot;
		bool counted;
		unsigned left, done;
	} names[] = {
		{"gateway-1-a.efi", "gateway", 1, 'a', false, 0, 0},
		{"gateway-12-b+3.efi", "gateway", 12, 'b', true, 3, 0},
		{"step-ca-2-9-a+0-3.efi", "step-ca-2", 9, 'a', true, 0, 3},
		{"x+y-7-b+2-1.efi", "x+y", 7, 'b', true, 2, 1},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct entry entry;
		char file[64];

		ck_assert_int_eq(entry_parse(names[i].file, &entry), 0);
		ck_assert_str_eq(entry.name, names[i].name);
		ck_assert_uint_eq(entry.sequence, names[i].sequence);
		ck_assert_int_eq(entry.slot, names[i].slot);
		ck_assert_int_eq(entry.counted, names[i].counted);
		ck_assert_uint_eq(entry.left, names[i].left);
		ck_assert_uint_eq(entry.done, names[i].done);
		ck_assert_int_eq(entry_print(&entry, file, sizeof file), 0);
		ck_assert_str_eq(file, names[i].file);
		ck_assert_int_eq(entry_print(&entry, file, strlen(names[i].file)), -ENAMETOOLONG);
	}
}
END_TEST

START_TEST(names_that_are_not_ours_are_left_alone)
{
	static const char *const names[] = {
		"", ".efi", "debian.efi", "gateway-a.efi", "gateway-1.efi", "gateway-1-A.efi", "gateway-x-a.efi", "-1-a.efi",
		"gateway-1-a", "gateway-1-a+.efi", "gateway-1-a+x.efi", "gateway-1-a+3-.efi", "gateway-1-a+3-1-1.efi",
		"gateway-12345678901-a.efi", "gateway--a.efi", "a+3.efi",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct entry entry;

		ck_assert_msg(entry_parse(names[i], &entry) == -EINVAL, "'%s' is a name of ours", names[i]);
	}
}
END_TEST

/* --- GRUB's environment block ---------------------------------------------------------------------------------------- */

START_TEST(what_is_set_in_the_environment_block_is_found_there)
{
	struct buf made = {0};
	char block[GRUBENV_BYTES], value[16];

	grub_environment(&made);
	memcpy(block, made.data, sizeof block);
	ck_assert(!grubenv_get(block, "aether_good", value, sizeof value));
	ck_assert_int_eq(grubenv_set(block, "aether_good", "a"), 0);
	ck_assert_int_eq(grubenv_set(block, "other", "stays"), 0);
	ck_assert_int_eq(grubenv_set(block, "aether_good", "b"), 0);
	ck_assert(grubenv_get(block, "aether_good", value, sizeof value));
	ck_assert_str_eq(value, "b");
	ck_assert_int_eq(grubenv_set(block, "aether_good", NULL), 0);
	ck_assert(!grubenv_get(block, "aether_good", value, sizeof value));
	ck_assert(grubenv_get(block, "other", value, sizeof value));
	ck_assert_str_eq(value, "stays");
	ck_assert_mem_eq(block, "# GRUB Environment Block\nother=stays\n####", 41);
	ck_assert_int_eq(block[GRUBENV_BYTES - 1], '#');
	buf_free(&made);
}
END_TEST

START_TEST(what_is_set_last_stands_in_the_first_sector)
{
	char block[GRUBENV_BYTES] = "", key[16];

	for (unsigned i = 0; i < 60; i++) {
		snprintf(key, sizeof key, "filler%u", i);
		ck_assert_int_eq(grubenv_set(block, key, "0123"), 0);
	}
	ck_assert_int_eq(grubenv_set(block, "aether_tries", "3"), 0);
	ck_assert_mem_eq(block + 25, "aether_tries=3\n", 15);
}
END_TEST

START_TEST(a_full_or_broken_environment_block_is_no_danger)
{
	char block[GRUBENV_BYTES], long_value[2 * GRUBENV_BYTES], value[8];

	memset(block, 'x', sizeof block);
	ck_assert(!grubenv_get(block, "x", value, sizeof value));
	memset(long_value, 'y', sizeof long_value);
	long_value[sizeof long_value - 1] = 0;
	ck_assert_int_eq(grubenv_set(block, "a", long_value), -ENOSPC);
	ck_assert_int_eq(grubenv_set(block, "a", "1"), 0);
	ck_assert(grubenv_get(block, "a", value, sizeof value));
	ck_assert(!grubenv_get(block, "a", value, 1));
}
END_TEST

/* --- lines ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_value_is_the_one_behind_its_own_key)
{
	static const char text[] = "name=gateway\nnamed=x\nempty=\nlast=1";
	char value[8];

	ck_assert(lines_get(text, "name", value, sizeof value));
	ck_assert_str_eq(value, "gateway");
	ck_assert(lines_get(text, "last", value, sizeof value));
	ck_assert_str_eq(value, "1");
	ck_assert(lines_get(text, "empty", value, sizeof value));
	ck_assert_str_eq(value, "");
	ck_assert(!lines_get(text, "nam", value, sizeof value));
	ck_assert(!lines_get(text, "name", value, 7)); /* and is not cut */
}
END_TEST

START_TEST(fields_may_hold_what_separates_them)
{
	char text[] = "60000\tcommand\t/bin/x\ta\\tb\\nc\\\\d\t\nnext\n", *at = text, *fields[8];

	ck_assert_int_eq(lines_fields(&at, fields, 8), 5);
	ck_assert_str_eq(fields[3], "a\tb\nc\\d");
	ck_assert_str_eq(fields[4], "");
	ck_assert_int_eq(lines_fields(&at, fields, 8), 1);
	ck_assert_str_eq(fields[0], "next");
	ck_assert_int_eq(lines_fields(&at, fields, 8), 0);
}
END_TEST

START_TEST(lines_with_too_much_in_them_are_refused)
{
	char many[] = "a\tb\tc\n", strange[] = "a\\x\n", cut[] = "a\\", *at, *fields[2];

	at = many;
	ck_assert_int_eq(lines_fields(&at, fields, 2), -EINVAL);
	at = strange;
	ck_assert_int_eq(lines_fields(&at, fields, 2), -EINVAL);
	at = cut;
	ck_assert_int_eq(lines_fields(&at, fields, 2), -EINVAL);
}
END_TEST

/* --- health ---------------------------------------------------------------------------------------------------------- */

static int parse(struct health *health, const char *text)
{
	strcpy(health->text, text);
	return health_parse(health);
}

START_TEST(checks_are_what_the_builder_wrote)
{
	static struct health health;
	char words[64];

	ck_assert_int_eq(parse(&health, "60000\ttcp\t443\n5\thttp\t200\thttp://localhost/\n1\tcommand\t/bin/a b\tc\n"), 0);
	ck_assert_uint_eq(health.n_checks, 3);
	ck_assert_uint_eq(health.checks[0].timeout_ms, 60000);
	check_print(&health.checks[1], words, sizeof words);
	ck_assert_str_eq(words, "http 200 http://localhost/");
	ck_assert_str_eq(health.checks[2].words[1], "/bin/a b");
	ck_assert_ptr_null(health.checks[2].words[3]);
	check_print(&health.checks[2], words, 9);
	ck_assert_str_eq(words, "command ");
}
END_TEST

START_TEST(checks_that_nobody_writes_are_refused)
{
	static const char *const texts[] = {"60000\n",	   "60000\ttcp\n", "60000\ttcp\t1\t2\n",
					    "x\ttcp\t1\n", "\ttcp\t1\n",   "1\tping\tx\n",
					    "1\tuser-unit\ta.service\tanna\n"};
	static struct health health;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_int_eq(parse(&health, texts[i]), -EINVAL);
}
END_TEST

START_TEST(a_command_that_succeeds_is_healthy_and_one_that_fails_says_why)
{
	static struct health health;
	char reason[400];

	ck_assert_int_eq(parse(&health, "0\tcommand\t/bin/true\n"), 0);
	ck_assert(health_wait(&health, NULL));
	health_reason(&health, reason, sizeof reason);
	ck_assert_str_eq(reason, "");
	ck_assert_int_eq(
		parse(&health, "0\tcommand\t/bin/true\n0\tcommand\t/bin/sh\t-c\techo the disk is on fire; exit 3\n"),
		0);
	ck_assert(!health_wait(&health, NULL));
	health_reason(&health, reason, sizeof reason);
	ck_assert_str_eq(reason, "command /bin/sh -c echo the disk is on fire; exit 3: the disk is on fire; exit status 3");
}
END_TEST

START_TEST(a_check_has_its_time)
{
	static struct health health;
	char text[256];

	snprintf(text, sizeof text, "20000\tcommand\t/bin/sh\t-c\ttest -e %s/up || { : >%s/up; exit 1; }\n",
		 scratch_path(""), scratch_path(""));
	ck_assert_int_eq(parse(&health, text), 0);
	ck_assert(health_wait(&health, NULL));
}
END_TEST

/* --- commands, digests ----------------------------------------------------------------------------------------------- */

START_TEST(a_command_ends_or_is_ended)
{
	static const char *const says[] = {"/bin/sh", "-c", "echo one; echo two >&2; echo; exit 7", NULL};
	static const char *const sleeps[] = {"/bin/sh", "-c", "sleep 60 & sleep 60", NULL};
	static const char *const hides[] = {"/bin/sh", "-c", "exec >&- 2>&-; sleep 60", NULL};
	static const char *const missing[] = {"/no/such/program", NULL};
	char said[16];

	ck_assert_int_eq(command_run(says, 10, said, sizeof said), 7);
	ck_assert_str_eq(said, "two");
	ck_assert_int_eq(command_run(says, 10, said, 3), 7);
	ck_assert_str_eq(said, "tw");
	ck_assert_int_eq(command_run(sleeps, 1, said, sizeof said), -ETIME);
	ck_assert_int_eq(command_run(hides, 1, said, sizeof said), -ETIME);
	ck_assert_int_eq(command_run(missing, 1, NULL, 0), 127);
}
END_TEST

START_TEST(digests_are_those_of_sha256sum)
{
	uint8_t hash[HASH_BYTES];
	char hex[HASH_HEX];
	FILE *file = fopen(scratch_path("abc"), "w");

	fputs("abc", file);
	fclose(file);
	ck_assert_int_eq(hash_file(scratch_path("abc"), hex), 0);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_salted((const uint8_t *)"a", 1, "bc", 2, hash);
	hex_print(hash, HASH_BYTES, hex);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_int_eq(hash_file(scratch_path("none"), hex), -ENOENT);
}
END_TEST

SUITE(slots, names_of_images_are_read_and_written_back, names_that_are_not_ours_are_left_alone,
      what_is_set_in_the_environment_block_is_found_there, what_is_set_last_stands_in_the_first_sector,
      a_full_or_broken_environment_block_is_no_danger, a_value_is_the_one_behind_its_own_key,
      fields_may_hold_what_separates_them, lines_with_too_much_in_them_are_refused, checks_are_what_the_builder_wrote,
      checks_that_nobody_writes_are_refused, a_command_that_succeeds_is_healthy_and_one_that_fails_says_why,
      a_check_has_its_time, a_command_ends_or_is_ended, digests_are_those_of_sha256sum)
