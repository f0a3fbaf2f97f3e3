#include "cache/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cache/evict.h"

struct cache {
	char *folder;
	int use_fd;            /* locks/.use, locked: shared, or alone by cache_claim() */
	int guard_fd;          /* locks/.guard: shared while somebody looks, alone while somebody removes */
	pthread_mutex_t guard; /* a lock on a file is the whole process's */
};

/* A draft or scratch `NAME` in tmp/ is alive while somebody holds the lock on `NAME.lock`. */
static void cache_sweep(const struct cache *cache, struct arena *arena)
{
	const char *tmp = arena_printf(arena, "%s/tmp", cache->folder);
	DIR *dir = opendir(tmp);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *lock;
		struct err ignored = {0};
		_cleanup_fd_ int fd = -1;

		if (!text_has_suffix(entry->d_name, ".lock"))
			continue;
		lock = arena_printf(arena, "%s/%s", tmp, entry->d_name);
		fd = open(lock, O_RDWR | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		if (path_remove(arena_strndup(arena, lock, strlen(lock) - strlen(".lock")), &ignored) == 0)
			unlink(lock);
		err_free(&ignored);
	}
	if (dir)
		closedir(dir);
}

const char *cache_default(struct arena *arena)
{
	const char *set = getenv("AETHER_CACHE"), *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (set && *set)
		return arena_strdup(arena, set);
	if (base && *base)
		return arena_printf(arena, "%s/aether-build", base);
	if (geteuid() == 0 && !getenv("AETHER_ROOTLESS"))
		return "/var/cache/aether-build";
	return arena_printf(arena, "%s/.cache/aether-build", home && *home ? home : "/tmp");
}

