/* What aether-init believes of a kernel command line, a disk and a firmware. */
#include "suite.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/verity.h"
#include "machine/block.h"
#include "machine/cmdline.h"
#include "machine/root/identity.h"
#include "machine/say.h"
#include "machine/verity.h"
#include "scratch.h"

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* --- the command line ---------------------------------------------------------------------------------------------------- */

START_TEST(the_command_line_names_the_image)
{
	static const char *const texts[] = {
		"aether.root=" HASH " aether.hash_offset=4096", "aether.hash_offset=4096 aether.root=" HASH,
		"ro console=ttyS0,115200  aether.root=" HASH " quiet aether.hash_offset=4096 panic=10\n",
		"aether.root=nonsense aether.root=" HASH " aether.hash_offset=1 aether.hash_offset=4096",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct cmdline cmdline = {0};
		const char *problem;

		ck_assert_int_eq(cmdline_parse(texts[i], &cmdline, &problem), 0);
		ck_assert_uint_eq(cmdline.hash_offset, 4096);
		for (size_t n = 0; n < ROOT_HASH_BYTES; n++)
			ck_assert_uint_eq(cmdline.root_hash[n], n);
	}
}
END_TEST

static void check_problem(const char *text, const char *expected)
{
	struct cmdline cmdline;
	const char *problem = NULL;

	ck_assert_int_eq(cmdline_parse(text, &cmdline, &problem), -EINVAL);
	ck_assert_str_eq(problem, expected);
}

START_TEST(a_command_line_that_does_not_name_the_image_says_what_is_missing)
{
	static const char hash[] = "aether.root=<64 hexadecimal digits>", offset[] = "aether.hash_offset=<bytes>";

	check_problem("", hash);
	check_problem("\n", hash);
	check_problem("aether.root=", hash);
	check_problem("aether.root= aether.hash_offset=1", hash);
	check_problem("aether.root=" HASH "0 aether.hash_offset=1", hash);
	check_problem("aether.root=00" " aether.hash_offset=1", hash);
	check_problem("aether.root=0001020304050607 08090a0b0c0d0e0f aether.hash_offset=1", hash);
	check_problem("aether.root="
		      "X00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		      " aether.hash_offset=1",
		      hash);
	check_problem("xaether.root=" HASH " aether.hash_offset=1", hash);
	check_problem("roothash=" HASH " aether.hash_offset=1", hash);
	check_problem("aether.root=" HASH, offset);
	check_problem("aether.root=" HASH " aether.hash_offset=", offset);
	check_problem("aether.root=" HASH " aether.hash_offset=-1", offset);
	check_problem("aether.root=" HASH " aether.hash_offset=+1", offset);
	check_problem("aether.root=" HASH " aether.hash_offset=1K", offset);
	check_problem("aether.root=" HASH " aether.hash_offset=0x10", offset);
	check_problem("aether.root=" HASH " aether.hash_offset=18446744073709551616", offset);
	check_problem("aether.root=" HASH " aether.hash_offset=1 aether.root=bad", hash);
}
END_TEST

/* --- the superblock ------------------------------------------------------------------------------------------------------ */

static const uint8_t root_hash[ROOT_HASH_BYTES] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof value);
}

static void put64(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof value);
}

/* The superblock of an image of 1000 blocks, at the offsets that cryptsetup's wiki gives. */
static void make_superblock(uint8_t block[VERITY_SUPERBLOCK])
{
	memset(block, 0, VERITY_SUPERBLOCK);
	memcpy(block, "verity\0\0", 8);
	put32(block + 8, 1);
	put32(block + 12, 1);
	memcpy(block + 16, root_hash, 16);
	memcpy(block + 32, "sha256", 6);
	put32(block + 64, 4096);
	put32(block + 68, 4096);
	put64(block + 72, 1000);
	block[80] = 2; /* bytes of salt */
	memcpy(block + 88, "\xab\xcd", 2);
}

START_TEST(a_superblock_is_decoded)
{
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;

	make_superblock(block);
	ck_assert_int_eq(verity_decode(block, root_hash, &verity), 0);
	ck_assert_str_eq(verity.algorithm, "sha256");
	ck_assert_uint_eq(verity.hash_type, 1);
	ck_assert_uint_eq(verity.data_block_size, 4096);
	ck_assert_uint_eq(verity.hash_block_size, 4096);
	ck_assert_uint_eq(verity.data_blocks, 1000);
	ck_assert_uint_eq(verity.salt_size, 2);
	ck_assert_mem_eq(verity.salt, "\xab\xcd", 2);
}
END_TEST

