/* Packages of gigabytes: all zeros, so that they take time, but no place. */
#include "suite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "edge/debfile.h"
#include "host/proc.h"
#include "scratch.h"
#include "tars.h"

#define GIB (1ULL << 30)
enum { BLOCKS_OF_512 = 2048 }; /* what may be on disk of all that is zeros */

static bool every_path(void *data, const char *path)
{
	(void)data, (void)path;
	return true;
}

/* A package with one file of that many bytes; its path. */
static const char *make_large_deb(unsigned long long size)
{
	const struct member file = {.type = '0', .name = "./large", .mode = 0644, .claims = size};
	static const char control[] = "Package: large\nVersion: 1\n";
	const struct member about = {.type = '0', .name = "./control", .text = control, .mode = 0644};
	_cleanup_buf_ struct buf ar = {0}, head = {0}, tar = {0}, data = {0};
	struct err err = {0};
	const char *const argv[] = {"/bin/sh", "-c",
				    arena_printf(scratch_arena(), "{ cat head; head -c %llu /dev/zero; } | zstd -q -1 -c",
						 (size + 511) / 512 * 512 + 1024),
				    NULL};

	tars_put_member(&head, &file);
	tars_put(&tar, &about, 1);
	ck_assert_int_eq(file_write(scratch_path("head"), head.data, 512, 0600, &err), 0);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = argv, .cwd = scratch(), .output = &data}, &err), 0);
	tars_put_ar(&ar, "debian-binary", "2.0\n", 4);
	tars_put_ar(&ar, "control.tar", tar.data, tar.size);
	tars_put_ar(&ar, "data.tar.zst", data.data, data.size);
	ck_assert_int_eq(file_write(scratch_path("large.deb"), ar.data, ar.size, 0600, &err), 0);
	return scratch_path("large.deb");
}

START_TEST(a_package_may_have_more_than_four_gibibytes)
{
	const char *flat = scratch_path("flat");
	struct err err = {0};

	ck_assert_int_eq(debfile_flatten(make_large_deb(4 * GIB + 5), flat, 64 * GIB, &err), 0);
	ck_assert_int_gt(scratch_look("flat").st_size, 4 * GIB);
	ck_assert_int_lt(scratch_look("flat").st_blocks, BLOCKS_OF_512);
	ck_assert_int_eq(mkdir(scratch_path("tree"), 0755), 0);
	ck_assert_int_eq(debfile_unpack(flat, scratch_path("tree"), 64 * GIB, every_path, NULL, &err), 0);
	ck_assert_int_eq(scratch_look("tree/large").st_size, 4 * GIB + 5);
	ck_assert_int_lt(scratch_look("tree/large").st_blocks, BLOCKS_OF_512);

	ck_assert_int_eq(debfile_unpack(flat, scratch_path("tree"), 4 * GIB, every_path, NULL, &err), -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.first->text, flat));
	err_free(&err);
	ck_assert_int_eq(debfile_flatten(scratch_path("large.deb"), scratch_path("other"), GIB, &err), -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.first->text, "large.deb' unpacks to more than 1 GiB"));
	err_free(&err);
}
END_TEST

SUITE(large, a_package_may_have_more_than_four_gibibytes)
