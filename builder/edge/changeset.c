#include "edge/changeset.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "edge/extract.h"
#include "edge/intake.h"

/* No layer brings a name that begins like this, so what we keep for a while cannot be in its way. */
static const char WHITEOUT[] = ".wh.", OPAQUE[] = ".wh..wh..opq", RESERVED[] = ".wh..wh.", KEPT[] = ".wh..wh.kept";

/* What a layer says of a path, in the order in which it counts. */
enum changeset_kind { CHANGESET_HIDES, CHANGESET_BRINGS_FOLDER, CHANGESET_BRINGS_OTHER, CHANGESET_EMPTIES };

struct changeset_item {
	const char *path;
	enum changeset_kind kind;
	size_t order;           /* in the archive */
	const char *target;     /* of a hard link, or NULL */
};

/* A file of the layers below that a hard link of this one is the same as, whatever becomes of its own name. */
struct changeset_kept {
	const char *target, *path;
};

struct changeset {
	struct extract extract;
	struct arena *arena;
	struct changeset_item *items;
	size_t n_items;
	struct changeset_kept *kept;
	size_t n_kept;
};

/* Some write what they pack with a slash in front. */
static int changeset_name(const struct extract *extract, const char *raw, char out[PATH_MAX])
{
	(void)extract;
	return intake_clean_name(raw + (*raw == '/'), out);
}

static const struct extract_policy changeset_policy = {
	.name = changeset_name,
	.bad_name = "its path must not contain '..'",
	.bad_link = "it is a hard link to nothing",
	.types = EXTRACT_FILE | EXTRACT_FOLDER | EXTRACT_SYMLINK | EXTRACT_HARDLINK | EXTRACT_PIPE,
	.over = EXTRACT_OVER_FULL | EXTRACT_OVER_BY_FOLDER,
	.modes = 07777,
	.owners = true,
	.attributes = true,
	.root = true,
	.folders_change = true,
};

/* --- what a layer says --------------------------------------------------------------------------------------------- */

/* The first part of `path` that is a whiteout, or NULL. */
static const char *changeset_mark(const char *path)
{
	while (!text_has_prefix(path, WHITEOUT)) {
		path = strchr(path, '/');
		if (!path++)
			return NULL;
	}
	return path;
}

static bool changeset_brings(void *data, const char *path)
{
	(void)data;
	return !changeset_mark(path);
}

static void changeset_add(struct changeset *set, const char *path, enum changeset_kind kind, const char *target)
{
	struct changeset_item *item = arena_push(set->arena, set->items, set->n_items);

	*item = (struct changeset_item){arena_strdup(set->arena, path), kind, set->n_items,
					target ? arena_strdup(set->arena, target) : NULL};
}

/* The whiteout `path`, whose part `mark` says what it hides. What AUFS marked for itself is nothing. */
static int changeset_add_whiteout(struct changeset *set, const char *path, const char *mark, struct err *err)
{
	size_t folder = (size_t)(mark - path);
	const char *hidden = mark + strlen(WHITEOUT);
	char victim[PATH_MAX];

	if (strcmp(mark, OPAQUE) == 0) {
		snprintf(victim, sizeof victim, "%.*s", (int)(folder ? folder - 1 : 0), path);
		changeset_add(set, victim, CHANGESET_EMPTIES, NULL);
		return 0;
	}
	if (text_has_prefix(mark, RESERVED))
		return 0;
	if (strchr(mark, '/'))
		return extract_refuse(&set->extract, path, "it is below a whiteout, which is no folder", err);
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return extract_refuse(&set->extract, path, "it is not a valid name of a whiteout", err);
	snprintf(victim, sizeof victim, "%.*s%s", (int)folder, path, hidden);
	changeset_add(set, victim, CHANGESET_HIDES, NULL);
	return 0;
}

