/* Extents, layouts, partition tables (judge: sfdisk) and dm-verity (judge: veritysetup). */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "disk/disk.h"
#include "disk/layout.h"
#include "disk/verity.h"
#include "edge/gpt.h"
#include "host/proc.h"
#include "scratch.h"

static const char SEED[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const uint64_t MIB = 1 << 20;

static int new_file(const char *name, uint64_t size)
{
	int fd = open(scratch_path(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

/* --- extents --------------------------------------------------------------------------------------------------------- */

START_TEST(extents_are_sorted_and_what_none_covers_is_zeros)
{
	struct disk disk = {.arena = arena_new(), .size_bytes = 4 * MIB};
	struct err err = {0};
	char out[16];

	disk_add_memory(&disk, 3 * MIB, "third", 5);
	disk_add_memory(&disk, 0, "first", 5);
	disk_add_memory(&disk, 5, "second", 6);
	disk_add_memory(&disk, 100, "nothing", 0);
	ck_assert_int_eq(disk_finish(&disk, &err), 0);
	ck_assert_uint_eq(disk.n_extents, 3);

	ck_assert_int_eq(disk_read(&disk, 0, out, sizeof out, &err), 0);
	ck_assert_mem_eq(out, "firstsecond\0\0\0\0\0", 16);
	ck_assert_int_eq(disk_read(&disk, 3 * MIB - 4, out, sizeof out, &err), 0);
	ck_assert_mem_eq(out, "\0\0\0\0third\0\0\0\0\0\0\0", 16);
	ck_assert_int_eq(disk_read(&disk, 3, out, 4, &err), 0);
	ck_assert_mem_eq(out, "stse", 4);
	ck_assert_int_eq(disk_read(&disk, 4 * MIB - 4, out, 4, &err), 0);
	ck_assert_mem_eq(out, "\0\0\0\0", 4);
	ck_assert_int_eq(disk_read(&disk, 4 * MIB - 4, out, 5, &err), -EINVAL);

	ck_assert_uint_eq(disk_next_data(&disk, 0), 0);
	ck_assert_uint_eq(disk_next_data(&disk, 10), 10);
	ck_assert_uint_eq(disk_next_data(&disk, 11), 3 * MIB);
	ck_assert_uint_eq(disk_next_data(&disk, 3 * MIB + 5), 4 * MIB);
	arena_free(disk.arena);
	err_free(&err);
}
END_TEST

START_TEST(extents_that_overlap_or_leave_the_disk_are_refused)
{
	struct arena *arena = arena_new();
	struct disk overlap = {.arena = arena, .size_bytes = MIB}, outside = overlap, far = overlap;
	struct err err = {0};

	disk_add_memory(&overlap, 4, "bbbb", 4);
	disk_add_memory(&overlap, 0, "aaaaa", 5);
	ck_assert_int_eq(disk_finish(&overlap, &err), -EINVAL);
	disk_add_memory(&outside, MIB - 3, "bbbb", 4);
	ck_assert_int_eq(disk_finish(&outside, &err), -EINVAL);
	disk_add_memory(&far, UINT64_MAX - 1, "bbbb", 4);
	ck_assert_int_eq(disk_finish(&far, &err), -EINVAL);
	arena_free(arena);
	err_free(&err);
}
END_TEST

START_TEST(blocks_of_zeros_are_no_extents_whether_they_are_holes_or_written)
{
	static char zeros[3 * DISK_BLOCK];
	_cleanup_arena_ struct arena *arena = arena_new();
	struct disk disk = {.arena = arena, .size_bytes = 16 * MIB};
	struct err err = {0};
	uint64_t length = 2 * MIB + 100;
	int fd = new_file("sparse", length);
	char out[8];

	ck_assert_int_eq(fd_pwrite_all(fd, zeros, sizeof zeros, 0), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, "one", 3, DISK_BLOCK + 7), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, "two", 3, MIB - 2), 0); /* across the border of what is read at once */
	ck_assert_int_eq(fd_pwrite_all(fd, "end", 3, length - 3), 0);
	ck_assert_int_eq(disk_add_file(&disk, 8 * MIB, fd, length, &err), 0);
	disk_own(&disk, fd);
	ck_assert_int_eq(disk_finish(&disk, &err), 0);

	ck_assert_uint_eq(disk.n_extents, 3);
	ck_assert_uint_eq(disk.extents[0].offset, 8 * MIB + DISK_BLOCK);
	ck_assert_uint_eq(disk.extents[0].length, DISK_BLOCK);
	ck_assert_uint_eq(disk.extents[1].offset, 9 * MIB - DISK_BLOCK);
	ck_assert_uint_eq(disk.extents[1].length, 2 * DISK_BLOCK);
	ck_assert_uint_eq(disk.extents[2].length, 100);
	ck_assert_int_eq(disk_read(&disk, 9 * MIB - 4, out, sizeof out, &err), 0);
	ck_assert_mem_eq(out, "\0\0two\0\0\0", 8);
	ck_assert_int_eq(disk_read(&disk, 8 * MIB + length - 4, out, sizeof out, &err), 0);
	ck_assert_mem_eq(out, "\0end\0\0\0\0", 8);
	disk_close(&disk);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	err_free(&err);
}
END_TEST

START_TEST(a_file_that_is_shorter_than_said_is_an_error)
{
	struct disk disk = {.arena = arena_new(), .size_bytes = 16 * MIB};
	struct err err = {0};
	int fd = new_file("short", DISK_BLOCK);

	ck_assert_int_eq(fd_pwrite_all(fd, "x", 1, 0), 0);
	ck_assert_int_eq(disk_add_file(&disk, 0, fd, 2 * DISK_BLOCK, &err), -ENODATA);
	arena_free(disk.arena);
	close(fd);
	err_free(&err);
}
END_TEST

/* --- layouts --------------------------------------------------------------------------------------------------------- */

START_TEST(a_uuid_is_a_function_of_seed_and_name_and_says_its_version)
{
	char one[37], again[37], other[37], foreign[37];

	disk_uuid(SEED, "esp", one);
	disk_uuid(SEED, "esp", again);
	disk_uuid(SEED, "state", other);
	disk_uuid("ff", "esp", foreign);
	ck_assert_str_eq(one, again);
	ck_assert_str_ne(one, other);
	ck_assert_str_ne(one, foreign);
	ck_assert_uint_eq(strlen(one), 36);
	ck_assert_uint_eq(strspn(one, "0123456789ABCDEF-"), 36);
	ck_assert_int_eq(one[14], '8');
	ck_assert_ptr_nonnull(strchr("89AB", one[19]));
}
END_TEST

static struct disk_layout two_slots(struct disk_partition p[4])
{
	p[0] = (struct disk_partition){.label = "esp", .size = 128 * MIB, .content = DISK_ESP};
	p[1] = (struct disk_partition){.label = "root-a", .content = DISK_ROOT};
	p[2] = (struct disk_partition){.label = "root-b", .content = DISK_ROOT_SPARE};
	p[3] = (struct disk_partition){.label = "state", .size = 100 * MIB + 1, .content = DISK_EXT4};
	return (struct disk_layout){.partitions = p, .n_partitions = 4};
}

START_TEST(partitions_follow_each_other_and_slots_have_room_to_grow)
{
	struct disk_partition p[4];
	struct disk_layout layout = two_slots(p);
	const uint64_t small[] = {30 * MIB, 200 * MIB, 0, MIB}, large[] = {30 * MIB, 700 * MIB + 1, 0, MIB};
	struct err err = {0};

	ck_assert_int_eq(layout_place(&layout, small, &err), 0);
	ck_assert_uint_eq(p[0].start, MIB);
	ck_assert_uint_eq(p[1].start, 129 * MIB);
	ck_assert_uint_eq(p[1].size, 512 * MIB);
	ck_assert_uint_eq(p[2].size, 512 * MIB);
	ck_assert_uint_eq(p[3].start, (129 + 1024) * MIB);
	ck_assert_uint_eq(p[3].size, 101 * MIB);
	ck_assert_uint_eq(layout.size_bytes, (129 + 1024 + 101 + 1) * MIB);

	layout = two_slots(p);
	ck_assert_int_eq(layout_place(&layout, large, &err), 0);
	ck_assert_uint_eq(p[1].size, 1051 * MIB);
	ck_assert_uint_eq(p[2].size, 1051 * MIB);

	layout = two_slots(p);
	p[1].size = 300 * MIB; /* one slot's size is the other's */
	ck_assert_int_eq(layout_place(&layout, small, &err), 0);
	ck_assert_uint_eq(p[1].size, 300 * MIB);
	ck_assert_uint_eq(p[2].size, 300 * MIB);
	ck_assert_uint_eq(err.count, 0);
}
END_TEST

static void assert_refused(struct disk_layout *layout, const uint64_t *need, int code, const char *words)
{
	struct err err = {0};

	ck_assert_int_eq(layout_place(layout, need, &err), code);
	ck_assert_msg(strstr(err.last->text, words) != NULL, "'%s' does not say '%s'", err.last->text, words);
	err_free(&err);
}

START_TEST(what_does_not_fit_is_refused_with_what_it_needs)
{
	struct disk_partition p[4];
	struct disk_layout layout = two_slots(p);
	const uint64_t need[] = {30 * MIB, 200 * MIB, 0, MIB}, esp[] = {129 * MIB, 200 * MIB, 0, MIB};

	p[2].size = 100 * MIB;
	assert_refused(&layout, need, -ENOSPC, "'root-a' is 100M but its content needs 200M");
	layout = two_slots(p);
	assert_refused(&layout, esp, -ENOSPC, "'esp' is 128M but its content needs 129M");
	layout = two_slots(p);
	layout.size_bytes = 1024 * MIB;
	assert_refused(&layout, need, -ENOSPC, "the disk is 1024M but its partitions need 1255M");
	layout = two_slots(p);
	p[1].start = 128 * MIB;
	assert_refused(&layout, need, -EINVAL, "'root-a' starts at 128M, inside the previous partition");
	layout = two_slots(p);
	p[0].start = 512;
	assert_refused(&layout, need, -EINVAL, "must be a multiple of 1M");
	layout = two_slots(p);
	p[3].size = UINT64_MAX - MIB;
	assert_refused(&layout, need, -EINVAL, "the disk would be too large");
}
END_TEST

/* What the recipe says of a partition's place; and where it comes to be. The disk has 100 MiB, or as many as it needs. */
static const struct {
	struct disk_partition words;
	uint64_t disk, start, size, needs; /* MiB */
	const char *problem;
} places[] = {
	{{.alignment = 8 * MIB}, 0, 8, 1, 10, NULL},
	{{.alignment = 4096}, 0, 5, 1, 7, NULL},
	{{.alignment = 3 * MIB / 2}, 0, 6, 1, 8, NULL},
	{{.alignment = MIB, .start = 7 * MIB}, 0, 7, 1, 9, NULL},
	{{.end = 20 * MIB}, 0, 5, 15, 21, NULL},
	{{.start = 10 * MIB, .end = 20 * MIB, .alignment = 2 * MIB}, 0, 10, 10, 21, NULL},
	{{.before_end = 10 * MIB}, 100, 5, 85, 100, NULL},
	{{.before_end = 10 * MIB + 1}, 100, 5, 84, 100, NULL},
	{{.before_end = 10 * MIB, .size = 4 * MIB}, 0, 5, 4, 19, NULL},
	{{.before_end = 1}, 100, 5, 94, 100, NULL},
	{{.start = 7 * MIB, .alignment = 2 * MIB}, 0, 0, 0, 0, "which is no multiple of its alignment, 2097152"},
	{{.alignment = UINT64_MAX}, 0, 0, 0, 0, "the disk would be too large"},
	{{.end = 5 * MIB}, 0, 0, 0, 0, "'b' would end at 5M, but begins at 5M"},
	{{.end = 20 * MIB + 512}, 0, 0, 0, 0, "the end must be a multiple of 1M"},
	{{.end = UINT64_MAX / MIB * MIB}, 0, 0, 0, 0, "'b' would end at"},
	{{.end = 100 * MIB}, 100, 0, 0, 0, "the disk is 100M but its partitions need 101M"},
	{{.before_end = 99 * MIB}, 100, 0, 0, 0, "'b' would end at 1M, but begins at 5M"},
	{{.before_end = UINT64_MAX}, 100, 0, 0, 0, "'b' would end at 1M, but begins at 5M"},
	{{.end = 6 * MIB}, 0, 0, 0, 0, "'b' is 1M but its content needs 2M"},
};

START_TEST(a_partition_begins_and_ends_where_it_was_told_to)
{
	struct disk_partition p[2] = {{.label = "a", .size = 4 * MIB}, places[_i].words};
	struct disk_layout layout = {.size_bytes = places[_i].disk * MIB, .partitions = p, .n_partitions = 2};
	const uint64_t need[] = {0, places[_i].words.end == 6 * MIB ? 2 * MIB : 1};
	const bool small = places[_i].words.end == 6 * MIB || places[_i].words.end == 100 * MIB;
	struct err err = {0};

	p[1].label = "b";
	if (places[_i].problem) {
		assert_refused(&layout, need, small ? -ENOSPC : -EINVAL, places[_i].problem);
		return;
	}
	ck_assert_int_eq(layout_place(&layout, need, &err), 0);
	ck_assert_uint_eq(p[1].start, places[_i].start * MIB);
	ck_assert_uint_eq(p[1].size, places[_i].size * MIB);
	ck_assert_uint_eq(layout.size_bytes, places[_i].needs * MIB);
}
END_TEST

/* --- partition tables ------------------------------------------------------------------------------------------------ */

static const struct gpt_partition PARTITIONS[] = {
	{"bios", "21686148-6449-6E6F-744E-656564454649", "ED7249A7-43E9-8E7F-B299-008C0D641BE7", 0, 1 << 20, 1 << 20,
	 false, false, 0},
	{"root-a", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "ACE5CBFC-2CD7-8BED-A483-DA2F39C18681", 1ULL << 60, 2 << 20,
	 8 << 20, false, false, 0},
	{"own", "01234567-89AB-8CDE-8F01-23456789ABCD", "12E85630-FDD1-8E66-9AAD-BE76D1060A09", 1ULL << 59 | 1, 10 << 20,
	 5 << 20, false, false, 0},
};

START_TEST(sfdisk_reads_the_tables_as_they_were_meant)
{
	static const char *const lines[] = {
		"label-id: DD277EFB-7DBE-82F5-91F6-6BF0BB99C058",
		"start=        2048, size=        2048, type=21686148-6449-6E6F-744E-656564454649, "
		"uuid=ED7249A7-43E9-8E7F-B299-008C0D641BE7, name=\"bios\"\n",
		"start=        4096, size=       16384, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, "
		"uuid=ACE5CBFC-2CD7-8BED-A483-DA2F39C18681, name=\"root-a\", attrs=\"GUID:60\"\n",
		"start=       20480, size=       10240, type=01234567-89AB-8CDE-8F01-23456789ABCD, "
		"uuid=12E85630-FDD1-8E66-9AAD-BE76D1060A09, name=\"own\", attrs=\"RequiredPartition GUID:59\"\n",
	};
	const char *path = scratch_path("disk.raw");
	const char *const verify[] = {"/usr/sbin/sfdisk", "--verify", path, NULL};
	const char *const dump[] = {"/usr/sbin/sfdisk", "-d", path, NULL};
	const struct gpt gpt = {"DD277EFB-7DBE-82F5-91F6-6BF0BB99C058", 16 * MIB, PARTITIONS, 3};
	uint8_t primary[GPT_PRIMARY_BYTES], backup[GPT_BACKUP_BYTES], again[GPT_PRIMARY_BYTES];
	struct buf said = {0};
	struct err err = {0};
	int fd = new_file("disk.raw", 16 * MIB);

	ck_assert_int_eq(gpt_encode(&gpt, primary, backup, &err), 0);
	ck_assert_int_eq(gpt_encode(&gpt, again, backup, &err), 0);
	ck_assert_mem_eq(primary, again, sizeof primary);
	ck_assert_int_eq(fd_pwrite_all(fd, primary, sizeof primary, 0), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, backup, sizeof backup, 16 * MIB - sizeof backup), 0);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = verify, .output = &said}, &err), 0);
	ck_assert_ptr_nonnull(strstr(said.data, "No errors detected."));
	ck_assert_int_eq(proc_run(&(struct proc){.argv = dump, .output = &said}, &err), 0);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		ck_assert_msg(strstr(said.data, lines[i]) != NULL, "no '%s' in:\n%s", lines[i], said.data);
	close(fd);
	buf_free(&said);
}
END_TEST

