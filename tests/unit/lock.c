#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/valid.h"
#include "debian/index.h"
#include "edge/digest.h"
#include "lock/fakes.h"
#include "lock/file.h"
#include "recipes.h"
#include "scratch.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* --- index -------------------------------------------------------------------------------------------------------- */

static const char packages[] =
	"Package: beta\nVersion: 1:2.0-1\nArchitecture: amd64\nDepends: alpha (>= 1.0) | gamma, delta:any, epsilon [amd64] "
	"<!x>\n"
	"Pre-Depends: zeta\nProvides: virtual (= 1), other\nFilename: ./pool/beta.deb\nSize: 10\nSHA256: " DIGEST_A "\n\n"
	"Package: alpha\nEssential: yes\nVersion: 1.0\nArchitecture: all\nFilename: pool/alpha.deb\nSize: "
	"20\nSHA256: " DIGEST_B "\n\n"
	"Package: alpha\nVersion: 1.1\nArchitecture: all\nFilename: ../alpha.deb\nSize: 20\nSHA256: " DIGEST_B "\n";

static struct index make_index(struct arena *arena)
{
	static struct suite_index text = {"main", "amd64", NULL, {(char *)packages, sizeof packages - 1, 0}};
	static struct suite suite = {.indexes = &text, .n_indexes = 1};
	const struct suites suites = {&suite, 1};
	const size_t own = 0;
	struct index index = {0};
	struct err err = {0};

	ck_assert_int_eq(index_make(arena, &suites, &own, 1, &index, &err), 0);
	return index;
}

START_TEST(packages_are_found_by_name_version_and_architecture)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct index index = make_index(arena);
	const struct index_entry *entry;
	struct debian_package package;
	struct err err = {0};

	ck_assert_uint_eq(index.n, 3);
	ck_assert_ptr_null(index_find(&index, "alph"));
	ck_assert_ptr_null(index_find(&index, "zeta"));
	ck_assert(index_find(&index, "alpha")->essential);
	ck_assert(!index_find(&index, "beta")->essential);
	ck_assert_ptr_null(index_exact(arena, &index, "beta", "1:2.0-1", "all", SIZE_MAX));
	ck_assert_ptr_null(index_exact(arena, &index, "beta", "1:2.0-1", "amd64", 1));
	entry = index_exact(arena, &index, "beta", "1:2.0-1", "amd64", 0);
	ck_assert_ptr_nonnull(entry);
	ck_assert_int_eq(index_package(arena, entry, &package, &err), 0);
	ck_assert_str_eq(package.path, "pool/beta.deb");
	ck_assert_str_eq(package.sha256, DIGEST_A);
	ck_assert_uint_eq(package.size, 10);
	entry = index_exact(arena, &index, "alpha", "1.1", "all", SIZE_MAX);
	ck_assert_int_eq(index_package(arena, entry, &package, &err), -EBADMSG); /* its path leads out of the archive */
	err_free(&err);
}
END_TEST

START_TEST(relations_are_read_for_their_names)
{
	static const char *const expected[] = {"alpha", "gamma", "delta", "epsilon", "zeta"};
	static const char *const names[] = {"virtual", "other", "virtua", "alpha"}; /* the first two are provided */
	_cleanup_arena_ struct arena *arena = arena_new();
	struct index index = make_index(arena);
	struct strv needs = {0};

	index_needs(arena, index_find(&index, "beta"), &needs);
	ck_assert_uint_eq(needs.count, 5);
	for (size_t i = 0; i < needs.count; i++)
		ck_assert_str_eq(needs.items[i], expected[i]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct strv providers = {0};

		index_providers(arena, &index, names[i], &providers);
		ck_assert_uint_eq(providers.count, i < 2);
	}
	ck_assert_str_eq(index_nearest(&index, "alhpa"), "alpha");
}
END_TEST

