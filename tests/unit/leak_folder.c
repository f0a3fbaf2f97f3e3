/* Where secrets hide: in files, what they are called, compressed, on disks. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "leak/folder.h"
#include "leak/stretch.h"
#include "scratch.h"

static const struct leak_value value = {"app/password", "k7#Q/z'9", 8};

/* "a line before it\nthe value is k7#Q/z'9 here\n", by gzip, xz and zstd. */
static const struct {
	const char *name, *hex;
} packed[] = {
	{"a.gz", "1f8b08000000000000034b54c8c9cc4b55484a4dcb2f4a55c82ce12ac94855284bcc2905728a15b2cd9503f5ab"
		  "d42d1532528b52b900d352ff032c000000"},
	{"a.xz", "fd377a585a000004e6d6b446020021011c00000010cf58cc01002b61206c696e65206265666f72652069740a74"
		  "68652076616c7565206973206b3723512f7a273920686572650a00a076f88dda27ca9b0001442cc9534b861fb6"
		  "f37d010000000004595a"},
	{"a.zst", "28b52ffd045861010061206c696e65206265666f72652069740a7468652076616c7565206973206b3723512f7a"
		  "273920686572650a8c61442f"},
};

static void write_file(const char *name, const void *data, size_t size)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path(name), data, size, 0644, &err), 0);
}

static void write_hex(const char *name, const char *hex)
{
	size_t size = strlen(hex) / 2;
	char *bytes = arena_alloc(scratch_arena(), size + 1);

	ck_assert_int_eq(hex_decode(hex, bytes, size), 0);
	write_file(name, bytes, size);
}

/* The finds in the folder of this test, as "PATH PART OFFSET", a line each. */
static const char *found(const struct strv *paths)
{
	static const char *const parts[] = {"content", "unpacked", "name", "link", "attribute"};
	struct leak_search *search = leak_search_new(true, &value, 1);
	struct leak_finds *finds = leak_finds_new();
	struct err err = {0};
	const char *lines = "";
	struct leak_find *all;
	size_t n;

	if (paths)
		ck_assert_int_eq(leak_paths(search, scratch(), paths, finds, &err), 0);
	else
		ck_assert_int_eq(leak_folder(search, scratch(), LEAK_DEEP, finds, &err), 0);
	all = leak_finds_all(finds, &n);
	for (size_t i = 0; i < n; i++)
		lines = arena_printf(scratch_arena(), "%s%s %s %d\n", lines, all[i].path, parts[all[i].part],
				     (int)all[i].offset);
	leak_finds_free(finds);
	leak_search_free(search);
	return lines;
}

START_TEST(a_value_is_found_wherever_a_file_can_have_it)
{
	write_file("plain", "x\nk7#Q/z'9\n", 11);
	write_file("harmless", "k7#Q/z'8", 8);
	write_file("empty", "", 0);
	for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
		write_hex(packed[i].name, packed[i].hex);
	ck_assert_int_eq(symlink("/run/k7#Q/z'9", scratch_path("link")), 0);
	ck_assert_int_eq(mkdir(scratch_path("k7#Q"), 0755), 0);
	write_file("k7#Q/z'9", "x", 1);
	write_file("k7#Q/other", "x", 1);
	ck_assert_str_eq(found(NULL), "/a.gz unpacked 30\n/a.xz content 57\n/a.xz unpacked 30\n/a.zst content 39\n"
				      "/a.zst unpacked 30\n/k7#Q/z'9 name 1\n/link link 5\n/plain content 2\n");
}
END_TEST

START_TEST(only_the_paths_that_are_asked_for_are_looked_at)
{
	struct strv paths = {0};

	write_file("plain", "k7#Q/z'9", 8);
	write_file("other", "k7#Q/z'9", 8);
	strv_push(scratch_arena(), &paths, "/plain");
	strv_push(scratch_arena(), &paths, "/missing");
	ck_assert_str_eq(found(&paths), "/plain content 0\n");
}
END_TEST