START_TEST(sfdisk_reads_both_tables_of_a_hybrid_disk)
{
	static const char *const old[] = {
		"start=           1, size=        4095, type=ee\n", "start=        4096, size=       16384, type=83\n",
		"start=       20480, size=       10240, type=c, bootable\n",
	};
	const char *path = scratch_path("disk.raw");
	const char *const nested[] = {"/usr/sbin/sfdisk", "--label-nested", "dos", "-d", path, NULL};
	const char *const dump[] = {"/usr/sbin/sfdisk", "-d", path, NULL};
	struct gpt_partition p[3];
	const struct gpt gpt = {"DD277EFB-7DBE-82F5-91F6-6BF0BB99C058", 16 * MIB, p, 3};
	uint8_t primary[GPT_PRIMARY_BYTES], backup[GPT_BACKUP_BYTES];
	struct buf said = {0};
	struct err err = {0};
	int fd = new_file("disk.raw", 16 * MIB);

	memcpy(p, PARTITIONS, sizeof p);
	p[1].hybrid = p[2].hybrid = p[2].active = true;
	p[1].mbr_type = 0x83;
	p[2].mbr_type = 0x0c;
	ck_assert_int_eq(gpt_encode(&gpt, primary, backup, &err), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, primary, sizeof primary, 0), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, backup, sizeof backup, 16 * MIB - sizeof backup), 0);
	ck_assert_int_eq(proc_run(&(struct proc){.argv = nested, .output = &said}, &err), 0);
	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		ck_assert_msg(strstr(said.data, old[i]) != NULL, "no '%s' in:\n%s", old[i], said.data);
	said.size = 0;
	ck_assert_int_eq(proc_run(&(struct proc){.argv = dump, .output = &said}, &err), 0);
	ck_assert_msg(strstr(said.data, "label: gpt\n") && strstr(said.data, "name=\"own\""), "%s", said.data);
	close(fd);
	buf_free(&said);
}
END_TEST