START_TEST(values_of_a_lock_are_held_to_what_they_can_be)
{
	ck_assert(debian_name_ok("g++") && debian_name_ok("7zip") && debian_name_ok("libc6"));
	ck_assert(!debian_name_ok("") && !debian_name_ok("a") && !debian_name_ok("-a") && !debian_name_ok("Abc") &&
		  !debian_name_ok("a_b"));
	ck_assert(debian_version_ok("1:2.0~rc1+dfsg-1") && !debian_version_ok("1 2") && !debian_version_ok(""));
	ck_assert(valid_sha256(DIGEST_A) && !valid_sha256(DIGEST_A "a") && !valid_sha256("abcd"));
	ck_assert(valid_path("pool/main/a/a_1%3a2~x+b.deb") && valid_path("..a/b") && valid_path("a/..b"));
	ck_assert(!valid_path("") && !valid_path("/a") && !valid_path("a//b") && !valid_path("a/../b") &&
		  !valid_path("..") && !valid_path("a/.") && !valid_path("a/") && !valid_path("a b") &&
		  !valid_path("a\nb"));
}
END_TEST

/* --- the file ----------------------------------------------------------------------------------------------------- */

static const struct lock *small_lock(struct arena *arena)
{
	static const struct debian_package image[] = {
		{"base", "1:1.0", "amd64", DIGEST_A, "pool/base.deb", 12, LAYER_BASE, 0},
		{"y", "2", "all", DIGEST_B, "pool/y.deb", 13, LAYER_RECIPE, 1},
	};
	static const struct debian_package tools[] = {{"no", "1~2", "all", DIGEST_A, "pool/a/no.deb", 1, LAYER_BASE, 0}};
	static const struct lock_download downloads[] = {
		{"one", "https://localhost/\"a\"?b=c", DIGEST_A, 77, false},
		{"two", "file:///b", DIGEST_B, 1, true},
	};
	static struct debian_archive archives[] = {
		{"debian", "http://localhost/\"a\"", "trixie", {0}, DIGEST_A, 1795252544},
		{"more", "http://localhost/b", "x/updates", {0}, DIGEST_B, 3},
	};
	struct lock *lock = arena_new_of(arena, struct lock);

	archives[0].mirrors = (struct strv){0};
	strv_push(arena, &archives[0].mirrors, "http://localhost/1");
	strv_push(arena, &archives[0].mirrors, "http://localhost/2");
	*lock = (struct lock){.path = "a.lock", .recipe_sha256 = DIGEST_A, .tools_sha256 = DIGEST_B, .epoch = 1795252544,
			      .archives = archives, .n_archives = 2, .downloads = (struct lock_download *)downloads,
			      .n_downloads = 2, .image = {NULL, 2}, .tools = {(struct debian_package *)tools, 1}};
	lock->image.packages = arena_array(arena, struct debian_package, 2);
	memcpy(lock->image.packages, image, sizeof image);
	lock->image.packages[1].name = "yes"; /* means more than its letters in YAML; not here */
	return lock;
}

static int parse(struct arena *arena, const char *text, size_t size, struct lock **ret_lock)
{
	struct err err = {0};
	int r = lock_parse(arena, "a.lock", text, size, ret_lock, &err);

	ck_assert_int_eq(r, err.code);
	err_free(&err);
	return r;
}

