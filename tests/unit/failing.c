/* Every call that `base` and what writes to disks makes may fail: nothing half is left, the reason is told, and the next try
 * works. A row a function. */
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifact/image.h"
#include "artifact/template.h"
#include "base/file.h"
#include "cache/evict.h"
#include "disk/verity.h"
#include "edge/bundle.h"
#include "edge/changeset.h"
#include "edge/debfile.h"
#include "host/proc.h"
#include "keeper/private.h"
#include "shelf/gc.h"
#include "shelf/generation.h"
#include "fail.h"
#include "scratch.h"
#include "shelves.h"
#include "tars.h"

/* --- places ---------------------------------------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path(name), text, strlen(text), 0644, &err), 0);
}

static void clear(const char *name)
{
	struct err err = {0};

	ck_assert_int_eq(path_remove(scratch_path(name), &err), 0);
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(scratch_path(name), &st) == 0;
}

/* The visible names in scratch()/`name`: as many as expected. */
static void demand_names(const char *name, unsigned expected, const char *what)
{
	struct dirent **names;
	int n = scandir(scratch_path(name), &names, NULL, NULL);

	fail_demand(n == (int)expected + 2, what);
}

/* --- base ------------------------------------------------------------------------------------------------------------ */

static void old_file(void)
{
	clear("place");
	mkdir(scratch_path("place"), 0755);
	put("place/file", "old");
}

static int run_read(struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	return file_read(scratch_path("place/file"), 100, &text, err);
}

static int run_publish(struct err *err)
{
	return file_publish(scratch_path("place/file"), "newer", 5, 0644, err);
}

static void check_publish(int r)
{
	const char *text = scratch_text("place/file");

	fail_demand(strcmp(text, "newer") == 0 || (r < 0 && strcmp(text, "old") == 0), "the file is neither old nor new");
	demand_names("place", 1, "something lies beside the file");
}

static void no_key(void)
{
	path_remove(scratch_path("place"), &(struct err){0});
	ck_assert_int_eq(mkdir(scratch_path("place"), 0700), 0);
}

static void old_key(void)
{
	no_key();
	ck_assert_int_eq(file_write(scratch_path("place/file"), "old", 3, 0600, &(struct err){0}), 0);
}

static int run_create_key(struct err *err)
{
	return private_create(scratch_path("place/file"), "newer", 5, err);
}

/* (That its folder could not be synced does not take a whole key away.) */
static void check_create_key(int r)
{
	const bool there = path_exists(scratch_path("place/file"));

	fail_demand(!there ? r < 0 : strcmp(scratch_text("place/file"), "newer") == 0, "there is half a key");
	demand_names("place", there, "something lies beside the key");
}

static int run_replace_key(struct err *err)
{
	return private_replace(scratch_path("place/file"), "newer", 5, err);
}

static int run_write(struct err *err)
{
	return file_write(scratch_path("place/other"), "text", 4, 0644, err);
}

static int run_copy(struct err *err)
{
	return file_copy(scratch_path("place/file"), scratch_path("place/copy"), err);
}

static void no_folders(void) { clear("deep"); }

static int run_folder(struct err *err) { return folder_make(scratch_path("deep/er/est"), 0755, err); }

static void a_tree(void)
{
	clear("tree");
	ck_assert_int_eq(mkdir(scratch_path("tree"), 0755) | mkdir(scratch_path("tree/in"), 0755), 0);
	put("tree/in/file", "x");
	put("tree/file", "x");
}

static int run_remove(struct err *err) { return path_remove(scratch_path("tree"), err); }

static int run_rename(struct err *err)
{
	if (!is_there("place/file"))
		return path_publish(scratch_path("place/moved"), scratch_path("place/file"), err);
	return path_publish(scratch_path("place/file"), scratch_path("place/moved"), err);
}

static void no_cache(void) { clear("cache"); }

/* Opens a cache and puts an entry into it. */
static int run_cache(struct err *err)
{
	struct cache_draft draft;
	struct cache *cache = NULL;
	int r = cache_open(scratch_path("cache"), &cache, err);

	if (r == 0)
		r = cache_begin(cache, "blobs", "aa01", &draft, err);
	if (r == 0) {
		r = file_write(draft.path, "entry", 5, 0644, err);
		if (r == 0)
			r = cache_commit(&draft, err);
		else
			cache_abandon(&draft);
	}
	cache_close(cache);
	return r < 0 ? r : 0;
}

static void check_cache(int r)
{
	fail_demand(r < 0 || is_there("cache/blobs/aa/aa01"), "the entry is not there");
	fail_demand(!is_there("cache/blobs/aa/aa01") || strcmp(scratch_text("cache/blobs/aa/aa01"), "entry") == 0,
	       "the entry is not whole");
}