START_TEST(what_the_old_table_cannot_have_is_refused)
{
	struct gpt_partition p[4];
	struct gpt gpt = {"DD277EFB-7DBE-82F5-91F6-6BF0BB99C058", 16 * MIB, p, 4};
	uint8_t primary[GPT_PRIMARY_BYTES], backup[GPT_BACKUP_BYTES];
	struct err err = {0};

	for (size_t i = 0; i < 4; i++) {
		char *uuid = arena_strdup(scratch_arena(), PARTITIONS[0].uuid);

		uuid[0] = (char)('A' + i);
		p[i] = PARTITIONS[0];
		p[i].start = (i + 1) * MIB;
		p[i].uuid = uuid;
		p[i].hybrid = true;
	}
	ck_assert_int_eq(gpt_encode(&gpt, primary, backup, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.first->text, "has room for three"));
	err_free(&err);
	gpt.n_partitions = 1;
	gpt.size_bytes = 3ULL << 40;
	p[0].size = 2ULL << 40;
	ck_assert_int_eq(gpt_encode(&gpt, primary, backup, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.first->text, "ends beyond 2 TiB"));
	err_free(&err);
}
END_TEST

START_TEST(tables_that_libfdisk_refuses_are_errors_with_a_name)
{
	struct gpt_partition p[3];
	struct gpt gpt = {"DD277EFB-7DBE-82F5-91F6-6BF0BB99C058", 16 * MIB, p, 3};
	uint8_t primary[GPT_PRIMARY_BYTES], backup[GPT_BACKUP_BYTES];

	for (int i = 0; i < 5; i++) {
		struct err err = {0};

		memcpy(p, PARTITIONS, sizeof p);
		if (i == 0)
			p[2].size = 6 * MIB; /* over the second table */
		else if (i == 1)
			p[2].start = 9 * MIB;
		else if (i == 2)
			p[2].uuid = "none";
		else if (i == 3)
			p[2].size = 100;
		else
			p[2].type = "none";
		ck_assert_msg(gpt_encode(&gpt, primary, backup, &err) == -EINVAL, "case %d", i);
		ck_assert_ptr_nonnull(strstr(err.last->text, "'own'"));
		err_free(&err);
	}
}
END_TEST

