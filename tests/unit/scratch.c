#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "scratch.h"

static char folder[4000];
static pid_t owner;
static struct arena *arena;
static void **owned;
static size_t n_owned;

static void free_memory(void)
{
	for (size_t i = 0; i < n_owned; i++)
		free(owned[i]);
	arena_free(arena);
}

struct arena *scratch_arena(void)
{
	if (!arena) {
		arena = arena_new();
		atexit(free_memory);
	}
	return arena;
}

void *scratch_own(void *memory)
{
	*arena_push(scratch_arena(), owned, n_owned) = memory;
	return memory;
}

/* Children that a test forks inherit the handler, but not the folder. */
static void remove_folder(void)
{
	struct err err = {0};

	if (getpid() == owner)
		path_remove(folder, &err);
	err_free(&err);
}

const char *scratch(void)
{
	const char *base = getenv("TMPDIR");

	if (owner)
		return folder;
	snprintf(folder, sizeof folder, "%s/aether-unit-XXXXXX", base && *base ? base : "/tmp");
	ck_assert_msg(mkdtemp(folder) != NULL, "cannot make %s", folder);
	owner = getpid();
	atexit(remove_folder);
	return folder;
}

void scratch_again(void)
{
	remove_folder();
	owner = 0;
	if (arena)
		free_memory();
	owned = NULL;
	n_owned = 0;
	arena = arena ? arena_new() : NULL;
}

const char *scratch_path(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* some tests ask for one place from many threads */
	const char *path;

	pthread_mutex_lock(&lock);
	path = arena_printf(scratch_arena(), "%s/%s", scratch(), name);
	pthread_mutex_unlock(&lock);
	return path;
}

struct stat scratch_look(const char *name)
{
	struct stat st = {0};

	lstat(scratch_path(name), &st);
	return st;
}

const char *scratch_text(const char *name)
{
	enum { LIMIT = 1 << 20 };
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};

	ck_assert_msg(file_read(scratch_path(name), LIMIT, &text, &err) == 0, "%s cannot be read", name);
	return arena_strdup(scratch_arena(), text.size ? text.data : "");
}
