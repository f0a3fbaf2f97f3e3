/* The cache, with makers that die and makers that race. */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/cache.h"
#include "host/pool.h"
#include "scratch.h"

static struct cache *open_cache(void)
{
	struct err err = {0};
	struct cache *cache = NULL;

	ck_assert_int_eq(cache_open(scratch_path("cache"), &cache, &err), 0);
	return cache;
}

static void fill(const struct cache_draft *draft, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_publish(draft->path, text, strlen(text), 0644, &err), 0);
}

/* How many names the cache's tmp/ has. */
static int drafts(void)
{
	DIR *folder = opendir(scratch_path("cache/tmp"));
	int n = 0;

	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

static void wait_for_success(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(an_entry_appears_when_it_is_committed_and_is_found_from_then_on)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache *cache = open_cache();
	struct cache_draft draft;
	struct err err = {0};
	const char *path = cache_path(cache, arena, "room", "abcd");

	ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
	ck_assert(!path_exists(draft.path));
	fill(&draft, "made");
	ck_assert(!path_exists(path));
	ck_assert_int_eq(cache_commit(&draft, &err), 0);
	ck_assert(path_exists(path));
	ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 1);
	ck_assert_int_eq(drafts(), 0);
	cache_close(cache);
}
END_TEST

START_TEST(an_abandoned_draft_leaves_nothing_and_may_be_made_again)
{
	struct cache *cache = open_cache();
	struct cache_draft draft;
	struct err err = {0};

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
		ck_assert_int_eq(folder_make(draft.path, 0755, &err), 0);
		cache_abandon(&draft);
		ck_assert_int_eq(drafts(), 0);
	}
	cache_abandon(&draft); /* twice is once */
	cache_close(cache);
}
END_TEST

START_TEST(a_draft_without_anything_in_it_cannot_be_committed)
{
	struct cache *cache = open_cache();
	struct cache_draft draft;
	struct err err = {0};

	ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
	ck_assert_int_eq(cache_commit(&draft, &err), -ENOENT);
	ck_assert_int_eq(drafts(), 0);
	ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
	cache_abandon(&draft);
	cache_close(cache);
	err_free(&err);
}
END_TEST