/* --- dm-verity ------------------------------------------------------------------------------------------------------- */

/* A file of `n` blocks, each full of its number. */
static int numbered_blocks(uint32_t n)
{
	int fd = new_file("image", 0);
	uint32_t block[VERITY_BLOCK / 4];

	for (uint32_t i = 0; i < n; i++) {
		for (size_t w = 0; w < VERITY_BLOCK / 4; w++)
			block[w] = i;
		ck_assert_int_eq(fd_pwrite_all(fd, block, sizeof block, (uint64_t)i * VERITY_BLOCK), 0);
	}
	return fd;
}

static int judge_verity(const struct verity *verity, const char *root_hash)
{
	const char *image = scratch_path("image");
	char offset[64];
	const char *const argv[] = {"/usr/sbin/veritysetup", "verify", offset, image, image, root_hash, NULL};
	struct err err = {0};
	int status;

	snprintf(offset, sizeof offset, "--hash-offset=%llu", (unsigned long long)verity->hash_offset);
	status = proc_run(&(struct proc){.argv = argv}, &err);
	err_free(&err);
	return status;
}

/* Root hashes as `veritysetup format` of cryptsetup 2.6 printed them for such files and this salt. */
static const struct { uint32_t n; const char *root_hash; } VERITY[] = {
	{1, "4ce3ecf32c133bf6321901b6092219474b6ac91a19d0304621d629e6bb9987dc"},
	{2, "2a324e94048f1b195c1a95c1a8a2aadeaca051dbf22f8d70524f34a54312dd1e"},
	{128, "7304e50acd750ce7a62d37b9fd95234dbf7c4223c580c2ec355f5b12ad69424e"},
	{129, "a631d09d288077d69a662e74788789b2494093c15687d050203f71c6b6757f6d"},
	{16385, "b439e96c0c64d937c58d3703498b6ab3c5eb12e418d7d895fbca032e243c0ed4"},
};

