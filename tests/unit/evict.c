/* What goes out of the cache: chosen by age, size and who still wants it; taken whole, and never from under somebody. */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/evict.h"
#include "scratch.h"

enum { DAY_S = 86400, NOW = 2000 * DAY_S };

/* --- choosing -------------------------------------------------------------------------------------------------------- */

/* Five entries of 100 bytes: a to e, used so many days ago; c is named, d may be mounted. */
static void check_choice(struct cache_limits limits, const char *expected)
{
	struct cache_entry entries[] = {
		{.room = "blobs", .key = "a", .bytes = 100, .used = NOW - 40 * DAY_S},
		{.room = "blobs", .key = "b", .bytes = 100, .used = NOW - 2 * DAY_S},
		{.room = "debs", .key = "c", .bytes = 100, .used = NOW - 50 * DAY_S, .named = true},
		{.room = "layers", .key = "d", .bytes = 100, .used = NOW - 10 * DAY_S},
		{.room = "debs", .key = "e", .bytes = 100, .used = NOW - 60},
	};
	char goes[8] = "";

	limits.now = NOW;
	cache_choose(entries, 5, &limits);
	for (size_t i = 0; i < 5; i++)
		if (entries[i].goes)
			strcat(goes, entries[i].key);
	ck_assert_str_eq(goes, expected);
}

START_TEST(what_goes_is_old_or_too_much_and_nobody_wants_it)
{
	static const struct {
		int64_t days;
		uint64_t bytes;
		bool even_named, in_use;
		const char *goes;
	} rows[] = {
		{-1, UINT64_MAX, false, false, ""},      /* no limit */
		{30, UINT64_MAX, false, false, "a"},     /* by age */
		{30, UINT64_MAX, true, false, "ac"},
		{5, UINT64_MAX, false, false, "ad"},
		{0, UINT64_MAX, false, false, "abde"},
		{0, UINT64_MAX, true, false, "abcde"},
		{40, UINT64_MAX, false, false, ""},      /* not older than that: exactly that old */
		{-1, 500, false, false, ""},             /* by size: longest unused first */
		{-1, 499, false, false, "a"},
		{-1, 300, false, false, "ad"},
		{-1, 100, false, false, "abde"},         /* the named one stays and counts */
		{-1, 0, false, false, "abde"},
		{-1, 400, true, false, "c"},
		{-1, 0, true, false, "abcde"},
		{30, 300, false, false, "ad"},           /* both */
		{0, UINT64_MAX, true, true, "abc"},      /* somebody is at work: nothing mounted, nothing of today */
		{-1, 0, false, true, "ab"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_choice((struct cache_limits){.keep_days = rows[i].days, .max_bytes = rows[i].bytes,
						   .even_named = rows[i].even_named, .in_use = rows[i].in_use}, rows[i].goes);
}
END_TEST

START_TEST(what_takes_no_room_goes_when_nothing_may_be_left)
{
	struct cache_entry entry = {.room = "leaks", .key = "a", .bytes = 0, .used = NOW - 60};

	cache_choose(&entry, 1, &(struct cache_limits){.keep_days = -1, .max_bytes = 1, .now = NOW});
	ck_assert(!entry.goes);
	cache_choose(&entry, 1, &(struct cache_limits){.keep_days = -1, .max_bytes = 0, .now = NOW});
	ck_assert(entry.goes);
}
END_TEST

/* --- the cache ------------------------------------------------------------------------------------------------------- */

static struct cache *open_cache(void)
{
	struct cache *cache = NULL;
	struct err err = {0};

	ck_assert_int_eq(cache_open(scratch_path("cache"), &cache, &err), 0);
	return cache;
}

/* A file of so many bytes, or (ending in '/') a folder with one, used so many days ago. */
static void put(struct cache *cache, const char *room, const char *key, size_t bytes, int days)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - (time_t)days * DAY_S}};
	void *data = scratch_own(calloc(1, bytes));
	struct cache_draft draft;
	struct err err = {0};

	ck_assert_int_eq(cache_begin(cache, room, key, &draft, &err), 0);
	if (strcmp(room, "layers") == 0) {
		ck_assert_int_eq(mkdir(draft.path, 0755), 0);
		ck_assert_int_eq(file_write(arena_printf(scratch_arena(), "%s/file", draft.path), data, bytes, 0644, &err), 0);
	} else {
		ck_assert_int_eq(file_write(draft.path, data, bytes, 0644, &err), 0);
	}
	ck_assert_int_eq(cache_commit(&draft, &err), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, cache_path(cache, scratch_arena(), room, key), times, 0), 0);
}