START_TEST(the_superblock_of_another_image_is_not_ours)
{
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;

	for (int i = 16; i < 32; i++) {
		make_superblock(block);
		block[i] ^= 0x80;
		ck_assert_int_eq(verity_decode(block, root_hash, &verity), -ENOENT);
	}
}
END_TEST

static void check_refused(unsigned at, uint64_t value, unsigned size)
{
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;

	make_superblock(block);
	value = htole64(value);
	memcpy(block + at, &value, size);
	ck_assert_msg(verity_decode(block, root_hash, &verity) == -EINVAL, "%llu at %u",
		      (unsigned long long)le64toh(value), at);
}

START_TEST(what_is_no_superblock_or_absurd_is_refused)
{
	static const uint32_t sizes[] = {0, 1, 511, 513, 4095, 131072, UINT32_MAX};
	uint8_t block[VERITY_SUPERBLOCK] = {0};
	struct verity verity;

	ck_assert_int_eq(verity_decode(block, root_hash, &verity), -EINVAL);
	for (unsigned i = 0; i < 8; i++)
		check_refused(i, 'x', 1);
	check_refused(8, 0, 4);
	check_refused(8, 2, 4);
	check_refused(12, 0, 4); /* the hash type of Chromium OS */
	check_refused(12, 2, 4);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		check_refused(64, sizes[i], 4);
		check_refused(68, sizes[i], 4);
	}
	check_refused(72, 0, 8);
	check_refused(72, UINT64_MAX, 8);
	check_refused(72, UINT64_MAX / 4096 + 2, 8); /* 4096 bytes, to who multiplies in 64 bits */
	check_refused(80, 257, 2);
	check_refused(80, 65535, 2);
}
END_TEST

START_TEST(no_other_algorithm_is_believed_however_it_is_written)
{
	static const char *const names[] = {
		"", "sha1", "md5", "crc32", "sha256x", "SHA256", "sha256 00 - 1 ignore_corruption", "sha256 "};
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		make_superblock(block);
		memset(block + 32, 0, 32);
		memcpy(block + 32, names[i], strlen(names[i]));
		ck_assert_int_eq(verity_decode(block, root_hash, &verity), -EINVAL);
	}
	make_superblock(block);
	memset(block + 32, 'a', 32); /* without an end */
	ck_assert_int_eq(verity_decode(block, root_hash, &verity), -EINVAL);
}
END_TEST

START_TEST(the_kernel_is_told_what_the_superblock_says)
{
	struct cmdline cmdline = {.hash_offset = 4096000};
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;
	char parameters[1200];

	memcpy(cmdline.root_hash, root_hash, sizeof root_hash);
	make_superblock(block);
	ck_assert_int_eq(verity_decode(block, root_hash, &verity), 0);
	ck_assert_int_eq(verity_parameters(&verity, "254:3", &cmdline, VERITY_RESTARTS, parameters, sizeof parameters), 0);
	ck_assert_str_eq(parameters, "1 254:3 254:3 4096 4096 1000 1001 sha256 " HASH " abcd 1 restart_on_corruption");
	verity.salt_size = 0;
	ck_assert_int_eq(verity_parameters(&verity, "254:3", &cmdline, VERITY_RESTARTS, parameters, sizeof parameters), 0);
	ck_assert_str_eq(parameters, "1 254:3 254:3 4096 4096 1000 1001 sha256 " HASH " - 1 restart_on_corruption");
}
END_TEST

START_TEST(parameters_that_do_not_fit_are_not_cut)
{
	struct cmdline cmdline = {.hash_offset = 4096000};
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;
	char parameters[1200];
	size_t length;

	make_superblock(block);
	ck_assert_int_eq(verity_decode(block, root_hash, &verity), 0);
	verity.salt_size = 256;
	ck_assert_int_eq(verity_parameters(&verity, "254:3", &cmdline, VERITY_RESTARTS, parameters, sizeof parameters), 0);
	length = strlen(parameters);
	ck_assert_int_eq(verity_parameters(&verity, "254:3", &cmdline, VERITY_RESTARTS, parameters, length), -ENOSPC);
	ck_assert_int_eq(verity_parameters(&verity, "254:3", &cmdline, VERITY_RESTARTS, parameters, length + 1), 0);
}
END_TEST

/* --- identity ------------------------------------------------------------------------------------------------------------ */

