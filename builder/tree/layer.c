#include "tree/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "host/sandbox.h"
#include "tree/debs.h"
#include "tree/dpkg.h"
#include "tree/found.h"

static const char ROOM[] = "layers";
enum { OWNED_BYTES_MAX = 64 << 20 };

/* What is in a layer's folder: its files, and while it is made, what overlayfs needs. */
const char *layer_files_of(struct arena *arena, const char *layer)
{
	return arena_printf(arena, "%s/files", layer);
}

const char *layer_files(struct arena *arena, const struct cache *cache, const struct plan_layer *layer)
{
	return layer_files_of(arena, cache_path(cache, arena, ROOM, layer->key));
}

const char *layer_found(struct arena *arena, const struct cache *cache, const struct plan_layer *layer)
{
	return arena_printf(arena, "%s/found", cache_path(cache, arena, ROOM, layer->key));
}

const char *layer_differences(struct arena *arena, const struct cache *cache, const struct plan_layer *layer)
{
	return arena_printf(arena, "%s/differences", cache_path(cache, arena, ROOM, layer->key));
}

/* The list of paths in it that are not root's, each followed by a NUL. */
static const char *layer_owned_of(struct arena *arena, const char *layer)
{
	return arena_printf(arena, "%s/owned", layer);
}

/* A path in the options of overlayfs, where comma and colon mean something. */
static const char *layer_option_path(struct arena *arena, const char *path)
{
	char *escaped = arena_alloc(arena, 2 * strlen(path) + 1), *to = escaped;

	for (; *path; path++) {
		if (strchr("\\,:", *path))
			*to++ = '\\';
		*to++ = *path;
	}
	return escaped;
}

/* The files of the first `n` layers, top first, in the words of overlayfs; *ret_count says how many are not empty. */
static const char *layer_lower_folders(struct arena *arena, const struct cache *cache, const struct plan_tree *tree,
				       unsigned n, unsigned *ret_count)
{
	const char *folders = "";

	*ret_count = 0;
	for (unsigned l = 0; l < n; l++) {
		const char *files = layer_option_path(arena, layer_files(arena, cache, &tree->layers[l]));

		if (tree->layers[l].n_packages == 0)
			continue;
		folders = *folders ? arena_printf(arena, "%s:%s", files, folders) : files;
		++*ret_count;
	}
	return folders;
}

/* The folder that becomes the root of a tree, or lies over it: its mode is the image's, whatever the cache's folder
 * hands down. */
static int layer_make_root(const char *path, struct err *err)
{
	int r = folder_make(path, 0755, err);

	if (r < 0)
		return r;
	return chown(path, 0, 0) < 0 || chmod(path, 0755) < 0 ? err_sys(err, -errno, "cannot prepare '%s'", path) : 0;
}

/* Shows one layer as it is, to be read only. */
static int layer_show(const char *files, const char *target)
{
	_cleanup_fd_ int fd = -1;

	if (mount(files, target, NULL, MS_BIND, NULL) < 0)
		return -errno;
	fd = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : mount_restrict(fd, true);
}

/* `above`, folder by folder, over what is in `lower` already. */
static const char *layer_lay_over(struct arena *arena, const struct strv *above, const char *lower, unsigned *count)
{
	for (size_t i = 0; above && i < above->count; i++) {
		const char *folder = layer_option_path(arena, above->items[i]);

		lower = *lower ? arena_printf(arena, "%s:%s", folder, lower) : folder;
		++*count;
	}
	return lower;
}

/* The kernel takes a page of options. */
static int layer_mount_stack(const char *target, bool read_only, const char *options)
{
	if ((long)strlen(options) >= sysconf(_SC_PAGESIZE))
		return -E2BIG;
	return mount("overlay", target, "overlay", read_only ? MS_RDONLY : 0, options) < 0 ? -errno : 0;
}

/* Stacks the first `n` layers at `target`, and the folders `above` (may be NULL) on them; with `upper` (a folder whose
 * sibling `work` is overlayfs's own) to be written. */