static int changeset_add_member(struct changeset *set, struct archive_entry *entry, const char *raw, struct err *err)
{
	const char *hardlink = intake_hardlink(entry), *mark;
	char path[PATH_MAX], target[PATH_MAX];
	int r = changeset_name(&set->extract, raw, path);

	if (r < 0)
		return extract_refuse(&set->extract, raw, r == -EINVAL ? changeset_policy.bad_name : strerror(-r), err);
	mark = changeset_mark(path);
	if (mark)
		return changeset_add_whiteout(set, path, mark, err);
	if (hardlink && changeset_name(&set->extract, hardlink, target) < 0)
		return extract_refuse(&set->extract, path, changeset_policy.bad_link, err);
	changeset_add(set, path,
		      !hardlink && archive_entry_filetype(entry) == AE_IFDIR ? CHANGESET_BRINGS_FOLDER
									     : CHANGESET_BRINGS_OTHER,
		      hardlink ? target : NULL);
	return 0;
}

/* Parents first, and what is below them right behind. */
static int changeset_compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (*a == *b)
		return 0;
	return !*a ? -1 : !*b ? 1 : *a == '/' ? -1 : *b == '/' ? 1 : (unsigned char)*a - (unsigned char)*b;
}

static int changeset_by_path(const void *a, const void *b)
{
	const struct changeset_item *x = a, *y = b;
	int r = changeset_compare_paths(x->path, y->path);

	if (r == 0)
		r = (x->kind == CHANGESET_EMPTIES) - (y->kind == CHANGESET_EMPTIES);
	if (r == 0)
		r = (y->kind == CHANGESET_HIDES) - (x->kind == CHANGESET_HIDES);
	return r ? r : x->order < y->order ? -1 : x->order > y->order;
}

static int changeset_read(struct changeset *set, const char *archive, uint64_t max_bytes, struct err *err)
{
	_cleanup_intake_ struct intake intake;
	struct archive_entry *entry;
	const char *raw;
	int r = intake_open(archive, max_bytes, &intake, err);

	while (r == 0 && (r = intake_next(&intake, &entry, &raw, err)) > 0) {
		r = intake_announce(&intake, entry, err);
		if (r == 0)
			r = changeset_add_member(set, entry, raw, err);
	}
	if (r == 0 && set->n_items)
		qsort(set->items, set->n_items, sizeof *set->items, changeset_by_path);
	return r;
}

/* --- hard links to what goes ----------------------------------------------------------------------------------------- */

/* Whether an earlier member of the archive is what the hard link leads to. */
static bool changeset_has_target(const struct changeset *set, const struct changeset_item *link)
{
	size_t from = 0, to = set->n_items;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (changeset_compare_paths(set->items[middle].path, link->target) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < set->n_items && strcmp(set->items[from].path, link->target) == 0; from++)
		if (set->items[from].kind == CHANGESET_BRINGS_OTHER && set->items[from].order < link->order)
			return true;
	return false;
}

static int changeset_by_target(const void *a, const void *b)
{
	return strcmp(((const struct changeset_kept *)a)->target, ((const struct changeset_kept *)b)->target);
}

/* Gives one more name to the file at `target`. What has none is told of when the link is to be made. */
static void changeset_keep(struct changeset *set, const char *target)
{
	const char *name = path_last(target), *path = arena_printf(set->arena, "%s/%zu", KEPT, set->n_kept);
	const char *folder = arena_strndup(set->arena, target, (size_t)(name - target));
	_cleanup_fd_ int parent = fence_find(&set->extract.fence, folder);

	if (parent < 0 || (mkdirat(set->extract.fence.root_fd, KEPT, 0700) < 0 && errno != EEXIST) ||
	    linkat(parent, name, set->extract.fence.root_fd, path, 0) < 0)
		return;
	*arena_push(set->arena, set->kept, set->n_kept) = (struct changeset_kept){target, path};
}

static int changeset_keep_targets(struct changeset *set, struct err *err)
{
	int r = fd_remove(set->extract.fence.root_fd, KEPT);

	if (r < 0)
		return extract_fail(&set->extract, KEPT, r, err);
	for (size_t i = 0; i < set->n_items; i++)
		if (set->items[i].target && !changeset_has_target(set, &set->items[i]))
			changeset_keep(set, set->items[i].target);
	if (set->n_kept)
		qsort(set->kept, set->n_kept, sizeof *set->kept, changeset_by_target);
	return 0;
}

