#include "scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static char folder[4000];
static pid_t owner;

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

const char *scratch_path(const char *name)
{
	char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", scratch(), name), 0);
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
	struct buf text = {0};
	struct err err = {0};

	ck_assert_msg(file_read(scratch_path(name), LIMIT, &text, &err) == 0, "%s cannot be read", name);
	return text.size ? text.data : "";
}
