#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/digest.h"
#include "shelf/publish.h"
#include "scratch.h"
#include "shelves.h"

static bool found(struct arena *arena, const char *out, const char *key, const char *compression, const char **ret_path)
{
	return publish_find(arena, out, &(struct publish_wanted){"gateway", key, "qcow2", compression}, ret_path) == 1;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

START_TEST(generations_are_numbered_from_one)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out");

	ck_assert_str_eq(shelves_published(arena, out, "a"), arena_printf(arena, "%s/gateway/1/gateway.qcow2", out));
	ck_assert_str_eq(shelves_published(arena, out, "b"), arena_printf(arena, "%s/gateway/2/gateway.qcow2", out));
	for (unsigned i = 3; i <= 11; i++) /* 10 is newer than 9 */
		shelves_published(arena, out, arena_printf(arena, "%u", i));
	ck_assert_uint_eq(publish_newest(arena_printf(arena, "%s/gateway", out)), 11);
	shelves_are_whole(out);
}
END_TEST

START_TEST(the_newest_generation_is_found_when_it_is_what_is_wanted)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *first, *second, *path = NULL;

	ck_assert(!found(arena, out, "a", "none", &path));
	first = shelves_published(arena, out, "a");
	ck_assert(found(arena, out, "a", "none", &path));
	ck_assert_str_eq(path, first);
	ck_assert(!found(arena, out, "a", "zstd", &path));
	second = shelves_published(arena, out, "b");
	ck_assert(!found(arena, out, "a", "none", &path));
	ck_assert(found(arena, out, "b", "none", &path));
	ck_assert_str_eq(path, second);
}
END_TEST

START_TEST(an_image_that_was_cut_or_lost_is_not_found)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *image = shelves_published(arena, out, "a"), *path;

	ck_assert_int_eq(chmod(image, 0644), 0);
	ck_assert_int_eq(truncate(image, 5), 0);
	ck_assert(!found(arena, out, "a", "none", &path));
	ck_assert_int_eq(unlink(image), 0);
	ck_assert(!found(arena, out, "a", "none", &path));
	ck_assert_str_eq(shelves_published(arena, out, "a"), arena_printf(arena, "%s/gateway/2/gateway.qcow2", out));
}
END_TEST

START_TEST(a_damaged_manifest_is_none)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *path;
	struct err err = {0};

	shelves_published(arena, out, "a");
	file_publish(arena_printf(arena, "%s/gateway/1/manifest.json", out), "{", 1, 0444, &err);
	ck_assert(!found(arena, out, "a", "none", &path));
	shelves_published(arena, out, "a");
	ck_assert(found(arena, out, "a", "none", &path));
}
END_TEST

START_TEST(the_same_image_twice_makes_one_generation)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *first = shelves_published(arena, out, "a");

	ck_assert_str_eq(shelves_published(arena, out, "a"), first);
	ck_assert_uint_eq(publish_newest(arena_printf(arena, "%s/gateway", out)), 1);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.draft-1", out)));
}
END_TEST

START_TEST(a_draft_is_swept_when_its_maker_is_dead_and_not_before)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out");
	struct publish_draft draft, other;
	struct err err = {0};
	int status;

	if (fork() == 0) {
		struct manifest manifest;

		if (publish_begin(out, "gateway", &draft, &err) == 0)
			shelves_draw(arena, draft.folder, "dead", 1000, &manifest, &err);
		raise(SIGKILL);
	}
	wait(&status);
	ck_assert(path_exists(arena_printf(arena, "%s/gateway/.draft-1/gateway.qcow2", out)));

	ck_assert_int_eq(publish_begin(out, "gateway", &draft, &err), 0);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.draft-1/gateway.qcow2", out)));
	ck_assert_int_eq(publish_begin(out, "gateway", &other, &err), 0);
	ck_assert(path_exists(draft.folder));
	ck_assert_str_ne(draft.folder, other.folder);
	publish_abandon(&draft);
	publish_abandon(&other);
	ck_assert(!path_exists(draft.folder));
	ck_assert_uint_eq(publish_newest(arena_printf(arena, "%s/gateway", out)), 0);
}
END_TEST

/* Publishes keys of its own until it is killed, or `n` of them. */
static void build_and_exit(const char *out, unsigned builder, unsigned n)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (unsigned i = 0; i < n; i++) {
		struct err err = {0};
		const char *path;

		if (shelves_publish(arena, out, arena_printf(arena, "%u-%u", builder, i), 50000, &path, &err) < 0) {
			err_print(&err, stderr);
			_exit(1);
		}
	}
	_exit(0);
}