START_TEST(a_uuid_of_the_firmware_becomes_the_machine_id)
{
	char id[MACHINE_ID_BYTES];

	ck_assert(identity_from_uuid("4C4C4544-0031-3010-8054-C4C04F333233", id));
	ck_assert_str_eq(id, "4c4c4544003130108054c4c04f333233\n");
	ck_assert(identity_from_uuid("4c4c4544003130108054c4c04f333233", id));
	ck_assert_str_eq(id, "4c4c4544003130108054c4c04f333233\n");
}
END_TEST

START_TEST(a_uuid_that_does_not_tell_machines_apart_is_none)
{
	static const char *const uuids[] = {
		"",
		"-",
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
		"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
		"4c4c4544-0031-3010-8054-c4c04f33323",
		"4c4c4544-0031-3010-8054-c4c04f3332333",
		"4c4c4544-0031-3010-8054-c4c04f33323g",
		"Not Settable",
		" 4c4c4544-0031-3010-8054-c4c04f333233",
		"{4c4c4544}",
	};
	char id[MACHINE_ID_BYTES];

	for (size_t i = 0; i < sizeof uuids / sizeof *uuids; i++)
		ck_assert_msg(!identity_from_uuid(uuids[i], id), "'%s'", uuids[i]);
}
END_TEST

START_TEST(the_machine_id_is_made_once_and_kept)
{
	char first[MACHINE_ID_BYTES], again[MACHINE_ID_BYTES];
	struct stat st;

	identity_machine_id(scratch_path("lib/aether/identity"), first);
	ck_assert_uint_eq(strspn(first, "0123456789abcdef"), 32);
	ck_assert_str_eq(first + 32, "\n");
	identity_machine_id(scratch_path("lib/aether/identity"), again);
	ck_assert_str_eq(again, first);
	ck_assert_int_eq(stat(scratch_path("lib/aether/identity"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_ne(access(scratch_path("lib/aether/identity/new"), F_OK), 0);
}
END_TEST

/* The power may go while it is written. */
START_TEST(a_damaged_machine_id_is_made_anew)
{
	static const char *const damaged[] = {"", "\n", "4c4c4544", "00000000000000000000000000000000\n",
					      "4c4c4544003130108054c4c04f3332334c4c\n"};
	char id[MACHINE_ID_BYTES];

	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		FILE *file;

		ck_assert_int_eq(make_folder(scratch_path("identity"), 0700), 0);
		unlink(scratch_path("identity/machine-id"));
		file = fopen(scratch_path("identity/machine-id"), "we");
		fputs(damaged[i], file);
		fclose(file);
		identity_machine_id(scratch_path("identity"), id);
		ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
		ck_assert_uint_lt(strspn(id, "0"), 32);
	}
}
END_TEST

START_TEST(a_line_is_read_without_its_newline_and_no_further_than_there_is_room)
{
	FILE *file = fopen(scratch_path("line"), "we");
	char line[8] = "xxxxxxx";

	fputs("abcdefghij\n", file);
	fclose(file);
	ck_assert_int_eq(read_line(scratch_path("line"), line, sizeof line), -EFBIG);
	ck_assert_str_eq(line, "");
	ck_assert_int_eq(truncate(scratch_path("line"), 3), 0);
	ck_assert_int_eq(read_line(scratch_path("line"), line, sizeof line), 3);
	ck_assert_str_eq(line, "abc");
	ck_assert_int_eq(read_line(scratch_path("none"), line, sizeof line), -ENOENT);
	ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(a_partition_is_found_by_disk_and_label_or_not_at_all)
{
	struct partition partition;

	ck_assert(!partition_find("no-such-disk", "state", &partition));
	ck_assert(!partition_find("", "", &partition));
}
END_TEST

SUITE(agent, the_command_line_names_the_image, a_command_line_that_does_not_name_the_image_says_what_is_missing,
      a_superblock_is_decoded, the_superblock_of_another_image_is_not_ours, what_is_no_superblock_or_absurd_is_refused,
      no_other_algorithm_is_believed_however_it_is_written, the_kernel_is_told_what_the_superblock_says,
      parameters_that_do_not_fit_are_not_cut, a_uuid_of_the_firmware_becomes_the_machine_id,
      a_uuid_that_does_not_tell_machines_apart_is_none, the_machine_id_is_made_once_and_kept,
      a_damaged_machine_id_is_made_anew, a_line_is_read_without_its_newline_and_no_further_than_there_is_room,
      a_partition_is_found_by_disk_and_label_or_not_at_all)