static void full_cache(void)
{
	struct err err = {0};

	no_cache();
	ck_assert_int_eq(run_cache(&err), 0);
}

static int run_evict(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache_entry *entries = NULL;
	struct cache *cache = NULL;
	size_t n = 0;
	int r = cache_open(scratch_path("cache"), &cache, err);

	if (r == 0) {
		cache_scan(cache, arena, &entries, &n);
		for (size_t i = 0; i < n; i++)
			entries[i].goes = true;
		r = cache_evict(cache, entries, n, err);
	}
	cache_close(cache);
	return r;
}

static void check_evict(int r)
{
	(void)r;
	fail_demand(!is_there("cache/blobs/aa/aa01") || strcmp(scratch_text("cache/blobs/aa/aa01"), "entry") == 0,
	       "half an entry is left");
}

static int run_program(struct err *err)
{
	static const char *const argv[] = {"true", NULL};
	_cleanup_buf_ struct buf output = {0};

	return proc_check(&(struct proc){.argv = argv, .output = &output, .deadline_s = 60}, err);
}

/* --- images ---------------------------------------------------------------------------------------------------------- */

enum { IMAGE_BYTES = 1 << 20 };

static int image_read(void *data, uint64_t offset, void *out, size_t size, struct err *err)
{
	(void)data, (void)err;
	memset(out, (int)(offset >> 16) + 1, size);
	return 0;
}

static uint64_t image_next(void *data, uint64_t offset)
{
	(void)data;
	return offset;
}

static void no_image(void) { clear("image"); }

static int write_image(const char *format, const char *compression, struct err *err)
{
	const struct image_source source = {IMAGE_BYTES, NULL, image_read, image_next};
	struct image_facts facts;

	return image_write(&source, format, compression, scratch_path("image"), &facts, err);
}

static int run_qcow2(struct err *err) { return write_image("qcow2", "none", err); }
static int run_compressed(struct err *err) { return write_image("qcow2", "zlib", err); }
static int run_raw(struct err *err) { return write_image("raw", "none", err); }

static void check_image(int r) { fail_demand((r == 0) == is_there("image"), "what is left is no image, or it is gone"); }

static void a_tree_alone(void)
{
	a_tree();
	no_image();
}

static int run_template(struct err *err)
{
	struct template_facts facts;

	return template_write(scratch_path("tree"), 1, "tar.gz", scratch_path("image"), &facts, err);
}

static int run_verity(struct err *err)
{
	static const uint8_t salt[VERITY_HASH] = {1};
	static const char block[2 * VERITY_BLOCK] = "data";
	struct verity verity;
	int fd, r;

	r = file_write(scratch_path("root"), block, sizeof block, 0644, err);
	fd = r == 0 ? open(scratch_path("root"), O_RDWR | O_CLOEXEC) : -1;
	if (r == 0 && fd < 0)
		return err_sys(err, -errno, "cannot open the root");
	if (r == 0)
		r = verity_append(fd, sizeof block, salt, &verity, err);
	if (fd >= 0)
		close(fd);
	return r;
}

/* --- generations ----------------------------------------------------------------------------------------------------- */

static void no_shelf(void) { clear("out"); }

static int run_generation(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path;

	return shelves_publish(arena, scratch_path("out"), "key", 5000, &path, err);
}

static void check_shelf(int r)
{
	unsigned n = is_there("out/gateway") ? shelves_are_whole(scratch_path("out")) : 0;

	fail_demand(r < 0 ? n <= 1 : n == 1, "there is not one generation");
}

static void a_generation(void)
{
	struct err err = {0};

	no_shelf();
	ck_assert_int_eq(run_generation(&err), 0);
}

static int run_note(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct deployment deployment = {.host = "gw", .when = 1, .verdict = VERDICT_GOOD};
	struct generation *generation;
	int r = generation_find(arena, scratch_path("out"), "gateway", &generation, err);

	return r == 0 ? generation_note(generation, &deployment, err) : r;
}

static int run_note_upload(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct upload upload = {
		.node = "smith", .volid = "cephfs:import/gateway.qcow2", .size = 5000, .when = 1,
		.sha256 = "3f9c2a1b7d1000000000000000000000000000000000000000000000000000aa",
	};
	struct generation *generation;
	int r = generation_find(arena, scratch_path("out"), "gateway", &generation, err);

	return r == 0 ? generation_note_upload(generation, &upload, err) : r;
}

static void two_generations(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	no_shelf();
	shelves_published(arena, scratch_path("out"), "one");
	shelves_published(arena, scratch_path("out"), "two");
}