START_TEST(builders_at_once_do_not_collide)
{
	enum { BUILDERS = 5, EACH = 8 };
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out");
	int status;

	for (unsigned i = 0; i < BUILDERS; i++)
		if (fork() == 0)
			build_and_exit(out, i, EACH);
	for (unsigned i = 0; i < BUILDERS; i++) {
		wait(&status);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(publish_newest(arena_printf(arena, "%s/gateway", out)), BUILDERS * EACH);
	ck_assert_uint_eq(shelves_are_whole(out), BUILDERS * EACH);
}
END_TEST

/* Killed after 0, 1/20, 2/20, … of the time that three generations take here. */
START_TEST(a_build_killed_anywhere_leaves_whole_generations_only)
{
	enum { KILLS = 60, STEPS = 20 };
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out");
	struct publish_draft draft;
	struct err err = {0};
	int64_t one = shelves_now_ns();
	int status;

	shelves_published(arena, out, "first");
	one = shelves_now_ns() - one;
	for (unsigned i = 0; i < KILLS; i++) {
		int64_t wait_ns = i * one / STEPS;
		pid_t child = fork();

		if (child == 0)
			build_and_exit(out, i, 1000000);
		nanosleep(&(struct timespec){wait_ns / 1000000000, wait_ns % 1000000000}, NULL);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		ck_assert(WIFSIGNALED(status));
	}
	ck_assert_uint_gt(publish_newest(arena_printf(arena, "%s/gateway", out)), 1);
	shelves_are_whole(out);
	ck_assert_int_eq(publish_begin(out, "gateway", &draft, &err), 0);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.draft-2", out)));
	publish_abandon(&draft);
}
END_TEST

START_TEST(a_full_disk_leaves_the_last_good_generation)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *path;
	struct err err = {0};

	shelves_mount(out, "size=1m");
	shelves_published(arena, out, "good");
	ck_assert_int_eq(shelves_publish(arena, out, "large", 2 << 20, &path, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.first->hint, "free some space"));
	ck_assert(found(arena, out, "good", "none", &path));
	shelves_are_whole(out);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.draft-1", out)));
	shelves_published(arena, out, "small again");
	ck_assert_int_eq(umount(out), 0);
	err_free(&err);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_an_error_that_says_what_to_do)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *path;
	struct publish_draft draft;
	struct err err = {0};

	shelves_mount(out, "size=1m");
	shelves_published(arena, out, "good");
	ck_assert_int_eq(mount("none", out, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(publish_begin(out, "gateway", &draft, &err), -EROFS);
	ck_assert_ptr_nonnull(strstr(err.first->text, out));
	ck_assert_ptr_nonnull(strstr(err.first->hint, "--out FOLDER"));
	publish_abandon(&draft);
	err_free(&err);
	ck_assert_int_eq(publish_begin(out, "other", &draft, &err), -EROFS);
	ck_assert_ptr_nonnull(strstr(err.first->hint, "--out FOLDER"));
	ck_assert(found(arena, out, "good", "none", &path));
	ck_assert_int_eq(umount(out), 0);
	err_free(&err);
}
END_TEST

START_TEST(a_draft_without_its_image_is_not_published)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *out = scratch_path("out"), *path = NULL;
	struct publish_draft draft;
	struct manifest manifest = {.name = "gateway", .image.file = "gateway.qcow2"};
	struct err err = {0};

	ck_assert_int_eq(publish_begin(out, "gateway", &draft, &err), 0);
	ck_assert_int_eq(publish_commit(arena, &draft, &manifest, &path, &err), -ENOENT);
	ck_assert_ptr_null(path);
	ck_assert_uint_eq(publish_newest(arena_printf(arena, "%s/gateway", out)), 0);
	err_free(&err);
}
END_TEST

SUITE(publish, generations_are_numbered_from_one, the_newest_generation_is_found_when_it_is_what_is_wanted,
      an_image_that_was_cut_or_lost_is_not_found, a_damaged_manifest_is_none,
      the_same_image_twice_makes_one_generation, a_draft_is_swept_when_its_maker_is_dead_and_not_before,
      builders_at_once_do_not_collide, a_build_killed_anywhere_leaves_whole_generations_only,
      a_full_disk_leaves_the_last_good_generation, a_folder_that_cannot_be_written_is_an_error_that_says_what_to_do,
      a_draft_without_its_image_is_not_published)
