/* The judge of what we write is qemu-img: it checks the refcounts and compares with the disk as it was. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "artifact/image.h"
#include "artifact/qcow2.h"
#include "artifact/reader.h"
#include "base/file.h"
#include "host/proc.h"
#include "scratch.h"

enum { KIB = 1024, MIB = 1024 * KIB };
static const uint64_t GIB = 1024ULL * MIB;

static const char *const compressions[] = {"none", "zlib", "zstd"};
enum { N_COMPRESSIONS = sizeof compressions / sizeof *compressions };

/* --- disks: a sparse file, and a source that reads it ------------------------------------------------------------- */

enum kind { ZEROS, TEXT, NOISE };

struct disk {
	struct image_source source;
	const char *path;
	int fd;
};

static int disk_read(void *data, uint64_t offset, void *out, size_t size, struct err *err)
{
	const struct disk *disk = data;
	int r = fd_pread_all(disk->fd, out, size, offset);

	return r < 0 ? err_sys(err, r, "cannot read '%s'", disk->path) : 0;
}

static uint64_t disk_next_data(void *data, uint64_t offset)
{
	const struct disk *disk = data;
	off_t next = lseek(disk->fd, (off_t)offset, SEEK_DATA);

	return next < 0 ? disk->source.size_bytes : (uint64_t)next;
}

static struct disk *disk_new(uint64_t size)
{
	struct disk *disk = arena_new_of(scratch_arena(), struct disk);