static int layer_stack(const struct cache *cache, const struct plan_tree *tree, unsigned n, const struct strv *above,
		       const char *upper, const char *work, const char *target, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned count;
	const char *lower = layer_lower_folders(arena, cache, tree, n, &count), *options;
	unsigned l = 0;
	int r = folder_make(target, 0755, err);

	if (r < 0)
		return r;
	lower = layer_lay_over(arena, above, lower, &count);
	while (l + 1 < n && tree->layers[l].n_packages == 0)
		l++;
	if (!upper && count == 1) {
		r = layer_show(layer_files(arena, cache, &tree->layers[l]), target);
	} else {
		options = arena_printf(arena, "userxattr,lowerdir=%s", lower);
		if (upper)
			options = arena_printf(arena, "%s,upperdir=%s,workdir=%s", options,
					       layer_option_path(arena, upper), layer_option_path(arena, work));
		r = layer_mount_stack(target, !upper, options);
	}
	if (r == -E2BIG) {
		err_set(err, r, "'%s' has more layers and embedded images than overlayfs can stack", tree->recipe->name);
		return err_hint(err, "embed fewer images, or use a cache with a shorter path");
	}
	return r < 0 ? err_sys(err, r, "cannot stack the layers of '%s'", tree->recipe->name) : 0;
}

/* Runs the packages of layer `l` into the draft: into a plain folder for the bottom layer, else over the layers below. */
int layer_fill(struct cache *cache, const struct plan_tree *tree, unsigned l, const char *draft, struct dpkg_progress *progress,
	       struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *files = layer_files_of(arena, draft), *work = arena_printf(arena, "%s/work", draft);
	const char *root = arena_printf(arena, "%s/root", draft), *found = arena_printf(arena, "%s/found", draft);
	int r = layer_make_root(files, err);

	if (r < 0)
		return r;
	if (l == LAYER_BASE) {
		r = dpkg_bootstrap(cache, tree, files, err);
		if (r == 0)
			r = dpkg_install(cache, tree, l, files, progress, err);
		return r < 0 ? r : found_write(files, files, found, err);
	}
	r = folder_make(work, 0755, err);
	if (r < 0)
		return r;
	r = layer_stack(cache, tree, l, NULL, files, work, root, err);
	if (r < 0)
		return r;
	r = dpkg_install(cache, tree, l, root, progress, err);
	if (r == 0)
		r = found_write(files, root, found, err);
	if (r < 0) {
		umount2(root, MNT_DETACH);
		return r;
	}
	r = mount_end(root);
	if (r < 0)
		return err_sys(err, r, "cannot unmount '%s'", root);
	r = path_remove(work, err);
	return r < 0 ? r : path_remove(root, err);
}

/* Writes down what is not root's: to give it to another number, nobody has to look through the tree. */
static int layer_note_owned(const char *draft, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *const paths[] = {(char *)layer_files_of(arena, draft), NULL};
	size_t skip = strlen(paths[0]);
	_cleanup_buf_ struct buf owned = {0};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (!walk)
		return err_sys(err, -errno, "cannot look through '%s'", paths[0]);
	while ((entry = fts_read(walk)))
		if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS && entry->fts_level > 0 &&
		    (entry->fts_statp->st_uid || entry->fts_statp->st_gid))
			buf_add(&owned, entry->fts_path + skip, entry->fts_pathlen - skip + 1);
	fts_close(walk);
	return file_write(layer_owned_of(arena, draft), owned.size ? owned.data : "", owned.size, 0644, err);
}

static int layer_make(struct cache *cache, const struct plan_tree *tree, unsigned l, struct dpkg_progress *progress,
		      struct err *err)
{
	static const char *const names[LAYER_COUNT] = {"base", "parents'", "recipe's"};
	struct cache_draft draft;
	int r = cache_begin(cache, ROOM, tree->layers[l].key, &draft, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = layer_fill(cache, tree, l, draft.path, progress, err);
	if (r == 0)
		r = layer_note_owned(draft.path, err);
	if (r == 0)
		return cache_commit(&draft, err);
	cache_abandon(&draft);
	return err_wrap(err, "while installing the %s packages of '%s'", names[l], tree->recipe->name);
}

bool tree_cached(const struct cache *cache, const struct plan_layer *layer)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return layer->n_packages == 0 || path_exists(layer_files(arena, cache, layer));
}

int layer_owned(struct arena *arena, const struct cache *cache, const struct plan_tree *tree, struct strv *ret_paths,
		struct err *err)
{
	struct strv paths = {0};
	size_t kept = 0;

	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		_cleanup_buf_ struct buf owned = {0};
		int r = tree->layers[l].n_packages
				? file_read(layer_owned_of(arena, cache_path(cache, arena, ROOM, tree->layers[l].key)),
					    OWNED_BYTES_MAX, &owned, err)
				: 0;

		if (r < 0)
			return r;
		for (size_t at = 0; at < owned.size; at += strlen(owned.data + at) + 1)
			strv_push(arena, &paths, owned.data + at);
	}
	strv_sort(&paths);
	for (size_t i = 0; i < paths.count; i++)
		if (kept == 0 || strcmp(paths.items[i], paths.items[kept - 1]) != 0)
			paths.items[kept++] = paths.items[i];
	paths.count = kept;
	*ret_paths = paths;
	return 0;
}