START_TEST(a_lock_is_read_as_it_was_written)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0}, again = {0};
	const struct lock *lock = small_lock(arena);
	struct lock *read;

	lock_print(&text, lock);
	ck_assert_int_eq(parse(arena, text.data, text.size, &read), 0);
	ck_assert_str_eq(read->recipe_sha256, DIGEST_A);
	ck_assert_str_eq(read->tools_sha256, DIGEST_B);
	ck_assert_int_eq(read->epoch, lock->epoch);
	ck_assert_uint_eq(read->n_archives, 2);
	ck_assert_str_eq(read->archives[0].url, "http://localhost/\"a\"");
	ck_assert_str_eq(read->archives[0].mirrors.items[1], "http://localhost/2");
	ck_assert_str_eq(read->archives[1].suite, "x/updates");
	ck_assert_uint_eq(read->n_downloads, 2);
	ck_assert_str_eq(lock_download(read, "one")->url, "https://localhost/\"a\"?b=c");
	ck_assert_uint_eq(lock_download(read, "one")->size, 77);
	ck_assert(!lock_download(read, "one")->fake && lock_download(read, "two")->fake && !lock_download(read, "three"));
	ck_assert_uint_eq(read->image.n_packages, 2);
	ck_assert_str_eq(read->image.packages[1].name, "yes");
	ck_assert_uint_eq(read->image.packages[1].archive, 1);
	ck_assert_int_eq(read->image.packages[1].layer, LAYER_RECIPE);
	ck_assert_str_eq(read->tools.packages[0].version, "1~2");
	lock_print(&again, read);
	ck_assert_str_eq(again.data, text.data);
}
END_TEST

START_TEST(every_part_of_a_lock_is_refused_alone)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0};
	struct lock *read;

	lock_print(&text, small_lock(arena));
	for (size_t size = 0; size < text.size - 1; size++) /* without its last newline it still says everything */
		ck_assert_msg(parse(arena, text.data, size, &read) < 0, "%zu of %zu bytes are accepted", size,
			      text.size);
}
END_TEST

START_TEST(every_changed_byte_of_a_lock_is_noticed)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0};
	struct lock *read;

	lock_print(&text, small_lock(arena));
	for (size_t i = 0; i < text.size - 1; i++) {
		char before = text.data[i];

		text.data[i] = before == 'a' ? 'b' : 'a';
		ck_assert_msg(parse(arena, text.data, text.size, &read) < 0, "a change of byte %zu is accepted", i);
		text.data[i] = before;
	}
}
END_TEST

/* Replaces `from` in a small lock, makes its digest right, and says where the lock is refused; 0 when it is not. */
static unsigned line_refused(const char *from, const char *to)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0}, changed = {0};
	struct err err = {0};
	struct lock *read;
	const char *at, *digest;
	char hex[SHA256_HEX];
	unsigned line;

	lock_print(&text, small_lock(arena));
	at = strstr(text.data, from);
	digest = strstr(text.data, "\ndigest: ") + 1;
	ck_assert_msg(at != NULL, "%s is not in the lock", from);
	buf_add(&changed, text.data, (size_t)(at - text.data));
	buf_puts(&changed, to);
	buf_add(&changed, at + strlen(from), (size_t)(digest - at) - strlen(from));
	sha256_hex_of(changed.data, changed.size, hex);
	buf_printf(&changed, "digest: %s\n", hex);
	if (lock_parse(arena, "a.lock", changed.data, changed.size, &read, &err) == 0)
		return 0;
	line = err.first->line;
	err_free(&err);
	return line;
}

START_TEST(what_no_lock_would_say_is_refused_at_its_line)
{
	ck_assert_uint_eq(line_refused("format: 1", "format: 1"), 0);
	ck_assert_uint_eq(line_refused("format: 1", "format: 2"), 2);
	ck_assert_uint_eq(line_refused("recipe: a", "recipe: A"), 3);
	ck_assert_uint_eq(line_refused("epoch: 2026-11-21T", "epoch: 2026-11-21 "), 5);
	ck_assert_uint_eq(line_refused("more/x/updates: {", "more: {"), 8);
	ck_assert_uint_eq(line_refused("inrelease", "Inrelease"), 7);
	ck_assert_uint_eq(line_refused("base: {", "Base: {"), 14);
	ck_assert_uint_eq(line_refused("arch: amd64", "arch: arm64"), 14);
	ck_assert_uint_eq(line_refused("size: 12", "size: 0"), 14);
	ck_assert_uint_eq(line_refused("size: 12", "size: 99999999999999999999"), 14);
	ck_assert_uint_eq(line_refused("size: 12, ", ""), 14);
	ck_assert_uint_eq(line_refused("from: debian/trixie", "from: debian/sid"), 14);
	ck_assert_uint_eq(line_refused("pool/base.deb", "pool/../../base.deb"), 14);
	ck_assert_uint_eq(line_refused("    yes:", "    base:"), 17);
	ck_assert_uint_eq(line_refused("  parent: {}\n", ""), 13);
	ck_assert_uint_eq(line_refused("url: \"https", "Url: \"https"), 10);
	ck_assert_uint_eq(line_refused("size: 77", "size: 0"), 10);
	ck_assert_uint_eq(line_refused("  one:", "  uno:"), 11);
	ck_assert_uint_eq(line_refused("fake: true", "fake: false"), 11);
	ck_assert_uint_eq(line_refused("fake: true", "Fake: true"), 11);
	ck_assert_uint_eq(line_refused("image:", "more: 1\nimage:"), 12);
}
END_TEST

