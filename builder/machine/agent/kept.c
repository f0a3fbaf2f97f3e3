#include "machine/agent/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/say.h"

enum { PATH_BYTES = 1024, CHUNK_BYTES = 1 << 16, DEPTH_MAX = 8 };

/* The folders and files; of a folder only what ends with `suffix`. */
static const struct { const char *path, *suffix; } kept[] = {
	{"/etc/sysctl.conf", ""}, {"/etc/sysctl.d", ""}, {"/usr/lib/sysctl.d", ""},
	{"/etc/modules", ""}, {"/etc/modules-load.d", ""}, {"/usr/lib/modules-load.d", ""},
	{"/etc/modprobe.d", ""}, {"/usr/lib/modprobe.d", ""},
	{"/etc/systemd/network", ".netdev"}, {"/usr/lib/systemd/network", ".netdev"},
	{"/etc/systemd/network", ".link"}, {"/usr/lib/systemd/network", ".link"},
	{"/etc/udev/rules.d", ""}, {"/usr/lib/udev/rules.d", ""},
	{"/usr/lib/firmware", ""},
};

/* A path in both images. */
struct kept_pair {
	char one[PATH_BYTES], other[PATH_BYTES];
	size_t root;                   /* where the path within the image begins in `one` */
};

static bool kept_fits(char *out, const char *folder, const char *name)
{
	return snprintf(out, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES;
}

/* --- one file -------------------------------------------------------------------------------------------------------- */

static bool kept_files_same(const struct kept_pair *pair)
{
	static char left[CHUNK_BYTES], right[CHUNK_BYTES];
	int one = open(pair->one, O_RDONLY | O_CLOEXEC), other = open(pair->other, O_RDONLY | O_CLOEXEC);
	bool same = one >= 0 && other >= 0;
	ssize_t n = same;

	for (int64_t at = 0; same && n > 0; at += n) {
		n = read_all(one, left, sizeof left, at);
		same = n >= 0 && read_all(other, right, sizeof right, at) == n && memcmp(left, right, (size_t)n) == 0;
	}
	if (one >= 0)
		close(one);
	if (other >= 0)
		close(other);
	return same;
}

static bool kept_links_same(const struct kept_pair *pair)
{
	char one[PATH_BYTES], other[PATH_BYTES];
	ssize_t n = readlink(pair->one, one, sizeof one);

	return n >= 0 && readlink(pair->other, other, sizeof other) == n && memcmp(one, other, (size_t)n) == 0;
}

/* --- folders --------------------------------------------------------------------------------------------------------- */

static int kept_is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool kept_has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return length >= end && strcmp(name + length - end, suffix) == 0;
}

static bool kept_pair_same(struct kept_pair *pair, const char *suffix, unsigned depth, char *what, size_t size);

static bool kept_differs(const struct kept_pair *pair, char *what, size_t size)
{
	snprintf(what, size, "%s", pair->one + pair->root);
	return false;
}

/* One name of either folder. */
static bool kept_entry_same(const struct kept_pair *folder, const char *name, const char *suffix, unsigned depth, char *what,
			    size_t size)
{
	struct kept_pair pair = {.root = folder->root};

	if (!kept_has_suffix(name, suffix))
		return true;
	if (!kept_fits(pair.one, folder->one, name) || !kept_fits(pair.other, folder->other, name))
		return kept_differs(folder, what, size);
	return kept_pair_same(&pair, "", depth + 1, what, size);
}

/* One name that the other image has: this one has it, too. What is in it was compared then. */
static bool kept_entry_there(const struct kept_pair *folder, const char *name, const char *suffix, unsigned depth, char *what,
			     size_t size)
{
	struct kept_pair pair = {.root = folder->root};
	struct stat st;

	(void)depth;
	if (!kept_has_suffix(name, suffix) || (kept_fits(pair.one, folder->one, name) && lstat(pair.one, &st) == 0))
		return true;
	return kept_differs(*pair.one ? &pair : folder, what, size);
}

static bool kept_names_hold(const struct kept_pair *folder, const char *listed, const char *suffix, unsigned depth,
			    bool (*holds)(const struct kept_pair *, const char *, const char *, unsigned, char *, size_t),
			    char *what, size_t size)
{
	struct dirent **entries;
	int n = scandir(listed, &entries, kept_is_entry, alphasort);
	bool hold = true;

	for (int i = 0; i < n; i++) {
		hold = hold && holds(folder, entries[i]->d_name, suffix, depth, what, size);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n < 0 ? kept_differs(folder, what, size) : hold;
}

static bool kept_pair_same(struct kept_pair *pair, const char *suffix, unsigned depth, char *what, size_t size)
{
	struct stat one, other;
	bool has_one = lstat(pair->one, &one) == 0, has_other = lstat(pair->other, &other) == 0;

	if (!has_one && !has_other)
		return true;
	if (has_one != has_other || (one.st_mode & S_IFMT) != (other.st_mode & S_IFMT) || depth > DEPTH_MAX)
		return kept_differs(pair, what, size);
	if (S_ISDIR(one.st_mode))
		return kept_names_hold(pair, pair->one, suffix, depth, kept_entry_same, what, size) &&
		       kept_names_hold(pair, pair->other, suffix, depth, kept_entry_there, what, size);
	if (S_ISLNK(one.st_mode) ? kept_links_same(pair) : kept_files_same(pair))
		return true;
	return kept_differs(pair, what, size);
}

bool kept_is_same(const char *one, const char *other, char *what, size_t size)
{
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		struct kept_pair pair = {.root = strlen(one)};

		if (!kept_fits(pair.one, one, kept[i].path + 1) || !kept_fits(pair.other, other, kept[i].path + 1) ||
		    !kept_pair_same(&pair, kept[i].suffix, 0, what, size))
			return false;
	}
	return true;
}