/* Registers as a user of the cache; waits for a running removal. */
static int cache_join(struct cache *cache, struct arena *arena, struct err *err)
{
	const char *use = arena_printf(arena, "%s/locks/.use", cache->folder);

	cache->use_fd = open(use, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (cache->use_fd >= 0)
		cache->guard_fd = open(arena_printf(arena, "%s/locks/.guard", cache->folder),
				       O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (cache->guard_fd < 0)
		return err_sys(err, -errno, "cannot open the lock '%s'", use);
	while (flock(cache->use_fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_sys(err, -errno, "cannot lock '%s'", use);
	return 0;
}

int cache_open(const char *path, struct cache **ret_cache, struct err *err)
{
	static const char *const rooms[] = {"tmp", "locks", "blobs"};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache *cache = calloc(1, sizeof *cache);
	int r = 0;

	if (!cache)
		return err_no_memory(err);
	cache->use_fd = cache->guard_fd = -1;
	pthread_mutex_init(&cache->guard, NULL);
	for (size_t i = 0; r == 0 && i < sizeof rooms / sizeof *rooms; i++)
		r = folder_make(arena_printf(arena, "%s/%s", path, rooms[i]), 0755, err);
	/* Its real path: trees in it are mounted, unpacked into and compared by path, wherever we stand. */
	if (r == 0 && !(cache->folder = realpath(path, NULL)))
		r = err_sys(err, -errno, "cannot find '%s'", path);
	if (r == 0 && access(cache->folder, W_OK) < 0)
		r = err_sys(err, -errno, "cannot write to '%s'", cache->folder);
	if (r == 0)
		r = cache_join(cache, arena, err);
	if (r < 0) {
		if (r != -ENOSPC)
			err_hint(err, "set AETHER_CACHE to a folder you can write to");
		cache_close(cache);
		return r;
	}
	cache_sweep(cache, arena);
	*ret_cache = cache;
	return 0;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	fd_closep(&cache->use_fd);
	fd_closep(&cache->guard_fd);
	pthread_mutex_destroy(&cache->guard);
	free(cache->folder);
	free(cache);
}

int cache_outlive(const struct cache *cache, struct err *err)
{
	return fcntl(cache->use_fd, F_SETFD, 0) < 0 ? err_sys(err, -errno, "cannot keep '%s' open", cache->folder) : 0;
}

const char *cache_folder(const struct cache *cache)
{
	return cache->folder;
}

const char *cache_path(const struct cache *cache, struct arena *arena, const char *room, const char *key)
{
	return arena_printf(arena, "%s/%s/%.2s/%s", cache->folder, room, key, key);
}

/* Opens and locks `path`, made when missing. A lock file that was removed while we waited is not the one we want. */
static int cache_lock_file(const char *path, struct err *err)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		struct stat held, named;

		if (fd < 0)
			return err_sys(err, -errno, "cannot open the lock '%s'", path);
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR) {
				int r = err_sys(err, -errno, "cannot lock '%s'", path);

				close(fd);
				return r;
			}
		if (fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
}

void cache_guard(struct cache *cache, bool on)
{
	while (on && flock(cache->guard_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	if (!on)
		flock(cache->guard_fd, LOCK_UN);
}

bool cache_has(struct cache *cache, const char *room, const char *key)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = cache_path(cache, arena, room, key);
	bool has;

	pthread_mutex_lock(&cache->guard);
	while (flock(cache->guard_fd, LOCK_SH) < 0 && errno == EINTR)
		;
	has = utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0 || (errno != ENOENT && path_exists(path));
	flock(cache->guard_fd, LOCK_UN);
	pthread_mutex_unlock(&cache->guard);
	return has;
}

bool cache_claim(struct cache *cache)
{
	return flock(cache->use_fd, LOCK_EX | LOCK_NB) == 0;
}

static int cache_new_temporary(struct cache *cache, struct arena *arena, const char **ret_path, struct err *err)
{
	uint64_t number;

	/* Random, because builds in containers that share a cache have the same process ids. */
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return err_sys(err, -errno, "cannot get random bytes from the kernel");
	*ret_path = arena_printf(arena, "%s/tmp/%016" PRIx64, cache->folder, number);
	return cache_lock_file(arena_printf(arena, "%s.lock", *ret_path), err);
}

int cache_begin(struct cache *cache, const char *room, const char *key, struct cache_draft *draft, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *final = cache_path(cache, arena, room, key), *path;
	int r;

	*draft = (struct cache_draft){.lock_fd = -1, .tmp_fd = -1};
	if (cache_has(cache, room, key))
		return 1;
	r = folder_make(arena_printf(arena, "%s/%s/%.2s", cache->folder, room, key), 0755, err);
	if (r < 0)
		return r;
	draft->lock_fd = cache_lock_file(arena_printf(arena, "%s/locks/%s-%s", cache->folder, room, key), err);
	if (draft->lock_fd < 0)
		return draft->lock_fd;
	if (cache_has(cache, room, key)) {
		cache_abandon(draft);
		return 1;
	}
	draft->tmp_fd = cache_new_temporary(cache, arena, &path, err);
	if (draft->tmp_fd < 0) {
		r = draft->tmp_fd;
		cache_abandon(draft);
		return r;
	}
	snprintf(draft->path, sizeof draft->path, "%s", path);
	snprintf(draft->final, sizeof draft->final, "%s", final);
	return 0;
}

/* A draft that could not be removed keeps its lock file, so that the next run tries again. */
static void cache_release(struct cache_draft *draft, bool gone)
{
	char lock[sizeof draft->path + 8];

	if (draft->path[0] && gone) {
		snprintf(lock, sizeof lock, "%s.lock", draft->path);
		unlink(lock);
	}
	if (draft->tmp_fd >= 0)
		close(draft->tmp_fd);
	if (draft->lock_fd >= 0)
		close(draft->lock_fd);
	*draft = (struct cache_draft){.lock_fd = -1, .tmp_fd = -1};
}

/* What was drafted reaches the disk before its name does: after a power cut an entry is whole, or not there. */
static int cache_sync_draft(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return (S_ISDIR(st.st_mode) ? syncfs(fd) : fdatasync(fd)) < 0 ? -errno : 0;
}

int cache_commit(struct cache_draft *draft, struct err *err)
{
	int r = cache_sync_draft(draft->path);

	r = r < 0 ? err_sys(err, r, "cannot sync '%s'", draft->path) : path_publish(draft->path, draft->final, err);
	if (r < 0) {
		cache_abandon(draft);
		return r;
	}
	cache_release(draft, true);
	return 0;
}

void cache_abandon(struct cache_draft *draft)
{
	struct err ignored = {0};
	bool gone = !draft->path[0] || path_remove(draft->path, &ignored) == 0;

	err_free(&ignored);
	cache_release(draft, gone);
}

int cache_scratch(struct cache *cache, struct arena *arena, const char **ret_path, int *ret_lock_fd, struct err *err)
{
	const char *path;
	int fd = cache_new_temporary(cache, arena, &path, err);
	int r;

	if (fd < 0)
		return fd;
	r = folder_make(path, 0755, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_path = path;
	*ret_lock_fd = fd;
	return 0;
}