static struct cache_entry *scan(const struct cache *cache, size_t expected)
{
	struct cache_entry *entries = NULL;
	size_t n = 0;

	cache_scan(cache, scratch_arena(), &entries, &n);
	ck_assert_uint_eq(n, expected);
	return entries;
}

START_TEST(entries_are_found_with_their_size_and_last_use)
{
	struct cache *cache = open_cache();
	struct cache_entry *entries;
	struct stat st;

	put(cache, "blobs", "bb01", 100000, 3);
	put(cache, "layers", "aa01", 50000, 1);
	entries = scan(cache, 2);
	ck_assert_str_eq(entries[0].room, "blobs");
	ck_assert_str_eq(entries[0].key, "bb01");
	ck_assert_int_eq(stat(cache_path(cache, scratch_arena(), "blobs", "bb01"), &st), 0);
	ck_assert_uint_eq(entries[0].bytes, (uint64_t)st.st_blocks * 512);
	ck_assert_int_le(entries[0].used, time(NULL) - 3 * DAY_S);
	ck_assert_str_eq(entries[1].room, "layers");
	ck_assert_uint_ge(entries[1].bytes, 50000);
	cache_close(cache);
}
END_TEST

START_TEST(a_file_with_two_names_counts_once)
{
	struct cache *cache = open_cache();
	struct cache_entry *entries;

	put(cache, "debs", "aa01", 200000, 0);
	put(cache, "layers", "aa01", 1, 0);
	ck_assert_int_eq(link(cache_path(cache, scratch_arena(), "debs", "aa01"), scratch_path("cache/layers/aa/aa01/link")),
			 0);
	entries = scan(cache, 2);
	ck_assert_uint_ge(entries[0].bytes, 200000);
	ck_assert_uint_lt(entries[1].bytes, 100000);
	cache_close(cache);
}
END_TEST

START_TEST(who_looks_for_an_entry_has_used_it)
{
	struct cache *cache = open_cache();

	put(cache, "blobs", "aa01", 1, 9);
	ck_assert(!cache_has(cache, "blobs", "aa02"));
	ck_assert(cache_has(cache, "blobs", "aa01"));
	ck_assert_int_ge(scan(cache, 1)->used, time(NULL) - 60);
	cache_close(cache);
}
END_TEST

START_TEST(what_goes_is_gone_and_what_was_used_meanwhile_stays)
{
	struct cache *cache = open_cache();
	struct cache_entry *entries;
	struct err err = {0};

	put(cache, "blobs", "aa01", 1000, 9);
	put(cache, "blobs", "aa02", 1000, 9);
	put(cache, "layers", "aa01", 1000, 9);
	entries = scan(cache, 3);
	entries[0].goes = entries[1].goes = entries[2].goes = true;
	ck_assert(cache_has(cache, "blobs", "aa02"));
	ck_assert_int_eq(cache_evict(cache, entries, 3, &err), 0);
	ck_assert(entries[0].goes && !entries[1].goes && entries[2].goes);
	ck_assert_str_eq(scan(cache, 1)->key, "aa02");
	ck_assert(rmdir(scratch_path("cache/tmp")) == 0);
	cache_close(cache);
}
END_TEST

START_TEST(only_who_is_alone_can_claim_the_cache)
{
	struct cache *one = open_cache(), *other = open_cache();

	ck_assert(!cache_claim(one));
	cache_close(other);
	ck_assert(cache_claim(one));
	cache_close(one);
}
END_TEST

SUITE(evict, what_goes_is_old_or_too_much_and_nobody_wants_it, what_takes_no_room_goes_when_nothing_may_be_left,
      entries_are_found_with_their_size_and_last_use,
      a_file_with_two_names_counts_once, who_looks_for_an_entry_has_used_it,
      what_goes_is_gone_and_what_was_used_meanwhile_stays, only_who_is_alone_can_claim_the_cache)
