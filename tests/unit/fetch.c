#include "suite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/digest.h"
#include "lock/lock.h"
#include "scratch.h"

enum { N_PACKAGES = 12 };

/* An archive with one mirror, both folders, and packages whose content is their name many times. */
struct fixture {
	struct arena *arena;
	struct cache *cache;
	struct debian_archive archive;
	struct lock lock;
};

static const char *path_at(struct fixture *f, const char *folder, size_t i)
{
	return arena_printf(f->arena, "%s/%s", scratch_path(folder), f->lock.image.packages[i].path);
}

static const char *blob(struct fixture *f, size_t i)
{
	return cache_path(f->cache, f->arena, "blobs", f->lock.image.packages[i].sha256);
}

static void put(struct fixture *f, const char *path, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(folder_make(arena_strndup(f->arena, path, (size_t)(strrchr(path, '/') - path)), 0755, &err),
			 0);
	ck_assert_int_eq(file_publish(path, text, strlen(text), 0644, &err), 0);
}

static void add_package(struct fixture *f, size_t i)
{
	struct debian_package *package = &f->lock.image.packages[i];
	_cleanup_buf_ struct buf text = {0};
	char hex[SHA256_HEX];

	for (size_t k = 0; k <= i * 1000; k++)
		buf_printf(&text, "package %zu ", i);
	sha256_hex_of(text.data, text.size, hex);
	*package = (struct debian_package){
		.name = arena_printf(f->arena, "p%zu", i),
		.version = "1:1+2",
		.arch = "all",
		.sha256 = arena_strdup(f->arena, hex),
		.path = arena_printf(f->arena, "pool/p+%zu_1%%3a1~2.deb", i),
		.size = text.size,
	};
	put(f, path_at(f, "first", i), text.data);
	put(f, path_at(f, "second", i), text.data);
}

static void set_up(struct fixture *f)
{
	struct err err = {0};

	*f = (struct fixture){.arena = arena_new()};
	ck_assert_int_eq(cache_open(scratch_path("cache"), &f->cache, &err), 0);
	f->archive.url = arena_printf(f->arena, "file://%s/", scratch_path("first"));
	strv_push(f->arena, &f->archive.mirrors, arena_printf(f->arena, "file://%s", scratch_path("second")));
	f->lock = (struct lock){.path = "machine.lock", .archives = &f->archive, .n_archives = 1};
	f->lock.image.packages = arena_array(f->arena, struct debian_package, N_PACKAGES);
	f->lock.image.n_packages = N_PACKAGES;
	for (size_t i = 0; i < N_PACKAGES; i++)
		add_package(f, i);
}

static void tear_down(struct fixture *f)
{
	cache_close(f->cache);
	arena_free(f->arena);
}

static uint64_t total(const struct fixture *f)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < N_PACKAGES; i++)
		bytes += f->lock.image.packages[i].size;
	return bytes;
}

/* Fetches, and holds all that came against its digest. Returns how many bytes came. */
static uint64_t fetched(struct fixture *f, bool verify)
{
	struct err err = {0};
	uint64_t bytes = 0;

	if (lock_fetch(&f->lock, &f->lock.image, f->cache, verify, &bytes, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("fetching failed");
	}
	for (size_t i = 0; i < N_PACKAGES; i++) {
		char hex[SHA256_HEX];

		ck_assert_int_eq(sha256_file(blob(f, i), hex, NULL, &err), 0);
		ck_assert_str_eq(hex, f->lock.image.packages[i].sha256);
	}
	return bytes;
}

START_TEST(packages_are_fetched_once)
{
	struct fixture f;

	set_up(&f);
	ck_assert_uint_eq(fetched(&f, false), total(&f));
	ck_assert_uint_eq(fetched(&f, true), 0);
	tear_down(&f);
}
END_TEST

START_TEST(what_has_left_one_mirror_is_fetched_from_the_next)
{
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(unlink(path_at(&f, "first", 3)), 0);
	ck_assert_uint_eq(fetched(&f, false), total(&f));
	tear_down(&f);
}
END_TEST

START_TEST(what_was_tampered_with_is_fetched_from_the_next_mirror)
{
	struct fixture f;
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};

	set_up(&f);
	ck_assert_int_eq(file_read(path_at(&f, "first", 3), 1 << 20, &text, &err), 0);
	text.data[100] ^= 1; /* of the right size */
	put(&f, path_at(&f, "first", 3), text.data);
	put(&f, path_at(&f, "first", 4), "too short");
	text.size = 0;
	ck_assert_int_eq(file_read(path_at(&f, "first", 5), 1 << 20, &text, &err), 0);
	buf_puts(&text, "and more");
	put(&f, path_at(&f, "first", 5), text.data);
	ck_assert_uint_eq(fetched(&f, false), total(&f));
	tear_down(&f);
}
END_TEST

