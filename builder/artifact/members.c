#include "artifact/members.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A file with several names, and the first of them that was met. */
struct link {
	dev_t device;
	ino_t inode;
	const char *name;
};

struct members {
	struct arena *arena;         /* of links */
	struct pax *archive;
	int64_t epoch;
	void *links;                 /* of tsearch(3) */
	uint64_t bytes;              /* of all files */
	members_visit *visit;
	void *data;
};

static int members_compare_links(const void *a, const void *b)
{
	const struct link *one = a, *other = b;

	if (one->device != other->device)
		return one->device < other->device ? -1 : 1;
	return one->inode == other->inode ? 0 : one->inode < other->inode ? -1 : 1;
}

const char *members_earlier_name(struct members *members, const struct member_item *item)
{
	struct link *link, **found;

	if (!S_ISREG(item->st.st_mode) || item->st.st_nlink < 2)
		return NULL;
	link = arena_new_of(members->arena, struct link);
	*link = (struct link){item->st.st_dev, item->st.st_ino, NULL};
	found = tsearch(link, &members->links, members_compare_links);
	if (found && *found != link)
		return (*found)->name;
	link->name = arena_strdup(members->arena, item->name);
	return NULL;
}

int members_add(struct members *members, const struct member_item *item, struct err *err)
{
	struct pax_member member = {
		.source = item->source, .name = item->name, .st = &item->st, .mtime = members->epoch,
		.acl_as_attributes = item->acl_as_attributes,
	};

	member.hardlink = members_earlier_name(members, item);
	if (S_ISREG(item->st.st_mode) && !member.hardlink)
		members->bytes += (uint64_t)item->st.st_size;
	return pax_add(members->archive, &member, err);
}

static int members_by_name(const void *a, const void *b)
{
	return strcmp(((const struct member_item *)a)->name, ((const struct member_item *)b)->name);
}

/* The entries of a folder in their order; what is in a folder follows it at once, because its name begins with the folder's. */
static int members_list(struct arena *arena, const struct member_item *folder, struct member_item **ret_items,
			size_t *ret_n, struct err *err)
{
	DIR *dir = opendir(folder->source);
	struct dirent *found;
	int r = dir ? 0 : err_sys(err, -errno, "cannot list '%s'", folder->source);

	*ret_items = NULL;
	*ret_n = 0;
	while (r == 0 && (errno = 0, found = readdir(dir))) {
		struct member_item item = {.source = arena_printf(arena, "%s/%s", folder->source, found->d_name)};

		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		if (lstat(item.source, &item.st) < 0) {
			r = err_sys(err, -errno, "cannot access '%s'", item.source);
			break;
		}
		if (S_ISSOCK(item.st.st_mode))
			continue;
		item.name = arena_printf(arena, "%s%s%s", folder->name, found->d_name, S_ISDIR(item.st.st_mode) ? "/" : "");
		*arena_push(arena, *ret_items, *ret_n) = item;
	}
	if (r == 0 && errno)
		r = err_sys(err, -errno, "cannot list '%s'", folder->source);
	if (dir)
		closedir(dir);
	if (r == 0 && *ret_n)
		qsort(*ret_items, *ret_n, sizeof **ret_items, members_by_name);
	return r;
}

/* Visits a folder and all that is in it. */
static int members_visit_folder(struct members *members, const struct member_item *folder, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct member_item *items;
	size_t n;
	int r = members->visit(members, members->data, folder, err);

	if (r == 0)
		r = members_list(arena, folder, &items, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = S_ISDIR(items[i].st.st_mode) ? members_visit_folder(members, &items[i], err)
						 : members->visit(members, members->data, &items[i], err);
	return r;
}

static void members_keep(void *link)
{
	(void)link; /* it lives in the arena */
}

int members_put(struct pax *archive, const char *root, int64_t epoch, members_visit *visit, void *data,
		uint64_t *ret_bytes, struct err *err)
{
	struct members members = {.archive = archive, .epoch = epoch, .visit = visit, .data = data};
	struct member_item top = {.source = root, .name = "./"};
	int r = lstat(root, &top.st) < 0 ? err_sys(err, -errno, "cannot access '%s'", root) : 0;

	if (r < 0)
		return r;
	members.arena = arena_new();
	r = members_visit_folder(&members, &top, err);
	if (r == 0 && ret_bytes)
		*ret_bytes = members.bytes;
	tdestroy(members.links, members_keep);
	arena_free(members.arena);
	return r;
}
