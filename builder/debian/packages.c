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

/* As apt knows them; the last is the plain one. */
static const char *const packages_suffixes[] = {".xz", ".zst", ".gz", ".bz2", ".lzma", ".lz4", ""};

/* Returns 1 with what is wanted, 0 when the Release has no such index. */
static int debian_packages_want(struct arena *arena, const struct packages *common, const char *component,
				const char *arch, struct packages *ret_wanted, struct err *err)
{
	const char *path = *component ? arena_printf(arena, "%s/binary-%s/Packages", component, arch) : "Packages";
	struct packages wanted = *common;

	for (size_t i = 0; i < sizeof packages_suffixes / sizeof *packages_suffixes; i++) {
		const struct release_file *file =
			release_file(wanted.release, arena_printf(arena, "%s%s", path, packages_suffixes[i]));

		if (!file)
			continue;
		if (file->size > INDEX_BYTES_MAX)
			return err_set(err, -EFBIG, "%s: '%s' is too large for an index", suite_label(arena, wanted.suite),
				       file->path);
		*arena_push(arena, wanted.packed, wanted.n_packed) = file;
		if (!*packages_suffixes[i] && file->sha256)
			wanted.plain = file;
	}
	if (wanted.n_packed == 0)
		return 0;
	wanted.index = arena_new_of(arena, struct suite_index);
	*wanted.index = (struct suite_index){.component = component, .arch = arch};
	*ret_wanted = wanted;
	return 1;
}

static int debian_packages_lacks(struct arena *arena, const struct suite *suite, const struct release *release,
				 const char *component, struct err *err)
{
	struct strv known = {0};
	const char *near, *words = *release->components ? release->components : "none";

	if (!*component) {
		err_at(err, -ENOENT, &suite->repository->pos, NULL, "%s does not list 'Packages'", suite_label(arena, suite));
		return err_hint(err, "a suite that ends in '/' is a folder with Packages and Release in it: check 'suites'");
	}
	err_at(err, -ENOENT, &suite->repository->pos, NULL, "%s has no packages for amd64 in the component '%s'",
	       suite_label(arena, suite), component);
	err_wrap(err, "its components: %s; its architectures: %s", words,
		 *release->architectures ? release->architectures : "not named");
	for (const char *at = release->components; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		strv_push(arena, &known, arena_strndup(arena, at, length));
		at += length;
	}
	near = text_nearest(component, known.items, known.count);
	if (near && strcmp(near, component) != 0)
		return err_hint(err, "did you mean the component '%s'?", near);
	return err_hint(err, "check 'components' (apt would only say that it skips this one)");
}

static int debian_packages_want_component(struct arena *arena, const struct packages *common, const char *component,
					  struct packages **all, size_t *n_all, struct err *err)
{
	size_t before = *n_all;

	for (int apart = 0; apart <= (*component && common->release->all_apart ? 1 : 0); apart++) {
		struct packages wanted;
		int r = debian_packages_want(arena, common, component, apart ? "all" : "amd64", &wanted, err);

		if (r < 0)
			return r;
		if (r > 0)
			*arena_push(arena, *all, *n_all) = wanted;
	}
	return *n_all > before ? 0 : debian_packages_lacks(arena, common->suite, common->release, component, err);
}

int packages_want(struct arena *arena, struct suite *suite, const struct release *release, const struct packages_place *place,
		  struct packages **all, size_t *n_all, struct err *err)
{
	const struct packages common = {.suite = suite, .release = release, .place = place};
	const struct strv *components = &suite->repository->components;
	int r = 0;

	if (suite_is_flat(suite->locked.suite))
		return debian_packages_want_component(arena, &common, "", all, n_all, err);
	for (size_t i = 0; r == 0 && i < components->count; i++)
		r = debian_packages_want_component(arena, &common, components->items[i], all, n_all, err);
	return r;
}

/* --- fetching ----------------------------------------------------------------------------------------------------- */

static const struct release_file *debian_packages_chosen(const struct packages *wanted)
{
	return wanted->packed[wanted->chosen];
}

/* By digest first, because the file of the plain name may already be tomorrow's. */
static void debian_packages_push_urls(struct arena *arena, const struct packages *wanted, struct strv *urls)
{
	const struct release_file *file = debian_packages_chosen(wanted);
	const char *slash = strrchr(file->path, '/');
	int folder = slash ? (int)(slash - file->path) + 1 : 0;

	if (wanted->release->by_hash)
		suite_push_urls(arena, wanted->suite,
				suite_path(arena, wanted->suite,
					   arena_printf(arena, "%.*sby-hash/%s/%s", folder, file->path,
							file->sha256 ? "SHA256" : "SHA512",
							file->sha256 ? file->sha256 : file->sha512)),
				urls);
	suite_push_urls(arena, wanted->suite, suite_path(arena, wanted->suite, file->path), urls);
}

static const char *debian_packages_name(struct arena *arena, const struct packages *wanted)
{
	return arena_printf(arena, "%s of %s", debian_packages_chosen(wanted)->path, wanted->suite->locked.suite);
}