/* From the first layer that is missing on, all are made anew: their keys hang on it. */
static unsigned layer_first_missing(struct cache *cache, const struct plan_tree *tree)
{
	unsigned first = 0;

	while (first < LAYER_COUNT &&
	       (tree->layers[first].n_packages == 0 || cache_has(cache, ROOM, tree->layers[first].key)))
		first++;
	return first;
}

static bool layer_has(const struct debian_package *packages, size_t n, const char *sha256)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(packages[i].sha256, sha256) == 0)
			return true;
	return false;
}

size_t layer_missing(struct arena *arena, struct cache *cache, const struct plan_tree *tree, bool bottom,
		     struct debian_package **packages, size_t *n)
{
	size_t wanted = 0;

	for (unsigned l = layer_first_missing(cache, tree); l < LAYER_COUNT; l++)
		for (size_t i = 0; (l == LAYER_BASE) == bottom && i < tree->layers[l].n_packages; i++, wanted++)
			if (!layer_has(*packages, *n, tree->layers[l].packages[i].sha256))
				*arena_push(arena, *packages, *n) = tree->layers[l].packages[i];
	return wanted;
}

int layer_bottom(struct cache *cache, const struct plan_tree *tree, struct dpkg_progress *progress, struct err *err)
{
	return layer_first_missing(cache, tree) == LAYER_BASE ? layer_make(cache, tree, LAYER_BASE, progress, err) : 0;
}

static int layer_make_missing(struct cache *cache, const struct plan_tree *tree, struct dpkg_progress *progress,
			      struct err *err)
{
	int r = 0;

	for (unsigned l = layer_first_missing(cache, tree); r == 0 && l < LAYER_COUNT; l++)
		if (tree->layers[l].n_packages)
			r = layer_make(cache, tree, l, progress, err);
	return r;
}

/* A folder under the cache's tmp/ for mount points. */
static int layer_begin(struct arena *arena, struct cache *cache, struct tree *tree, struct err *err)
{
	int r;

	*tree = (struct tree){.scratch_fd = -1};
	r = cache_scratch(cache, arena, &tree->scratch, &tree->scratch_fd, err);
	if (r < 0)
		return r;
	tree->path = arena_printf(arena, "%s/root", tree->scratch);
	return 0;
}

/* Opens the packages of `tree`, and the folders `above` (may be NULL) on them, with an empty folder on top when `writable`. */
static int layer_mount_tree(struct arena *arena, struct cache *cache, const struct plan_tree *tree,
			    const struct strv *above, bool writable, struct tree *ret_tree, struct err *err)
{
	struct tree opened;
	const char *upper = NULL, *work = NULL;
	int r = layer_begin(arena, cache, &opened, err);

	if (r < 0)
		return r;
	if (writable) {
		upper = arena_printf(arena, "%s/files", opened.scratch);
		work = arena_printf(arena, "%s/work", opened.scratch);
		r = layer_make_root(upper, err);
		if (r == 0)
			r = folder_make(work, 0755, err);
	}
	if (r == 0)
		r = layer_stack(cache, tree, LAYER_COUNT, above, upper, work, opened.path, err);
	if (r < 0) {
		tree_close(&opened);
		return r;
	}
	opened.mounted = true;
	opened.changes = upper;
	*ret_tree = opened;
	return 0;
}

int layer_packages(struct arena *arena, struct cache *cache, const struct plan_tree *tree, struct dpkg_progress *progress,
		   struct tree *ret_tree, struct err *err)
{
	int r = layer_make_missing(cache, tree, progress, err);

	return r < 0 ? r : layer_mount_tree(arena, cache, tree, NULL, false, ret_tree, err);
}

int layer_writable(struct arena *arena, struct cache *cache, const struct plan_tree *tree, const struct strv *above,
		   struct tree *ret_tree, struct err *err)
{
	return layer_mount_tree(arena, cache, tree, above, true, ret_tree, err);
}

void tree_close(struct tree *tree)
{
	struct err ignored = {0};
	bool idle = !tree->mounted || umount2(tree->path, MNT_DETACH) == 0;

	if (tree->scratch && idle)
		path_remove(tree->scratch, &ignored); /* else the next run sweeps it */
	if (tree->scratch && tree->scratch_fd >= 0)
		close(tree->scratch_fd);
	err_free(&ignored);
	*tree = (struct tree){.scratch_fd = -1};
}