	disk->path = scratch_path("disk");
	disk->source = (struct image_source){size, disk, disk_read, disk_next_data};
	disk->fd = open(disk->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ge(disk->fd, 0);
	ck_assert_int_eq(ftruncate(disk->fd, (off_t)size), 0);
	return disk;
}

/* xorshift64: noise that is the same in every run. */
static uint64_t noise(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static void disk_fill(struct disk *disk, uint64_t offset, size_t size, enum kind kind)
{
	static const char words[] = "All that is gold does not glitter, not all those who wander are lost. ";
	uint64_t state = offset + 88172645463325252ULL;
	char *bytes = calloc(1, size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = kind == TEXT ? words[i % (sizeof words - 1)] : kind == NOISE ? (char)noise(&state) : 0;
	ck_assert_int_eq(fd_pwrite_all(disk->fd, bytes, size, offset), 0);
	free(bytes);
}

/* Everything that can follow everything, at known that are not rounded to anything. */
static struct disk *mixed_disk(uint64_t size)
{
	struct disk *disk = disk_new(size);
	uint64_t state = 7, offset = 0;

	while (offset + 400 * KIB < size) {
		size_t length = 1 + noise(&state) % (300 * KIB);

		disk_fill(disk, offset, length, noise(&state) % 3);
		offset += length + (noise(&state) % 4 == 0 ? noise(&state) % (3 * MIB) : 0);
	}
	disk_fill(disk, size - 1000, 1000, TEXT);
	return disk;
}

/* --- the judge ---------------------------------------------------------------------------------------------------- */

static void must(const char *const *argv, struct buf *output)
{
	const struct proc proc = {.argv = argv, .output = output};
	struct err err = {0};

	if (proc_check(&proc, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("%s %s", argv[0], argv[1]);
	}
}

static struct image_facts write_image(const struct disk *disk, const char *format, const char *compression,
				      const char *path)
{
	struct image_facts facts;
	struct err err = {0};

	unlink(path);
	if (image_write(&disk->source, format, compression, path, &facts, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("writing %s, %s", format, compression);
	}
	return facts;
}

static void judge(const struct disk *disk, const char *compression)
{
	const char *path = scratch_path("image");
	const char *const check[] = {"qemu-img", "check", "-f", "qcow2", path, NULL};
	const char *const compare[] = {"qemu-img", "compare", "-f", "raw", "-F", "qcow2", disk->path, path, NULL};

	write_image(disk, "qcow2", compression, path);
	must(check, NULL);
	must(compare, NULL);
}

static void judge_all(const struct disk *disk)
{
	for (size_t i = 0; i < N_COMPRESSIONS; i++)
		judge(disk, compressions[i]);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

START_TEST(a_disk_of_all_sorts_is_what_qemu_reads)
{
	judge_all(mixed_disk(70 * MIB));
}
END_TEST

START_TEST(a_dense_disk_is_what_qemu_reads)
{
	struct disk *disk = disk_new(24 * MIB);

	disk_fill(disk, 0, 12 * MIB, NOISE);
	disk_fill(disk, 12 * MIB, 12 * MIB, TEXT);
	judge_all(disk);
}
END_TEST

START_TEST(a_disk_may_end_within_a_sector)
{
	judge_all(mixed_disk(3 * MIB + 777));
}
END_TEST

START_TEST(two_tebibytes_take_no_more_place_than_what_is_on_them)
{
	struct disk *disk = disk_new(2048 * GIB);
	struct stat st;

	disk_fill(disk, 0, 100 * KIB, TEXT);
	disk_fill(disk, 1024 * GIB - 70 * KIB, 140 * KIB, NOISE);
	disk_fill(disk, 2048 * GIB - 512, 512, TEXT);
	judge_all(disk);
	ck_assert_int_eq(stat(scratch_path("image"), &st), 0);
	ck_assert_int_lt(st.st_size, 2 * MIB);
}
END_TEST

START_TEST(an_empty_disk_is_an_image_too)
{
	judge_all(disk_new(10 * MIB));
	judge_all(disk_new(0));
}
END_TEST

START_TEST(zeros_that_are_no_hole_take_no_place)
{
	struct disk *disk = disk_new(64 * MIB);
	struct image_facts facts;

	disk_fill(disk, 0, 64 * MIB, ZEROS);
	facts = write_image(disk, "qcow2", "none", scratch_path("image"));
	ck_assert_uint_eq(facts.size_bytes, 4 * 64 * KIB); /* header, L1, refcount table, refcount block */
}
END_TEST

START_TEST(what_does_not_shrink_is_stored_plain)
{
	struct disk *disk = disk_new(16 * MIB);

	disk_fill(disk, 0, 16 * MIB, NOISE);
	for (size_t i = 0; i < N_COMPRESSIONS; i++) {
		struct image_facts facts = write_image(disk, "qcow2", compressions[i], scratch_path("image"));

		ck_assert_uint_eq(facts.size_bytes, 16 * MIB + 5 * 64 * KIB);
	}
}
END_TEST

START_TEST(any_number_of_threads_writes_the_same_bytes)
{
	static const char *const jobs[] = {"1", "2", "5", "40"};
	struct disk *disk = mixed_disk(40 * MIB);

	for (size_t i = 0; i < N_COMPRESSIONS; i++) {
		struct image_facts first = {0}, facts;

		for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
			setenv("AETHER_JOBS", jobs[j], 1);
			facts = write_image(disk, "qcow2", compressions[i], scratch_path("image"));
			if (j == 0)
				first = facts;
			ck_assert_str_eq(facts.sha256, first.sha256);
			ck_assert_uint_eq(facts.size_bytes, first.size_bytes);
		}
	}
}
END_TEST

/* 2 GiB of the file are what the first refcount block counts. */
static int first_byte_of_clusters(void *data, uint64_t offset, void *out, size_t size, struct err *err)
{
	(void)data, (void)err;
	memset(out, 0, size);
	for (size_t i = 0; i < size; i += 64 * KIB)
		memcpy((char *)out + i, &(uint64_t){offset + i + 1}, sizeof offset);
	return 0;
}

static uint64_t everywhere(void *data, uint64_t offset)
{
	(void)data;
	return offset;
}

START_TEST(refcounts_go_on_after_the_first_block)
{
	const struct image_source source = {2 * GIB + 128 * MIB, NULL, first_byte_of_clusters, everywhere};
	const char *path = scratch_path("image");
	const char *const check[] = {"qemu-img", "check", "-f", "qcow2", path, NULL};
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	struct err err = {0};

	ck_assert_int_eq(qcow2_write(&source, NULL, fd, &err), 0);
	close(fd);
	must(check, NULL);
}
END_TEST

START_TEST(qemu_reads_in_the_header_what_was_asked_for)
{
	static const char *const types[] = {"\"zlib\"", "\"zlib\"", "\"zstd\""};
	struct disk *disk = mixed_disk(5 * MIB);

	for (size_t i = 0; i < N_COMPRESSIONS; i++) {
		const char *path = scratch_path("image");
		const char *const info[] = {"qemu-img", "info", "--output=json", path, NULL};
		struct buf said = {0};

		write_image(disk, "qcow2", compressions[i], path);
		must(info, &said);
		ck_assert_ptr_nonnull(strstr(said.data, "\"virtual-size\": 5242880"));
		ck_assert_ptr_nonnull(strstr(said.data, "\"cluster-size\": 65536"));
		ck_assert_ptr_nonnull(strstr(said.data, "\"compat\": \"1.1\""));
		ck_assert_ptr_nonnull(strstr(said.data, "\"lazy-refcounts\": false"));
		ck_assert_ptr_nonnull(strstr(strstr(said.data, "\"compression-type\""), types[i]));
		buf_free(&said);
	}
}
END_TEST

START_TEST(a_raw_image_is_the_disk_with_its_holes)
{
	struct disk *disk = mixed_disk(70 * MIB + 777);
	const char *path = scratch_path("image");
	const char *const compare[] = {"cmp", disk->path, path, NULL};
	struct image_facts facts = write_image(disk, "raw", "none", path);
	struct stat st;

	must(compare, NULL);
	ck_assert_uint_eq(facts.size_bytes, disk->source.size_bytes);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_blocks * 512, 60 * MIB);
}
END_TEST

START_TEST(an_image_is_read_only_and_its_digest_is_that_of_its_file)
{
	const char *path = scratch_path("image");
	struct image_facts facts = write_image(mixed_disk(8 * MIB), "qcow2", "zstd", path);
	struct stat st;
	struct err err = {0};
	uint64_t size;
	char sha256[SHA256_HEX];

	ck_assert_int_eq(sha256_file(path, sha256, &size, &err), 0);
	ck_assert_str_eq(sha256, facts.sha256);
	ck_assert_uint_eq(size, facts.size_bytes);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0222, 0);
}
END_TEST

START_TEST(an_image_replaces_nothing)
{
	const char *path = scratch_path("image");
	struct disk *disk = mixed_disk(8 * MIB);
	struct image_facts facts = write_image(disk, "qcow2", "none", path);
	struct err err = {0};

	ck_assert_int_eq(image_write(&disk->source, "qcow2", "none", path, &facts, &err), -EEXIST);
	ck_assert(path_exists(path));
	err_free(&err);
}
END_TEST

START_TEST(a_source_that_fails_leaves_no_image)
{
	const char *path = scratch_path("image");
	struct disk *disk = mixed_disk(30 * MIB);
	struct image_facts facts;
	struct err err = {0};

	ck_assert_int_eq(ftruncate(disk->fd, 20 * MIB), 0); /* and reading past that is an error of the source */
	disk->source.next_data = everywhere;
	ck_assert_int_eq(image_write(&disk->source, "qcow2", "none", path, &facts, &err), -ENODATA);
	ck_assert_ptr_nonnull(strstr(err.first->context, path));
	ck_assert(!path_exists(path));
	err_free(&err);
}
END_TEST

START_TEST(a_full_disk_is_an_error_that_says_what_to_do)
{
	struct disk *disk = mixed_disk(30 * MIB);
	int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct err err = {0};

	ck_assert_int_eq(qcow2_write(&disk->source, NULL, fd, &err), -ENOSPC);
	ck_assert_ptr_nonnull(err.first->hint);
	err_free(&err);
	close(fd);
}
END_TEST

START_TEST(unknown_formats_are_refused_with_the_known_ones)
{
	struct err err = {0};

	ck_assert_int_eq(image_check("qcow2", "zstd", &err), 0);
	ck_assert_int_eq(image_check("raw", "zstd", &err), -EINVAL);
	ck_assert_int_eq(image_check("vmdk", "none", &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.last->text, "vmdk"));
	ck_assert_ptr_nonnull(strstr(err.last->hint, "qcow2 with compression zstd"));
	err_free(&err);
}
END_TEST

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* What the reader gives, in pieces of all sizes, is the disk. */
static void check_reads(const struct disk *disk, const char *path, const char *format)
{
	struct image_reader *reader;
	struct err err = {0};
	char *is = malloc(MIB), *should = malloc(MIB);
	uint64_t state = 3, size = disk->source.size_bytes, step;

	if (image_open(path, format, &reader, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("opening %s as %s", path, format);
	}
	ck_assert_uint_ge(image_size(reader), size);
	for (uint64_t at = 0; at < size; at += step) {
		step = 1 + noise(&state) % (200 * KIB);
		if (step > size - at)
			step = size - at;
		ck_assert_int_eq(image_read_at(reader, at, is, step, &err), 0);
		ck_assert_int_eq(fd_pread_all(disk->fd, should, step, at), 0);
		ck_assert_msg(memcmp(is, should, step) == 0, "%s differs near %llu", path, (unsigned long long)at);
	}
	ck_assert_int_eq(image_read_at(reader, image_size(reader), is, 1, &err), -EINVAL);
	ck_assert_int_eq(image_read_at(reader, UINT64_MAX - 5, is, 100, &err), -EINVAL);
	image_close(reader);
	err_free(&err);
	free(is);
	free(should);
}

START_TEST(what_was_written_is_read_again)
{
	struct disk *disk = mixed_disk(40 * MIB);

	for (size_t i = 0; i < N_COMPRESSIONS; i++) {
		write_image(disk, "qcow2", compressions[i], scratch_path("image"));
		check_reads(disk, scratch_path("image"), "qcow2");
	}
	write_image(disk, "raw", "none", scratch_path("image"));
	check_reads(disk, scratch_path("image"), "raw");
}
END_TEST

START_TEST(what_qemu_wrote_is_read)
{
	static const char *const options[] = {
		"compat=0.10", "compat=1.1", "cluster_size=4096", "cluster_size=2M", "compression_type=zstd",
			"lazy_refcounts=on",
	};
	struct disk *disk = mixed_disk(20 * MIB);

	for (size_t i = 0; i < 2 * sizeof options / sizeof *options; i++) {
		const char *path = scratch_path("image");
		const char *argv[] = {"qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options[i / 2], disk->path, path,
				      i % 2 ? "-c" : NULL, NULL};

		unlink(path);
		must(argv, NULL);
		check_reads(disk, path, "qcow2");
	}
}
END_TEST

START_TEST(what_is_no_image_that_stands_by_itself_is_refused)
{
	const char *base = scratch_path("base"), *path = scratch_path("image");
	const char *const overlay[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, path, NULL};
	struct image_reader *reader;
	struct err err = {0};

	write_image(mixed_disk(2 * MIB), "qcow2", "none", base);
	must(overlay, NULL);
	ck_assert_int_eq(image_open(path, "qcow2", &reader, &err), -ENOTSUP);
	ck_assert_int_eq(image_open("/etc/passwd", "qcow2", &reader, &err), -EBADMSG);
	ck_assert_int_eq(image_open(scratch_path("missing"), "raw", &reader, &err), -ENOENT);
	ck_assert_int_eq(image_open(base, "vmdk", &reader, &err), -EINVAL);
	err_free(&err);
}
END_TEST

START_TEST(no_damaged_image_leads_astray)
{
	static const off_t areas[] = {200, 64 * KIB, 4 * MIB};
	const char *path = scratch_path("image");
	struct disk *disk = mixed_disk(6 * MIB);
	uint64_t state = 11;
	char *out = malloc(6 * MIB);

	for (int i = 0; i < 600; i++) {
		struct image_reader *reader = NULL;
		struct err err = {0};
		struct stat st;
		int fd;

		if (i % 100 == 0)
			write_image(disk, "qcow2", compressions[i / 100 % N_COMPRESSIONS], path);
		chmod(path, 0644);
		fd = open(path, O_RDWR | O_CLOEXEC);
		ck_assert_int_eq(fstat(fd, &st), 0);
		for (int n = 0; n < 4; n++) {
			uint8_t byte = (uint8_t)noise(&state);

			if (pwrite(fd, &byte, 1, (off_t)(noise(&state) % (uint64_t)areas[i % 3]) % st.st_size) != 1)
				ck_abort();
		}
		if (i % 10 == 9)
			ck_assert_int_eq(ftruncate(fd, st.st_size - 1 - (off_t)(noise(&state) % 1000)), 0);
		close(fd);
		if (image_open(path, "qcow2", &reader, &err) == 0 && image_size(reader) >= 6 * MIB)
			image_read_at(reader, 0, out, 6 * MIB, &err);
		image_close(reader);
		err_free(&err);
	}
	free(out);
}
END_TEST

SUITE(qcow2, a_disk_of_all_sorts_is_what_qemu_reads, a_dense_disk_is_what_qemu_reads, a_disk_may_end_within_a_sector,
      two_tebibytes_take_no_more_place_than_what_is_on_them, an_empty_disk_is_an_image_too,
      zeros_that_are_no_hole_take_no_place, what_does_not_shrink_is_stored_plain,
      any_number_of_threads_writes_the_same_bytes, refcounts_go_on_after_the_first_block,
      qemu_reads_in_the_header_what_was_asked_for, a_raw_image_is_the_disk_with_its_holes,
      an_image_is_read_only_and_its_digest_is_that_of_its_file, an_image_replaces_nothing,
      a_source_that_fails_leaves_no_image, a_full_disk_is_an_error_that_says_what_to_do,
      unknown_formats_are_refused_with_the_known_ones, what_was_written_is_read_again, what_qemu_wrote_is_read,
      what_is_no_image_that_stands_by_itself_is_refused, no_damaged_image_leads_astray)