/* Makes one entry unless it is there; adds a letter to the file `made` when it is the maker. */
static void make_entry(struct cache *cache, const char *key)
{
	struct cache_draft draft;
	struct err err = {0};
	int r = cache_begin(cache, "room", key, &draft, &err);

	ck_assert_int_ge(r, 0);
	if (r == 0) {
		int fd = open(scratch_path("made"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

		ck_assert_int_eq(write(fd, "x", 1), 1);
		close(fd);
		fill(&draft, key);
		usleep(2000);
		ck_assert_int_eq(cache_commit(&draft, &err), 0);
	}
}

enum { MAKERS = 8, ENTRIES = 20 };

START_TEST(processes_that_want_the_same_entries_make_each_once)
{
	pid_t makers[MAKERS];
	struct stat st;

	scratch();
	for (int m = 0; m < MAKERS; m++) {
		makers[m] = fork();
		if (makers[m] == 0) {
			struct cache *cache = open_cache();

			for (int e = 0; e < ENTRIES; e++)
				make_entry(cache, (const char[]){'a', 'b', (char)('a' + e), 0});
			_exit(0);
		}
	}
	for (int m = 0; m < MAKERS; m++)
		wait_for_success(makers[m]);
	ck_assert_int_eq(stat(scratch_path("made"), &st), 0);
	ck_assert_int_eq(st.st_size, ENTRIES);
	ck_assert_int_eq(drafts(), 0);
}
END_TEST

static int make_job(void *cache, size_t i, struct err *err)
{
	(void)err;
	make_entry(cache, (const char[]){'a', 'b', (char)('a' + i % ENTRIES), 0});
	return 0;
}

START_TEST(threads_that_want_the_same_entries_make_each_once)
{
	struct cache *cache = open_cache();
	struct err err = {0};
	struct stat st;

	setenv("AETHER_JOBS", "8", 1);
	ck_assert_int_eq(pool_run(ENTRIES * 8, make_job, cache, &err), 0);
	ck_assert_int_eq(stat(scratch_path("made"), &st), 0);
	ck_assert_int_eq(st.st_size, ENTRIES);
	cache_close(cache);
}
END_TEST

/* A process that drafts an entry and a scratch folder, says so, and waits to be killed. */
static pid_t maker_that_hangs(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	scratch();
	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct arena *arena = arena_new();
		struct cache *cache = open_cache();
		struct cache_draft draft;
		struct err err = {0};
		const char *path;
		int lock;

		ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
		ck_assert_int_eq(folder_make(draft.path, 0755, &err), 0);
		file_publish(arena_printf(arena, "%s/file", draft.path), "half", 4, 0600, &err);
		ck_assert_int_eq(cache_scratch(cache, arena, &path, &lock, &err), 0);
		ck_assert_int_eq(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

START_TEST(the_drafts_of_a_living_maker_stay)
{
	pid_t maker = maker_that_hangs();

	cache_close(open_cache());
	ck_assert_int_eq(drafts(), 4);
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
}
END_TEST

START_TEST(the_drafts_of_a_killed_maker_are_swept_and_its_entry_can_be_made)
{
	pid_t maker = maker_that_hangs();
	struct cache_draft draft;
	struct err err = {0};
	struct cache *cache;

	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	cache = open_cache();
	ck_assert_int_eq(drafts(), 0);
	ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
	fill(&draft, "whole");
	ck_assert_int_eq(cache_commit(&draft, &err), 0);
	cache_close(cache);
}
END_TEST

START_TEST(whoever_waits_for_a_killed_maker_becomes_the_maker)
{
	pid_t maker = maker_that_hangs(), killer = fork();
	struct cache_draft draft;
	struct err err = {0};
	struct cache *cache;

	if (killer == 0) {
		usleep(300000);
		kill(maker, SIGKILL);
		_exit(0);
	}
	cache = open_cache();
	ck_assert_int_eq(cache_begin(cache, "room", "abcd", &draft, &err), 0);
	fill(&draft, "whole");
	ck_assert_int_eq(cache_commit(&draft, &err), 0);
	cache_close(cache);
	waitpid(maker, NULL, 0);
	waitpid(killer, NULL, 0);
}
END_TEST

START_TEST(the_cache_is_known_by_its_real_path)
{
	struct err err = {0};
	struct cache *cache;
	char real[4096];

	ck_assert_int_eq(folder_make(scratch_path("far/away"), 0755, &err), 0);
	ck_assert_int_eq(symlink("far/away", scratch_path("cache")), 0);
	ck_assert_ptr_nonnull(realpath(scratch_path("far/away"), real));
	cache = open_cache();
	ck_assert_str_eq(cache_folder(cache), real);
	cache_close(cache);
	ck_assert_int_eq(chdir(scratch()), 0);
	ck_assert_int_eq(cache_open("far/away/", &cache, &err), 0);
	ck_assert_str_eq(cache_folder(cache), real);
	cache_close(cache);
}
END_TEST

START_TEST(a_cache_that_cannot_be_made_says_what_to_set)
{
	struct err err = {0};
	struct cache *cache;

	ck_assert_int_eq(file_publish(scratch_path("file"), "", 0, 0644, &err), 0);
	ck_assert_int_eq(cache_open(scratch_path("file"), &cache, &err), -ENOTDIR);
	ck_assert_str_eq(err.last->hint, "set AETHER_CACHE to a folder you can write to");
	err_free(&err);
}
END_TEST

SUITE(cache, an_entry_appears_when_it_is_committed_and_is_found_from_then_on,
      an_abandoned_draft_leaves_nothing_and_may_be_made_again, a_draft_without_anything_in_it_cannot_be_committed,
      processes_that_want_the_same_entries_make_each_once, threads_that_want_the_same_entries_make_each_once,
      the_drafts_of_a_living_maker_stay, the_drafts_of_a_killed_maker_are_swept_and_its_entry_can_be_made,
      whoever_waits_for_a_killed_maker_becomes_the_maker, the_cache_is_known_by_its_real_path,
      a_cache_that_cannot_be_made_says_what_to_set)
