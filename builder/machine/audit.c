#include "machine/audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/attributes.h"

bool audit_path(const char *tree, const struct roster_member *member, char *out, size_t size)
{
	if (strcmp(member->path, ".") == 0)
		return (size_t)snprintf(out, size, "%s", *tree ? tree : "/") < size;
	return (size_t)snprintf(out, size, "%s/%s", tree, member->path) < size;
}

static mode_t audit_type(char type)
{
	static const struct { char type; mode_t mode; } types[] = {
		{LIST_FOLDER, S_IFDIR}, {LIST_REGULAR, S_IFREG}, {LIST_SYMLINK, S_IFLNK}, {LIST_HARDLINK, S_IFREG},
		{LIST_PIPE, S_IFIFO},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].type == type)
			return types[i].mode;
	return 0;
}

static bool audit_content(const char *path, const struct roster_member *member)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t hash[HASH_BYTES];
	int r = fd < 0 ? -errno : hash_copy(fd, -1, hash);

	if (fd >= 0)
		close(fd);
	return r == 0 && memcmp(hash, member->hash, HASH_BYTES) == 0;
}

static bool audit_target(const char *path, const struct roster_member *member)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target);

	return n >= 0 && (size_t)n == strlen(member->target) && memcmp(target, member->target, (size_t)n) == 0;
}

/* What is wrong with it, in a word; NULL for nothing. */
static const char *audit_problem(const char *path, const struct roster_member *member, bool content)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? "is missing" : "cannot be read";
	if ((st.st_mode & S_IFMT) != audit_type(member->type))
		return "is something else";
	if (member->type == LIST_HARDLINK)
		return NULL;
	if (st.st_uid != member->uid || st.st_gid != member->gid)
		return "has another owner";
	if (member->type == LIST_SYMLINK)
		return audit_target(path, member) ? NULL : "leads elsewhere";
	if ((st.st_mode & ~(mode_t)S_IFMT) != member->mode)
		return "has another mode";
	if (member->type == LIST_REGULAR && ((uint64_t)st.st_size != member->size || st.st_nlink != member->n_names))
		return "has another size, or other names";
	if (!attributes_are(path, member))
		return "has other attributes";
	return member->type == LIST_REGULAR && content && !audit_content(path, member) ? "has another content" : NULL;
}

bool audit_member(const char *tree, const struct roster_member *member, bool content)
{
	char path[PATH_MAX];

	return audit_path(tree, member, path, sizeof path) && !audit_problem(path, member, content);
}

bool audit_is_content(const char *tree, const struct roster_member *member)
{
	char path[PATH_MAX];
	struct stat st;

	if (!audit_path(tree, member, path, sizeof path) || lstat(path, &st) < 0 ||
	    (st.st_mode & S_IFMT) != audit_type(member->type))
		return false;
	if (member->type == LIST_SYMLINK)
		return audit_target(path, member);
	return member->type == LIST_REGULAR && (uint64_t)st.st_size == member->size && audit_content(path, member);
}

/* All that is in a list is there: what there is besides makes a folder have more than it should. */
static bool audit_has_more(const char *path, const struct roster_member *folder)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n != folder->n_entries + 2;
}

static bool audit_is_same_file(const char *tree, const char *path, const struct roster_member *first)
{
	char other[PATH_MAX];
	struct stat a, b;

	return audit_path(tree, first, other, sizeof other) && lstat(path, &a) == 0 && lstat(other, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool audit_tree(const char *tree, const struct roster *list, void (*visited)(void *data, uint64_t bytes), void *data, char *why,
		size_t size)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct roster_member *member = &list->members[i];
		const char *problem = audit_path(tree, member, path, sizeof path) ? audit_problem(path, member, true)
										  : "has too long a name";

		if (!problem && member->type == LIST_FOLDER && audit_has_more(path, member))
			problem = "has more or less in it";
		if (!problem && member->type == LIST_HARDLINK && !audit_is_same_file(tree, path, &list->members[member->same]))
			problem = "is another file";
		if (problem) {
			snprintf(why, size, "/%s %s", i ? member->path : "", problem);
			return false;
		}
		if (visited && member->type == LIST_REGULAR)
			visited(data, member->size);
	}
	return true;
}