static void fails(struct fixture *f, int code, const char *name, const char *hint)
{
	struct err err = {0};

	ck_assert_int_eq(lock_fetch(&f->lock, &f->lock.image, f->cache, false, NULL, &err), code);
	ck_assert_msg(strstr(err.first->text, name) != NULL, "%s", err.first->text);
	ck_assert_msg(err.last->hint && strstr(err.last->hint, hint), "%s", err.last->hint);
	err_free(&err);
}

START_TEST(what_no_mirror_has_is_an_error_that_says_what_to_run)
{
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(unlink(path_at(&f, "first", 3)), 0);
	ck_assert_int_eq(unlink(path_at(&f, "second", 3)), 0);
	fails(&f, -ENOENT, "'p3 1:1+2'", "'aether-build lock --update machine.recipe'");
	for (size_t i = 0; i < N_PACKAGES; i++) /* what could be had is kept for the next run */
		ck_assert_int_eq(path_exists(blob(&f, i)), i != 3);
	tear_down(&f);
}
END_TEST

START_TEST(what_no_mirror_has_right_is_an_error)
{
	struct fixture f;

	set_up(&f);
	put(&f, path_at(&f, "first", 3), "evil");
	put(&f, path_at(&f, "second", 3), "evil too");
	fails(&f, -EBADMSG, "'p3 1:1+2'", "'aether-build lock --update machine.recipe'");
	ck_assert(!path_exists(blob(&f, 3)));
	tear_down(&f);
}
END_TEST

START_TEST(a_damaged_blob_is_fetched_again)
{
	struct fixture f;
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};

	set_up(&f);
	fetched(&f, false);
	ck_assert_int_eq(truncate(blob(&f, 2), 5), 0);
	ck_assert_uint_eq(fetched(&f, false), f.lock.image.packages[2].size);
	ck_assert_int_eq(file_read(blob(&f, 3), 1 << 20, &text, &err), 0);
	text.data[100] ^= 1;
	put(&f, blob(&f, 3), text.data);
	ck_assert_uint_eq(fetched(&f, true), f.lock.image.packages[3].size);
	tear_down(&f);
}
END_TEST

START_TEST(a_package_that_is_asked_for_twice_comes_once)
{
	struct fixture f;

	set_up(&f);
	f.lock.image.packages[1] = f.lock.image.packages[2];
	fetched(&f, false);
	tear_down(&f);
}
END_TEST

/* A layer of the right size, and a configuration without its last byte. */
START_TEST(a_damaged_blob_of_an_image_is_fetched_again)
{
	static const char *const texts[] = {"the manifest", "the configuration", "a layer", "another layer"};
	struct oci_blob blobs[4];
	struct oci_image image = {.image = "registry.example/a/b:1", .layers = blobs + 2, .n_layers = 2, .fake = true};
	struct fixture f;
	struct err err = {0};

	set_up(&f);
	f.lock.fakes = scratch_path("fakes");
	for (size_t i = 0; i < 4; i++) {
		char *hex = arena_array(f.arena, char, SHA256_HEX);

		sha256_hex_of(texts[i], strlen(texts[i]), hex);
		blobs[i] = (struct oci_blob){hex, strlen(texts[i])};
		put(&f, arena_printf(f.arena, "%s/images/%s/blobs/sha256/%s", f.lock.fakes, image.image, hex), texts[i]);
	}
	image.manifest = blobs[0];
	image.config = blobs[1];
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(lock_fetch_container(&f.lock, &image, f.cache, &err), 0);
		for (size_t i = 0; i < 4; i++) {
			_cleanup_buf_ struct buf text = {0};

			ck_assert_int_eq(file_read(cache_path(f.cache, f.arena, "blobs", blobs[i].sha256), 99, &text, &err), 0);
			ck_assert_str_eq(text.data, texts[i]);
		}
		put(&f, cache_path(f.cache, f.arena, "blobs", blobs[2].sha256), "A layer");
		put(&f, cache_path(f.cache, f.arena, "blobs", blobs[1].sha256), "the configuratio");
	}
	tear_down(&f);
}
END_TEST

SUITE(fetch, packages_are_fetched_once, what_has_left_one_mirror_is_fetched_from_the_next,
      what_was_tampered_with_is_fetched_from_the_next_mirror, what_no_mirror_has_is_an_error_that_says_what_to_run,
      what_no_mirror_has_right_is_an_error, a_damaged_blob_is_fetched_again,
      a_package_that_is_asked_for_twice_comes_once, a_damaged_blob_of_an_image_is_fetched_again)