/* A target that is there is the one. */
static const char *changeset_moved(void *data, const char *path)
{
	const struct changeset *set = data;
	const struct changeset_kept wanted = {.target = path};
	const struct changeset_kept *found =
		set->n_kept ? bsearch(&wanted, set->kept, set->n_kept, sizeof wanted, changeset_by_target) : NULL;
	const char *name = path_last(path);
	_cleanup_fd_ int folder = -1;
	struct stat st;

	if (!found)
		return NULL;
	folder = fence_find(&set->extract.fence, arena_strndup(set->arena, path, (size_t)(name - path)));
	if (folder >= 0 ? fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode)
			: folder != -ENOENT && folder != -ENOTDIR)
		return NULL;
	return found->path;
}

/* --- what goes ------------------------------------------------------------------------------------------------------- */

/* All that the layer says of one path. A folder that it brings is not the one that a link there leads to. */
static int changeset_make_room(struct changeset *set, const struct changeset_item *items, size_t n, bool *ret_folder)
{
	struct fence *fence = &set->extract.fence;
	const char *path = items->path;
	bool folder = true, brings = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		enum changeset_kind kind = items[i].kind;

		if (kind == CHANGESET_HIDES)
			r = fence_remove(fence, path, true);
		else if (kind != CHANGESET_EMPTIES)
			brings = true, folder = kind == CHANGESET_BRINGS_FOLDER;
	}
	if (r == 0 && brings && folder && *path)
		r = fence_remove(fence, path, false);
	if (r == 0 && folder && items[n - 1].kind == CHANGESET_EMPTIES)
		r = fence_empty(fence, path, KEPT);
	*ret_folder = folder || !*path;
	return r;
}

/* What the whiteouts of a layer hide is in the layers below, wherever in the layer they stand. So it goes before anything
 * comes, parents first: below what has gone, and below what is no folder in this layer, there is nothing to hide. */
static int changeset_hide(struct changeset *set, struct err *err)
{
	const char *none = NULL;
	size_t n;

	for (size_t i = 0; i < set->n_items; i += n) {
		const struct changeset_item *items = set->items + i;
		const char *path = items->path;
		bool folder = true;
		int r = 0;

		for (n = 1; i + n < set->n_items && strcmp(items[n].path, path) == 0;)
			n++;
		if (none && text_has_prefix(path, none) && path[strlen(none)] == '/')
			continue;
		r = changeset_make_room(set, items, n, &folder);
		if (r < 0)
			return extract_fail(&set->extract, path, r, err);
		none = folder ? NULL : path;
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

int changeset_apply(const char *archive, int root_fd, uint64_t *left_bytes, struct err *err)
{
	_cleanup_intake_ struct intake intake = {0};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct changeset set = {
		.arena = arena,
		.extract = {
			.policy = &changeset_policy,
			.fence = {.root_fd = root_fd, .folder = "", .uid = (uid_t)-1, .make_targets = true},
			.wanted = changeset_brings,
			.moved = changeset_moved,
			.data = &set,
		},
	};
	int r = extract_open(&set.extract, err);

	if (r == 0)
		r = changeset_read(&set, archive, *left_bytes, err);
	if (r == 0)
		r = changeset_keep_targets(&set, err);
	if (r == 0)
		r = changeset_hide(&set, err);
	if (r == 0)
		r = intake_open(archive, *left_bytes, &intake, err);
	if (r == 0)
		r = extract_all(&set.extract, &intake, err);
	if (r == 0) {
		*left_bytes = intake.left;
		r = fd_remove(root_fd, KEPT);
		r = r < 0 ? extract_fail(&set.extract, KEPT, r, err) : 0;
	}
	extract_close(&set.extract);
	return r;
}