START_TEST(extended_attributes_are_looked_at_but_for_overlayfs_s)
{
	write_file("a", "x", 1);
	if (setxattr(scratch_path("a"), "user.note", "say k7#Q/z'9", 12, 0) < 0)
		return; /* a file system without them */
	ck_assert_int_eq(setxattr(scratch_path("a"), "user.overlay.redirect", "k7#Q/z'9", 8, 0), 0);
	ck_assert_str_eq(found(NULL), "/a attribute 4\n");
}
END_TEST

START_TEST(what_only_looks_compressed_is_searched_as_it_is)
{
	write_file("cut.gz", "\x1f\x8b\x08k7#Q/z'9", 11);
	write_file("cut.xz", "\xfd" "7zXZ\0", 6);
	ck_assert_str_eq(found(NULL), "/cut.gz content 3\n");
}
END_TEST

START_TEST(a_file_that_is_a_secret_by_its_name_is_one)
{
	ck_assert_int_eq(mkdir(scratch_path("root"), 0755), 0);
	write_file("root/.netrc", "machine a login b password c", 28);
	ck_assert_str_eq(found(NULL), "/root/.netrc content 0\n");
}
END_TEST

/* --- disks ----------------------------------------------------------------------------------------------------------- */

enum { DISK_BYTES = 70 << 20 };

static int open_disk(void *data, void **ret_reader, struct err *err)
{
	(void)err;
	*ret_reader = data;
	return 0;
}

/* All but the first and the last MiB around what is there is a hole. */
static int next_on_disk(void *reader, uint64_t from, uint64_t *ret_offset, struct err *err)
{
	const char *bytes = reader;

	(void)err;
	while (from < DISK_BYTES && bytes_are_zero(bytes + from, DISK_BYTES - from < 4096 ? DISK_BYTES - from : 4096))
		from = (from / 4096 + 1) * 4096;
	*ret_offset = from < DISK_BYTES ? from : DISK_BYTES;
	return 0;
}

static int read_disk(void *reader, uint64_t offset, void *out, size_t size, struct err *err)
{
	(void)err;
	ck_assert_uint_le(offset + size, DISK_BYTES);
	memcpy(out, (char *)reader + offset, size);
	return 0;
}

static void close_disk(void *reader)
{
	(void)reader;
}

START_TEST(a_disk_is_searched_with_its_free_space_and_over_the_borders_of_jobs)
{
	static const char hash[] = ":$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1";
	static const uint64_t places[] = {0, 5000, (32 << 20) - 20, (32 << 20) - 1, (32 << 20) + 1, (64 << 20) - 8,
					  DISK_BYTES - sizeof hash + 1};
	char *bytes = scratch_own(calloc(1, DISK_BYTES));
	struct leak_search *search = leak_search_new(true, &value, 1);

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		for (int kind = 0; kind < 3; kind++) { /* a form; one where files are; a value there */
			struct leak_disk disk = {DISK_BYTES, bytes, open_disk, next_on_disk, read_disk, close_disk, {0, 0}};
			struct leak_finds *finds = leak_finds_new();
			size_t size = kind < 2 ? sizeof hash - 1 : 8, n;
			struct err err = {0};

			memcpy(bytes + places[i], kind < 2 ? hash : value.data, size);
			if (kind > 0)
				disk.files = (struct leak_stretch){0, DISK_BYTES};
			ck_assert_int_eq(leak_stretches(search, &disk, "disk", finds, &err), 0);
			leak_finds_all(finds, &n);
			ck_assert_msg(n == (kind != 1), "place %zu, kind %d: %zu", i, kind, n);
			if (n)
				ck_assert_uint_eq(leak_finds_all(finds, &n)->offset, places[i] + (kind == 0));
			leak_finds_free(finds);
			memset(bytes + places[i], 0, size);
		}
	leak_search_free(search);
}
END_TEST

SUITE(leak_folder, a_value_is_found_wherever_a_file_can_have_it, only_the_paths_that_are_asked_for_are_looked_at,
      extended_attributes_are_looked_at_but_for_overlayfs_s, what_only_looks_compressed_is_searched_as_it_is,
      a_file_that_is_a_secret_by_its_name_is_one, a_disk_is_searched_with_its_free_space_and_over_the_borders_of_jobs)
