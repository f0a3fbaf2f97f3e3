#include "machine/box/bring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/audit.h"
#include "machine/hash.h"
#include "machine/machine_id.h"
#include "machine/say.h"

static const struct {
	const char *folder, *name;
} brought[] = {
	{"etc", "hostname"}, {"etc", "hosts"},	  {"etc", "resolv.conf"}, {"etc/network", "interfaces"},
	{"etc", "localtime"}, {"etc", "timezone"},
};
enum { N_BROUGHT = sizeof brought / sizeof *brought };

#define MACHINE_ID "machine-id"
#define NEW_NAME ".aether-new"
enum { BRING_PATH = PATH_MAX };

static bool bring_path(char *out, const char *base, const char *folder, const char *prefix, const char *name)
{
	return snprintf(out, BRING_PATH, "%s/%s/%s%s", base, folder, prefix, name) < BRING_PATH;
}

/* The root's file is what its template had there. */
static bool bring_is_templates(const char *root, const struct roster *list, size_t i)
{
	char path[NAME_MAX];
	const struct roster_member *member;

	snprintf(path, sizeof path, "%s/%s", brought[i].folder, brought[i].name);
	member = roster_find(list, path);
	return member && audit_is_content(root, member);
}

static int bring_content(const char *from, const char *to, const struct stat *st)
{
	int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = -1, r;
	uint8_t hash[HASH_BYTES];

	out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = out < 0 ? -errno : hash_copy(in, out, hash);
	if (r == 0 && (fchown(out, st->st_uid, st->st_gid) < 0 || fchmod(out, st->st_mode & 07777) < 0))
		r = -errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return r;
}

static int bring_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = 0;
	return symlink(target, to) < 0 ? -errno : 0;
}

/* Puts a copy of the file or link `from` in the place of TREE/FOLDER/NAME. */
static int bring_copy(const char *from, const char *tree, const char *folder, const char *name)
{
	char to[BRING_PATH], made[BRING_PATH];
	struct stat st;
	int r;

	if (!bring_path(to, tree, folder, "", name) || !bring_path(made, tree, folder, "", NEW_NAME))
		return -ENAMETOOLONG;
	if (lstat(from, &st) < 0)
		return -errno;
	unlink(made); /* an interrupted start may have left it */
	r = S_ISLNK(st.st_mode) ? bring_link(from, made) : S_ISREG(st.st_mode) ? bring_content(from, made, &st) : -EINVAL;
	if (r == 0 && rename(made, to) < 0)
		r = -errno;
	if (r < 0)
		unlink(made);
	return r;
}

static int bring_file(const char *root, const char *tree, const struct roster *list, size_t i)
{
	char from[BRING_PATH], kept[BRING_PATH];

	if (!bring_path(from, root, brought[i].folder, "", brought[i].name) ||
	    !bring_path(kept, tree, brought[i].folder, ".pve-ignore.", brought[i].name))
		return -ENAMETOOLONG;
	if (access(kept, F_OK) == 0 || faccessat(AT_FDCWD, from, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
	    bring_is_templates(root, list, i))
		return 0;
	return bring_copy(from, tree, brought[i].folder, brought[i].name);
}

/* --- the machine-id -------------------------------------------------------------------------------------------------- */

static int bring_make_id(const char *folder)
{
	char id[MACHINE_ID_BYTES];
	int r = machine_id_by_chance(id);

	return r < 0 ? r : write_whole(folder, MACHINE_ID, id);
}

static int bring_id(const char *root, const char *tree)
{
	char path[BRING_PATH], folder[BRING_PATH], id[64];
	int r = 0;

	if (!bring_path(path, root, "etc", "", MACHINE_ID) || !bring_path(folder, root, "etc", "", ""))
		return -ENAMETOOLONG;
	if (read_line(path, id, sizeof id) != MACHINE_ID_DIGITS || strspn(id, "0123456789abcdef") != MACHINE_ID_DIGITS)
		r = bring_make_id(folder);
	return r < 0 ? r : bring_copy(path, tree, "etc", MACHINE_ID);
}

int bring_all(const char *root, const char *tree, char *why, size_t size)
{
	uint8_t hash[HASH_BYTES];
	struct roster list;
	char *text;
	int r = roster_read(root, &list, &text, hash);

	if (r < 0) /* then nothing is known to be the template's */
		list.n = 0;
	r = 0;
	for (size_t i = 0; r == 0 && i < N_BROUGHT; i++) {
		r = bring_file(root, tree, &list, i);
		if (r < 0)
			snprintf(why, size, "cannot bring /%s/%s along: %s", brought[i].folder, brought[i].name, strerror(-r));
	}
	if (r == 0 && (r = bring_id(root, tree)) < 0)
		snprintf(why, size, "cannot bring the machine-id along: %s", strerror(-r));
	roster_free(&list);
	free(text);
	return r;
}