static void check_tree(uint32_t n, const char *root_hash)
{
	uint8_t salt[VERITY_HASH], uuid[16];
	struct verity verity;
	struct err err = {0};
	char hash[65];
	int fd = numbered_blocks(n);

	hex_decode(SEED, salt, sizeof salt);
	ck_assert_int_eq(verity_append(fd, (uint64_t)n * VERITY_BLOCK, salt, &verity, &err), 0);
	hex_encode(verity.root_hash, sizeof verity.root_hash, hash);
	ck_assert_str_eq(hash, root_hash);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), (off_t)verity.size_bytes);
	ck_assert_int_eq(fd_pread_all(fd, uuid, sizeof uuid, verity.hash_offset + 16), 0);
	ck_assert_mem_eq(uuid, verity.root_hash, sizeof uuid);
	ck_assert_int_eq(judge_verity(&verity, hash), 0);

	ck_assert_int_eq(fd_pwrite_all(fd, "x", 1, verity.hash_offset - 1), 0);
	ck_assert_int_gt(judge_verity(&verity, hash), 0);
	close(fd);
}

START_TEST(veritysetup_makes_the_same_root_hash_and_verifies_our_tree)
{
	for (size_t i = 0; i < sizeof VERITY / sizeof *VERITY; i++)
		check_tree(VERITY[i].n, VERITY[i].root_hash);
}
END_TEST

