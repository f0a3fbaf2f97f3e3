#include "tree/repeat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "tree/dates.h"
#include "tree/debs.h"
#include "tree/inside.h"
#include "tree/layer.h"
#include "tree/owners.h"
#include "tree/steps.h"

enum { TOLD_MAX = 40, DIFFERENCES_BYTES_MAX = 64 << 20 };

/* --- two trees ------------------------------------------------------------------------------------------------------- */

struct comparison {
	int one, other;
	repeat_tell *tell;
	void *data;
};

static int repeat_note_name(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct { struct arena *arena; struct strv names; } *list = data;

	(void)folder_fd, (void)path, (void)type, (void)err;
	if (!strv_has(&list->names, name))
		strv_push(list->arena, &list->names, name);
	return 0;
}

/* Whether two files have the same bytes. */
static bool repeat_same_content(int one, int other)
{
	char a[65536], b[65536];
	ssize_t n;

	while ((n = read(one, a, sizeof a)) > 0) {
		ssize_t got = 0, m = 1;

		while (got < n && (m = read(other, b + got, (size_t)(n - got))) > 0)
			got += m;
		if (got < n || memcmp(a, b, (size_t)n) != 0)
			return false;
	}
	return n == 0 && read(other, b, 1) == 0;
}

static bool repeat_same_file(const struct comparison *c, const char *path)
{
	_cleanup_fd_ int one = root_open(c->one, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	_cleanup_fd_ int other = root_open(c->other, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	return one >= 0 && other >= 0 && repeat_same_content(one, other);
}

static bool repeat_same_link(int one_fd, int other_fd, const char *name)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(one_fd, name, a, sizeof a), m = readlinkat(other_fd, name, b, sizeof b);

	return n >= 0 && n == m && memcmp(a, b, (size_t)n) == 0;
}

static int repeat_compare_folder(const struct comparison *c, const char *path, struct err *err);

/* What differs of one entry; NULL: nothing. */
static const char *repeat_difference(const struct comparison *c, int one_fd, int other_fd, const char *path, const char *name,
				     struct stat *st)
{
	struct stat other;
	bool is_one = fstatat(one_fd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
	bool is_other = fstatat(other_fd, name, &other, AT_SYMLINK_NOFOLLOW) == 0;

	if (!is_one || !is_other)
		return "whether it is there";
	if ((st->st_mode & S_IFMT) != (other.st_mode & S_IFMT))
		return "its type";
	if (S_ISLNK(st->st_mode))
		return repeat_same_link(one_fd, other_fd, name) ? NULL : "where it leads";
	if (st->st_mode != other.st_mode)
		return "its mode";
	if (st->st_uid != other.st_uid || st->st_gid != other.st_gid)
		return "its owner";
	if ((S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) && st->st_rdev != other.st_rdev)
		return "its device number";
	if (S_ISREG(st->st_mode) && (st->st_size != other.st_size || !repeat_same_file(c, path)))
		return "its content";
	return NULL;
}

static int repeat_compare_entries(const struct comparison *c, const char *path, const struct strv *names, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int one_fd = root_open(c->one, *path ? path : "/", O_RDONLY | O_DIRECTORY, 0);
	_cleanup_fd_ int other_fd = root_open(c->other, *path ? path : "/", O_RDONLY | O_DIRECTORY, 0);
	int r = 0;

	if (one_fd < 0 || other_fd < 0)
		return err_sys(err, one_fd < 0 ? one_fd : other_fd, "cannot open '%s' in the tree", path);
	for (size_t i = 0; r == 0 && i < names->count; i++) {
		const char *entry = arena_printf(arena, "%s/%s", path, names->items[i]), *what;
		struct stat st;

		what = repeat_difference(c, one_fd, other_fd, entry, names->items[i], &st);
		if (what)
			r = c->tell(c->data, entry, what, err);
		else if (S_ISDIR(st.st_mode))
			r = repeat_compare_folder(c, entry, err);
	}
	return r;
}

static int repeat_compare_folder(const struct comparison *c, const char *path, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct { struct arena *arena; struct strv names; } list = {.arena = arena};
	int r = inside_each(c->one, path, repeat_note_name, &list, err);

	if (r == 0)
		r = inside_each(c->other, path, repeat_note_name, &list, err);
	if (r < 0)
		return r;
	if (list.names.count)
		strv_sort(&list.names);
	return repeat_compare_entries(c, path, &list.names, err);
}

int repeat_compare(int one_fd, int other_fd, repeat_tell *tell, void *data, struct err *err)
{
	return repeat_compare_folder(&(struct comparison){one_fd, other_fd, tell, data}, "", err);
}

/* --- two layers ------------------------------------------------------------------------------------------------------ */

/* What differs of a layer, as it is kept beside it: path, how it differs and package ("": nobody knows), each with its NUL.
 * A layer does not change, so it is made a second time once; which of it counts is the plan's to say. */
struct repeat_layer {
	int one, other;
	struct owners owners;
	struct buf differences;
};

/* What differs is the date that is set later, and nothing else. */
static bool repeat_is_date_only(const struct repeat_layer *layer, const char *path)
{
	_cleanup_buf_ struct buf one = {0}, other = {0}, a = {0}, b = {0};
	struct err ignored = {0};
	bool same = dates_has(path) && inside_read(layer->one, path, DATED_BYTES_MAX, &one, &ignored) == 0 &&
		    inside_read(layer->other, path, DATED_BYTES_MAX, &other, &ignored) == 0 && one.size && other.size &&
		    dates_set(path, &one, 0, &a) && dates_set(path, &other, 0, &b);

	err_free(&ignored);
	return same && a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static int repeat_note_difference(void *data, const char *path, const char *what, struct err *err)
{
	struct repeat_layer *layer = data;
	const char *package;

	(void)err;
	if (repeat_is_date_only(layer, path))
		return 0;
	package = owners_guess(&layer->owners, path);
	buf_add(&layer->differences, path, strlen(path) + 1);
	buf_add(&layer->differences, what, strlen(what) + 1);
	buf_add(&layer->differences, package ? package : "", package ? strlen(package) + 1 : 1);
	return 0;
}

/* A second `files` of layer `l`, in a folder that goes away with its lock. */
static int repeat_make(struct arena *arena, struct cache *cache, const struct plan_tree *tree, unsigned l,
		       const char **ret_path, int *ret_lock, struct err *err)
{
	struct dpkg_progress progress = {.total = 2 * tree->layers[l].n_packages, .otherwise = true};
	int r = cache_scratch(cache, arena, ret_path, ret_lock, err);

	if (r < 0)
		return r;
	log_step("installing %zu packages once more", tree->layers[l].n_packages);
	return layer_fill(cache, tree, l, *ret_path, &progress, err);
}

/* Compares the files of a layer with those of its second making, and keeps what differs beside it. */
static int repeat_note_layer(struct cache *cache, const struct plan_layer *made, const char *draft, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int one = inside_open(layer_files(arena, cache, made), err);
	_cleanup_fd_ int other = one < 0 ? -1 : inside_open(layer_files_of(arena, draft), err);
	struct repeat_layer layer = {.one = one, .other = other};
	int r = one < 0 ? one : other < 0 ? other : owners_read(arena, one, &layer.owners, err);

	if (r == 0)
		r = repeat_compare(one, other, repeat_note_difference, &layer, err);
	if (r == 0)
		r = file_publish(layer_differences(arena, cache, made), layer.differences.size ? layer.differences.data : "",
				 layer.differences.size, 0644, err);
	buf_free(&layer.differences);
	return r;
}

static int repeat_layer_twice(struct cache *cache, const struct plan_tree *tree, unsigned l, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct err ignored = {0};
	const char *draft = NULL;
	int lock = -1, r = repeat_make(arena, cache, tree, l, &draft, &lock, err);

	if (r == 0)
		r = repeat_note_layer(cache, &tree->layers[l], draft, err);
	if (draft)
		path_remove(draft, &ignored); /* else the next run sweeps it */
	err_free(&ignored);
	if (lock >= 0)
		close(lock);
	return r;
}

/* --- what counts ----------------------------------------------------------------------------------------------------- */

static void repeat_tell_error(const struct plan *plan, const char *path, const char *what, const char *package, struct err *err)
{
	const struct pos pos = {.file = plan->recipe->path};

	err_at(err, -EINVAL, &pos, NULL, "'%s' is not the same when its package is installed once more (%s differs); "
	       "behind it is %s%s%s", path, what, *package ? "the package '" : "an unknown package", package,
	       *package ? "'" : "");
	err_hint(err, "a secret or a name of one machine belongs into 'perMachine'");
}

static int repeat_tell_layer(struct cache *cache, const struct plan *plan, const struct plan_layer *layer, size_t *told,
			     struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf list = {0};
	int r = file_read(layer_differences(arena, cache, layer), DIFFERENCES_BYTES_MAX, &list, err);

	for (size_t at = 0; r == 0 && at < list.size;) {
		const char *path = list.data + at, *what = path + strlen(path) + 1, *package = what + strlen(what) + 1;

		at += (size_t)(package - path) + strlen(package) + 1;
		if (!clean_forgets(plan, path) && ++*told <= TOLD_MAX)
			repeat_tell_error(plan, path, what, package, err);
	}
	return r;
}

/* Whether the layer still has to be made a second time. */
static bool repeat_is_wanted(const struct cache *cache, const struct plan_layer *layer)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return layer->n_packages && !path_exists(layer_differences(arena, cache, layer));
}

/* The packages of the layers that were not made twice yet. */
static int repeat_prepare(struct cache *cache, const struct plan *plan, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct debian_package *packages = NULL;
	size_t n = 0;
	int r;

	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		const struct plan_layer *layer = &plan->image.layers[l];
		size_t wanted = repeat_is_wanted(cache, layer) ? layer->n_packages : 0;

		for (size_t i = 0; i < wanted; i++)
			*arena_push(arena, packages, n) = layer->packages[i];
	}
	r = debs_fetch(cache, plan->lock, packages, n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = deb_unpack(cache, &packages[i], err);
	return r;
}

int tree_repeat(struct cache *cache, const struct plan *plan, struct err *err)
{
	size_t told = 0;
	int r = repeat_prepare(cache, plan, err);

	for (unsigned l = 0; r == 0 && l < LAYER_COUNT; l++) {
		const struct plan_layer *layer = &plan->image.layers[l];

		if (repeat_is_wanted(cache, layer))
			r = repeat_layer_twice(cache, &plan->image, l, err);
		if (layer->n_packages && r == 0)
			r = repeat_tell_layer(cache, plan, layer, &told, err);
	}
	if (r == 0 && told > TOLD_MAX)
		r = err_set(err, -EINVAL, "… and %zu more files differ", told - TOLD_MAX);
	return r < 0 ? r : err_result(err);
}