static int run_gc(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct gc_item *items;
	size_t n;

	return gc_shelf(arena, scratch_path("out"), "gateway", 1, false, &items, &n, err);
}

static void check_gc(int r)
{
	unsigned n = shelves_are_whole(scratch_path("out"));

	(void)r; /* what cannot be read stays */
	fail_demand(n == 1 || n == 2, "what can be seen is not whole, or too much is gone");
}

/* --- what strangers packed ------------------------------------------------------------------------------------------- */

static const struct member members[] = {
	{.type = '5', .name = "a/", .mode = 0755}, {.type = '0', .name = "a/b", .text = "text", .mode = 0644},
	{.type = '2', .name = "a/l", .text = "b"}, {.type = '1', .name = "a/h", .text = "a/b"},
	{.type = '0', .name = "c/d/e", .text = "e"}, {.type = '0', .name = "a/b", .text = "again"},
	{.type = '0', .name = "c/.wh.x"}, {.type = '6', .name = "pipe"},
};

/* The last two only a layer may have: one hides something, the other would be refused elsewhere. */
enum { N_MEMBERS = sizeof members / sizeof *members, N_TAME = N_MEMBERS - 2 };

static void write_archive(const struct buf *archive)
{
	struct err err = {0};

	clear("tree");
	ck_assert_int_eq(mkdir(scratch_path("tree"), 0755), 0);
	ck_assert_int_eq(file_write(scratch_path("archive"), archive->data, archive->size, 0644, &err), 0);
}

static void an_archive(void)
{
	_cleanup_buf_ struct buf tar = {0};

	tars_put(&tar, members, N_TAME);
	write_archive(&tar);
}

static void a_package(void)
{
	_cleanup_buf_ struct buf deb = {0};

	tars_put_deb(&deb, members, N_TAME);
	write_archive(&deb);
}

static void a_layer(void)
{
	_cleanup_buf_ struct buf tar = {0};

	tars_put(&tar, members, N_MEMBERS);
	write_archive(&tar);
}

static int run_unpack(struct err *err)
{
	_cleanup_fd_ int fd = open(scratch_path("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct bundle_target target = {fd, "/opt", 0, 0, 0};

	if (fd < 0)
		return err_sys(err, -errno, "cannot open the tree");
	return bundle_unpack(scratch_path("archive"), &target, 1 << 20, err);
}

static bool any_file(void *data, const char *path)
{
	(void)data, (void)path;
	return true;
}

static int run_package(struct err *err)
{
	return debfile_unpack(scratch_path("archive"), scratch_path("tree"), 1 << 20, any_file, NULL, err);
}

static int run_layer(struct err *err)
{
	_cleanup_fd_ int fd = open(scratch_path("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t left = 1 << 20;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open the tree");
	return changeset_apply(scratch_path("archive"), fd, &left, err);
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static const struct fail_body bodies[] = {
	{"file_read", old_file, run_read, NULL, 3, false},
	{"file_publish", old_file, run_publish, check_publish, 6, false},
	{"private_create", no_key, run_create_key, check_create_key, 6, false},
	{"private_replace", old_key, run_replace_key, check_publish, 6, false},
	{"file_write", old_file, run_write, NULL, 1, false},
	{"file_copy", old_file, run_copy, NULL, 4, false},
	{"folder_make", no_folders, run_folder, NULL, 3, false},
	{"path_remove", a_tree, run_remove, NULL, 5, false},
	{"path_publish", old_file, run_rename, NULL, 2, false},
	{"a cache", no_cache, run_cache, check_cache, 20, false},
	{"cache_evict", full_cache, run_evict, check_evict, 15, false},
	{"proc_check", NULL, run_program, NULL, 3, false},
	{"qcow2", no_image, run_qcow2, check_image, 8, false},
	{"compressed qcow2", no_image, run_compressed, check_image, 8, false},
	{"raw", no_image, run_raw, check_image, 5, false},
	{"template", a_tree_alone, run_template, check_image, 8, false},
	{"verity", no_image, run_verity, NULL, 5, false},
	{"a generation", no_shelf, run_generation, check_shelf, 25, false},
	{"generation_note", a_generation, run_note, NULL, 15, false},
	{"generation_note_upload", a_generation, run_note_upload, NULL, 15, false},
	{"gc", two_generations, run_gc, check_gc, 20, false},
	{"unpack", an_archive, run_unpack, NULL, 30, false},
	{"a package", a_package, run_package, NULL, 30, false},
	{"a layer", a_layer, run_layer, NULL, 30, false},
};

START_TEST(whatever_call_fails_it_is_told_and_nothing_half_is_left)
{
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(failing, whatever_call_fails_it_is_told_and_nothing_half_is_left, sizeof bodies / sizeof *bodies)