/* The cache knows SHA-256 alone: what is named by another digest is fetched whole, and kept in a folder of ours. */
static int debian_packages_fetch_apart(struct arena *arena, struct packages *wanted, struct err *err)
{
	const struct release_file *file = debian_packages_chosen(wanted);
	_cleanup_buf_ struct buf bytes = {0};
	struct fetch_text text = {.max_bytes = file->size, .buf = &bytes, .secret = wanted->suite->secret};
	char hex[SHA512_HEX];
	int r;

	debian_packages_push_urls(arena, wanted, &text.urls);
	r = fetch_texts(&text, 1, err);
	if (r < 0)
		return r;
	sha512_hex_of(bytes.data, bytes.size, hex);
	if (strcmp(hex, file->sha512) != 0)
		return err_set(err, -EBADMSG, "'%s' has the SHA-512 %s, expected %s", debian_packages_name(arena, wanted),
			       hex, file->sha512);
	return file_write(wanted->packed_path, bytes.size ? bytes.data : "", bytes.size, 0644, err);
}

/* Fetches the form that is being tried of each index that needs one. */
static int debian_packages_fetch(struct arena *arena, struct packages **needed, size_t n, struct err *err)
{
	struct fetch_item *items = arena_array(arena, struct fetch_item, n + 1);
	size_t n_items = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct release_file *file = debian_packages_chosen(needed[i]);

		if (!file->sha256) {
			needed[i]->packed_path = arena_printf(arena, "%s-packed", needed[i]->index->path);
			r = debian_packages_fetch_apart(arena, needed[i], err);
			continue;
		}
		needed[i]->packed_path = cache_path(needed[i]->place->cache, arena, "blobs", file->sha256);
		items[n_items] = (struct fetch_item){.name = debian_packages_name(arena, needed[i]),
						     .sha256 = file->sha256,
						     .size = file->size,
						     .secret = needed[i]->suite->secret};
		debian_packages_push_urls(arena, needed[i], &items[n_items++].urls);
	}
	return r == 0 && n ? fetch_items(needed[0]->place->cache, items, n_items, true, NULL, err) : r;
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

static int debian_packages_unpack(const struct packages *wanted, struct err *err)
{
	struct cache_draft draft;
	int r;

	if (!wanted->plain)
		return debian_packages_unpack_into(wanted->packed_path, INDEX_BYTES_MAX, wanted->index->path, err);
	if (debian_packages_chosen(wanted) == wanted->plain)
		return 0;
	r = cache_begin(wanted->place->cache, "blobs", wanted->plain->sha256, &draft, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = debian_packages_unpack_into(wanted->packed_path, wanted->plain->size, draft.path, err);
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
	if (wanted->plain)
		buf_reserve(&index->text, wanted->plain->size + (1 << 17)); /* at once, instead of growing there by copies */
	r = file_read(index->path, INDEX_BYTES_MAX, &index->text, err);
	if (r < 0 || !wanted->plain)
		return r;
	sha256_hex_of(index->text.data, index->text.size, hex);
	return strcmp(hex, wanted->plain->sha256) != 0;
}

/* Takes what the cache has of the plain index, if it is whole. */
static int debian_packages_look(void *data, size_t i, struct err *err)
{
	struct packages *wanted = &((struct packages *)data)[i];
	int r;

	if (!wanted->plain || !path_exists(wanted->index->path))
		return 0;
	r = debian_packages_load(wanted, err);
	if (r < 0)
		return r;
	wanted->loaded = r == 0;
	if (wanted->loaded)
		return 0;
	log_note("'%s' is damaged in the cache and is fetched again", wanted->plain->path);
	return path_remove(wanted->index->path, err);
}

static int debian_packages_open_index(void *data, size_t i, struct err *err)
{
	struct packages *wanted = ((struct packages **)data)[i];
	int r = debian_packages_unpack(wanted, err);

	if (r == 0)
		r = debian_packages_load(wanted, err);
	if (r == 1)
		return err_set(err, -EBADMSG, "'%s' does not have the digest that the Release of '%s' lists",
			       debian_packages_chosen(wanted)->path, wanted->suite->locked.suite);
	return r;
}

/* What could not be had in one form may be there in another. Returns whether there is anything left to try. */
static bool debian_packages_try_next(struct packages **needed, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (needed[i]->packed_path && path_exists(needed[i]->packed_path))
			continue;
		if (needed[i]->chosen + 1 == needed[i]->n_packed)
			return false;
		needed[i]->chosen++;
		any = true;
	}
	return any;
}

int packages_open(struct arena *arena, struct packages *all, size_t n, struct err *err)
{
	struct packages **needed = arena_array(arena, struct packages *, n + 1);
	size_t n_needed = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		all[i].index->path = all[i].plain ? cache_path(all[i].place->cache, arena, "blobs", all[i].plain->sha256)
						  : arena_printf(arena, "%s/index-%zu", all[i].place->scratch, i);
	r = pool_run(n, debian_packages_look, all, err);
	for (size_t i = 0; i < n; i++)
		if (!all[i].loaded)
			needed[n_needed++] = &all[i];
	if (r == 0)
		r = debian_packages_fetch(arena, needed, n_needed, err);
	while ((r == -EBADMSG || r == -ENOENT || r == -EACCES) && debian_packages_try_next(needed, n_needed)) {
		err_free(err);
		r = debian_packages_fetch(arena, needed, n_needed, err);
	}
	if (r < 0)
		return r == -EBADMSG || r == -ENOENT
			       ? err_hint(err, "the mirror is being updated, or is broken: try again later, "
					       "or use another mirror")
			       : r;
	return pool_run(n_needed, debian_packages_open_index, needed, err);
}
