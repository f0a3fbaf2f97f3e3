#include "cache/evict.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { DAY_S = 86400, DEPTH_MAX = 256 };

/* Files with several names, by the numbers of device and inode: an open hash that grows. */
struct evict_seen {
	struct evict_id {
		uint64_t device, inode;
	} *ids;
	size_t n, room;
};

struct evict_scan {
	struct arena *arena;
	struct evict_seen seen;
	struct cache_entry *entries;
	size_t n;
};

static struct evict_id *evict_slot(const struct evict_seen *seen, struct evict_id id)
{
	size_t at = (id.inode * 0x9e3779b97f4a7c15u ^ id.device) & (seen->room - 1);

	while (seen->ids[at].inode && (seen->ids[at].inode != id.inode || seen->ids[at].device != id.device))
		at = (at + 1) & (seen->room - 1);
	return &seen->ids[at];
}

/* Whether the file is met for the first time. */
static bool evict_is_new(struct evict_scan *scan, const struct stat *st)
{
	struct evict_id id = {st->st_dev, st->st_ino}, *slot;
	struct evict_seen *seen = &scan->seen;

	if (2 * (seen->n + 1) > seen->room) {
		struct evict_seen larger = {.n = seen->n, .room = seen->room ? 2 * seen->room : 1024};

		larger.ids = arena_array(scan->arena, struct evict_id, larger.room);
		for (size_t i = 0; i < seen->room; i++)
			if (seen->ids[i].inode)
				*evict_slot(&larger, seen->ids[i]) = seen->ids[i];
		*seen = larger;
	}
	slot = evict_slot(seen, id);
	if (slot->inode)
		return false;
	*slot = id;
	seen->n++;
	return true;
}

/* The bytes of what `name` is in the folder, and all in it. */
static uint64_t evict_bytes(struct evict_scan *scan, int folder_fd, const char *name, unsigned depth)
{
	struct dirent *entry;
	uint64_t bytes;
	struct stat st;
	DIR *folder;
	int fd;

	if (depth > DEPTH_MAX || fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1 && !evict_is_new(scan, &st))
		return 0;
	bytes = (uint64_t)st.st_blocks * 512;
	fd = S_ISDIR(st.st_mode) ? openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !folder)
		close(fd);
	while (folder && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			bytes += evict_bytes(scan, fd, entry->d_name, depth + 1);
	if (folder)
		closedir(folder);
	return bytes;
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

/* The visible names in a folder, sorted. */
static struct strv evict_names(struct arena *arena, const char *path)
{
	struct strv names = {0};
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			strv_push(arena, &names, entry->d_name);
	if (folder)
		closedir(folder);
	strv_sort(&names);
	return names;
}

static void evict_scan_shelf(struct evict_scan *scan, const char *room, const char *path)
{
	const struct strv keys = evict_names(scan->arena, path);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < keys.count; i++) {
		struct stat st;

		if (fstatat(fd, keys.items[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*arena_push(scan->arena, scan->entries, scan->n) = (struct cache_entry){
			.room = room, .key = keys.items[i], .used = st.st_mtim.tv_sec,
			.bytes = evict_bytes(scan, fd, keys.items[i], 0),
		};
	}
}

void cache_scan(const struct cache *cache, struct arena *arena, struct cache_entry **ret_entries, size_t *ret_n)
{
	const struct strv rooms = evict_names(arena, cache_folder(cache));
	struct evict_scan scan = {.arena = arena};

	for (size_t i = 0; i < rooms.count; i++) {
		const char *room = arena_printf(arena, "%s/%s", cache_folder(cache), rooms.items[i]);
		const struct strv shelves = evict_names(arena, room);

		if (strcmp(rooms.items[i], "tmp") == 0 || strcmp(rooms.items[i], "locks") == 0)
			continue;
		for (size_t s = 0; s < shelves.count; s++)
			evict_scan_shelf(&scan, rooms.items[i], arena_printf(arena, "%s/%s", room, shelves.items[s]));
	}
	*ret_entries = scan.entries;
	*ret_n = scan.n;
}

/* --- choosing -------------------------------------------------------------------------------------------------------- */

/* What a program may have mounted as long as it runs. */
static bool evict_is_mounted(const struct cache_entry *entry)
{
	return strcmp(entry->room, "blobs") != 0 && strcmp(entry->room, "debs") != 0;
}

static bool evict_may_go(const struct cache_entry *entry, const struct cache_limits *limits)
{
	if (entry->named && !limits->even_named)
		return false;
	return !limits->in_use || (!evict_is_mounted(entry) && entry->used < limits->now - DAY_S);
}

static int evict_by_use(const void *a, const void *b)
{
	const struct cache_entry *const *one = a, *const *other = b;

	return ((*one)->used > (*other)->used) - ((*one)->used < (*other)->used);
}

void cache_choose(struct cache_entry *entries, size_t n, const struct cache_limits *limits)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache_entry **order = arena_array(arena, struct cache_entry *, n + 1);
	uint64_t left = 0;

	for (size_t i = 0; i < n; i++) {
		entries[i].goes = limits->keep_days >= 0 && entries[i].used < limits->now - limits->keep_days * DAY_S &&
				  evict_may_go(&entries[i], limits);
		left += entries[i].goes ? 0 : entries[i].bytes;
		order[i] = &entries[i];
	}
	qsort(order, n, sizeof *order, evict_by_use);
	/* Nothing at all may be left: what takes no room goes, too. */
	for (size_t i = 0; i < n && (left > limits->max_bytes || limits->max_bytes == 0); i++)
		if (!order[i]->goes && evict_may_go(order[i], limits)) {
			order[i]->goes = true;
			left -= order[i]->bytes;
		}
}

/* --- removing -------------------------------------------------------------------------------------------------------- */

/* The entry becomes a draft's folder, which the next run sweeps if we do not get to it. */
static int evict_one(struct cache *cache, struct cache_entry *entry, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = cache_path(cache, arena, entry->room, entry->key), *grave;
	_cleanup_fd_ int lock = -1;
	struct stat st;
	int r = cache_scratch(cache, arena, &grave, &lock, err);

	if (r < 0)
		return r;
	cache_guard(cache, true);
	entry->goes = lstat(path, &st) == 0 && st.st_mtim.tv_sec <= entry->used;
	if (entry->goes && rename(path, arena_printf(arena, "%s/gone", grave)) < 0)
		r = err_sys(err, -errno, "cannot remove '%s' from the cache", path);
	cache_guard(cache, false);
	if (r == 0)
		r = path_remove(grave, err);
	if (r == 0)
		unlink(arena_printf(arena, "%s.lock", grave));
	return r;
}

int cache_evict(struct cache *cache, struct cache_entry *entries, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (entries[i].goes)
			r = evict_one(cache, &entries[i], err);
	return r;
}