START_TEST(a_lock_stands_beside_its_recipe)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	ck_assert_str_eq(lock_path(arena, "a/b.recipe", "", NULL), "a/b.lock");
	ck_assert_str_eq(lock_path(arena, "a/b.recipe", ".lxc", NULL), "a/b.lxc.lock");
	ck_assert_str_eq(lock_again(arena, &(struct lock){.path = "a/b.lock"}, "--update x "),
			 "aether-build lock --update x a/b.recipe");
}
END_TEST

START_TEST(a_lock_with_fakes_stands_beside_them)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct lock lock = {.path = "f/b.fake.lock", .recipe_path = "a/b.recipe", .fakes = "f"};

	static const char *const others[][2] = {
		{"c/b.recipe", ""}, {"b.recipe", ""}, {"a/b.recipe", ".lxc"}, {"a/b.lxc.recipe", ""}};
	const char *path = lock_path(arena, "a/b.recipe", "", "f");

	ck_assert_msg(text_has_prefix(path, "f/b-") && text_has_suffix(path, ".fake.lock"), "%s", path);
	ck_assert_str_eq(lock_path(arena, "a/b.recipe", "", "f"), path);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert_str_ne(lock_path(arena, others[i][0], others[i][1], "f"), path);
	ck_assert_str_ne(lock_path(arena, "a/b.recipe", ".lxc", "f"), lock_path(arena, "a/b.lxc.recipe", "", "f"));
	recipes_write("x/b.recipe", "");
	ck_assert_str_eq(lock_path(arena, scratch_path("x/../x/b.recipe"), "", "f"),
			 lock_path(arena, scratch_path("x/b.recipe"), "", "f"));
	ck_assert_str_eq(lock_again(arena, &lock, ""), "aether-build lock --with-fakes f a/b.recipe");
}
END_TEST

START_TEST(a_lock_with_fakes_beside_the_recipe_is_refused)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lock lock = *small_lock(arena);
	struct err err = {0};

	ck_assert_uint_eq(fakes_of(arena, &lock).count, 1);
	ck_assert_str_eq(fakes_of(arena, &lock).items[0], "downloads/two");
	ck_assert_int_eq(fakes_check_lock(&lock, &err), -EINVAL);
	err_free(&err);
	lock.fakes = "f";
	ck_assert_int_eq(fakes_check_lock(&lock, &err), 0);
	lock.fakes = NULL;
	lock.n_downloads = 1;
	ck_assert_int_eq(fakes_check_lock(&lock, &err), 0);
}
END_TEST

SUITE(lock, packages_are_found_by_name_version_and_architecture, relations_are_read_for_their_names,
      values_of_a_lock_are_held_to_what_they_can_be, a_lock_is_read_as_it_was_written,
      every_part_of_a_lock_is_refused_alone, every_changed_byte_of_a_lock_is_noticed,
      what_no_lock_would_say_is_refused_at_its_line, a_lock_stands_beside_its_recipe,
      a_lock_with_fakes_stands_beside_them, a_lock_with_fakes_beside_the_recipe_is_refused)
