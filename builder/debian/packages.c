#include "debian/packages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cache/fetch.h"
#include "edge/digest.h"
#include "edge/stream.h"
#include "host/pool.h"

enum { INDEX_BYTES_MAX = 1 << 30 };

/* Returns 1 with what is wanted, 0 when the archive has no such index and needs none. */
static int debian_packages_want(struct arena *arena, const struct packages *common, const char *component,
				const char *arch, struct packages *ret_wanted, struct err *err)
{
	static const char *const suffixes[] = {".xz", ".gz", ""};
	const char *path = arena_printf(arena, "%s/binary-%s/Packages", component, arch);
	struct packages wanted = *common;

	wanted.plain = release_file(wanted.release, path);
	for (size_t i = 0; !wanted.packed && i < sizeof suffixes / sizeof *suffixes; i++)
		wanted.packed = release_file(wanted.release, arena_printf(arena, "%s%s", path, suffixes[i]));
	if (!wanted.plain &&
	    strcmp(arch, "all") == 0) /* some archives name the architecture and still do not keep it apart */
		return 0;
	if (!wanted.plain || !wanted.packed) {
		err_at(err, -ENOENT, &wanted.suite->repository->pos, NULL, "%s does not list '%s'",
		       suite_label(arena, wanted.suite), path);
		return err_hint(err, "check that the archive has the component '%s' for amd64", component);
	}
	if (wanted.plain->size > INDEX_BYTES_MAX || wanted.packed->size > INDEX_BYTES_MAX)
		return err_set(err, -EFBIG, "%s: '%s' is too large for an index", suite_label(arena, wanted.suite),
			       path);
	wanted.index = arena_new_of(arena, struct suite_index);
	*wanted.index = (struct suite_index){.component = component, .arch = arch};
	*ret_wanted = wanted;
	return 1;
}

int packages_want(struct arena *arena, struct suite *suite, const struct release *release, struct cache *cache,
		  struct packages **all, size_t *n_all, struct err *err)
{
	const struct packages common = {.suite = suite, .release = release, .cache = cache};
	const struct strv *components = &suite->repository->components;

	for (size_t i = 0; i < components->count; i++)
		for (int apart = 0; apart <= (release->all_apart ? 1 : 0); apart++) {
			struct packages wanted;
			int r = debian_packages_want(arena, &common, components->items[i], apart ? "all" : "amd64",
						     &wanted, err);

			if (r < 0)
				return r;
			if (r > 0)
				*arena_push(arena, *all, *n_all) = wanted;
		}
	return 0;
}

static struct fetch_item debian_packages_item_of(struct arena *arena, const struct packages *wanted)
{
	const struct release_file *file = wanted->packed;
	struct fetch_item item = {.sha256 = file->sha256, .size = file->size};
	const char *folder = arena_printf(arena, "dists/%s", wanted->suite->locked.suite);
	const char *slash = strrchr(file->path, '/');

	item.name = arena_printf(arena, "%s of %s", file->path, wanted->suite->locked.suite);
	/* By digest, because the file of the plain name may already be tomorrow's. */
	if (wanted->release->by_hash)
		suite_push_urls(arena, wanted->suite,
				arena_printf(arena, "%s/%.*s/by-hash/SHA256/%s", folder, (int)(slash - file->path),
					     file->path, file->sha256),
				&item.urls);
	suite_push_urls(arena, wanted->suite, arena_printf(arena, "%s/%s", folder, file->path), &item.urls);
	return item;
}

/* Unpacks into a draft of the plain file's blob. */
static int debian_packages_unpack_into(const char *packed, uint64_t max_bytes, const char *draft, struct err *err)
{
	_cleanup_stream_ struct stream *stream = NULL;
	_cleanup_fd_ int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	static __thread char block[1 << 16];
	ptrdiff_t n;
	int r = 0;

	if (fd < 0)
		return err_sys(err, -errno, "cannot make '%s'", draft);
	r = stream_open(packed, max_bytes, &stream, err);
	if (r < 0)
		return r;
	while (r == 0 && (n = stream_read(stream, block, sizeof block, err)) != 0)
		r = n < 0 ? (int)n : fd_write_all(fd, block, (size_t)n);
	return r < 0 && err->count == 0 ? err_sys(err, r, "cannot write '%s'", draft) : r;
}

static int debian_packages_unpack(const struct packages *wanted, struct arena *arena, struct err *err)
{
	const char *packed = cache_path(wanted->cache, arena, "blobs", wanted->packed->sha256);
	struct cache_draft draft;
	int r;

	if (wanted->packed == wanted->plain)
		return 0;
	r = cache_begin(wanted->cache, "blobs", wanted->plain->sha256, &draft, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = debian_packages_unpack_into(packed, wanted->plain->size, draft.path, err);
	if (r == 0)
		return cache_commit(&draft, err);
	cache_abandon(&draft);
	return r;
}

/* Reads the plain index: the bytes that are checked are the bytes that are used. 1 when the cache had another file. */
static int debian_packages_load(const struct packages *wanted, struct err *err)
{
	struct suite_index *index = wanted->index;
	char hex[SHA256_HEX];
	int r;

	index->text.size = 0;
	buf_reserve(&index->text, wanted->plain->size + (1 << 17)); /* at once, instead of growing there by copies */
	r = file_read(index->path, INDEX_BYTES_MAX, &index->text, err);
	if (r < 0)
		return r;
	sha256_hex_of(index->text.data, index->text.size, hex);
	return strcmp(hex, wanted->plain->sha256) != 0;
}

static int debian_packages_open_index(void *data, size_t i, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct packages *wanted = &((struct packages *)data)[i];
	int r = debian_packages_unpack(wanted, arena, err);

	if (r == 0)
		r = debian_packages_load(wanted, err);
	if (r == 1) {
		log_note("'%s' is damaged in the cache and is unpacked again", wanted->plain->path);
		r = path_remove(wanted->index->path, err);
		if (r == 0)
			r = debian_packages_unpack(wanted, arena, err);
		if (r == 0)
			r = debian_packages_load(wanted, err);
	}
	if (r == 1)
		return err_set(err, -EBADMSG, "'%s' does not have the digest that the Release of '%s' lists",
			       wanted->packed->path, wanted->suite->locked.suite);
	return r;
}

/* Fetches what is not there, unpacks and reads. */
int packages_open(struct arena *arena, struct packages *all, size_t n, struct cache *cache, struct err *err)
{
	struct fetch_item *items = NULL;
	size_t n_items = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		all[i].index->path = cache_path(cache, arena, "blobs", all[i].plain->sha256);
		if (!path_exists(all[i].index->path) || all[i].packed == all[i].plain)
			*arena_push(arena, items, n_items) = debian_packages_item_of(arena, &all[i]);
	}
	r = fetch_items(cache, items, n_items, true, NULL, err);
	if (r < 0)
		return r == -EBADMSG || r == -ENOENT
			       ? err_hint(err, "the mirror is being updated, or is broken: try again later, "
					       "or use another mirror")
			       : r;
	return pool_run(n, debian_packages_open_index, all, err);
}