START_TEST(the_tree_does_not_depend_on_the_number_of_processors)
{
	uint8_t salt[VERITY_HASH];
	struct verity one, many;
	struct err err = {0};
	int fd = numbered_blocks(2000);

	verity_salt(SEED, salt);
	setenv("AETHER_JOBS", "1", 1);
	ck_assert_int_eq(verity_append(fd, 2000 * VERITY_BLOCK, salt, &one, &err), 0);
	setenv("AETHER_JOBS", "7", 1);
	ck_assert_int_eq(verity_append(fd, 2000 * VERITY_BLOCK, salt, &many, &err), 0);
	ck_assert_mem_eq(one.root_hash, many.root_hash, VERITY_HASH);
	ck_assert_int_eq(verity_append(fd, 2000, salt, &many, &err), -EINVAL);
	ck_assert_int_eq(verity_append(fd, 0, salt, &many, &err), -EINVAL);
	close(fd);
	err_free(&err);
}
END_TEST

SUITE(disk, extents_are_sorted_and_what_none_covers_is_zeros, extents_that_overlap_or_leave_the_disk_are_refused,
      blocks_of_zeros_are_no_extents_whether_they_are_holes_or_written, a_file_that_is_shorter_than_said_is_an_error,
      a_uuid_is_a_function_of_seed_and_name_and_says_its_version, partitions_follow_each_other_and_slots_have_room_to_grow,
      what_does_not_fit_is_refused_with_what_it_needs, sfdisk_reads_the_tables_as_they_were_meant,
      sfdisk_reads_both_tables_of_a_hybrid_disk, what_the_old_table_cannot_have_is_refused,
      tables_that_libfdisk_refuses_are_errors_with_a_name, veritysetup_makes_the_same_root_hash_and_verifies_our_tree,
      the_tree_does_not_depend_on_the_number_of_processors)
LOOP_SUITE(disk_places, a_partition_begins_and_ends_where_it_was_told_to, sizeof places / sizeof *places)
