#include "tree/debs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "edge/archive.h"

/* No Debian package comes near it; a decompression bomb does. */
static const uint64_t PACKAGE_BYTES_MAX = 4ULL << 30;

static const char ROOM[] = "debs";

const char *deb_path(const struct cache *cache, struct arena *arena, const struct lock_package *package)
{
	return cache_path(cache, arena, ROOM, package->sha256);
}

struct work {
	struct cache *cache;
	const struct lock *lock;
	struct lock_package *packages; /* those that are missing */
	size_t n, done;
};

static int flatten(void *data, size_t i, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct work *work = data;
	const struct lock_package *package = &work->packages[i];
	struct cache_draft draft;
	int r = cache_begin(work->cache, ROOM, package->sha256, &draft, err);

	if (r == 0) {
		r = archive_flatten_deb(cache_path(work->cache, arena, "blobs", package->sha256), draft.path, PACKAGE_BYTES_MAX,
					err);
		if (r < 0)
			cache_abandon(&draft);
		else
			r = cache_commit(&draft, err);
	}
	if (r < 0)
		return err_wrap(err, "while unpacking the package '%s'", package->name);
	log_progress(__atomic_add_fetch(&work->done, 1, __ATOMIC_RELAXED), work->n, "packages");
	return 0;
}

int debs_prepare(struct cache *cache, const struct lock *lock, const struct lock_package *packages, size_t n, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct work work = {.cache = cache, .lock = lock};
	struct lock_tree missing;
	int r;

	for (size_t i = 0; i < n; i++)
		if (!path_exists(deb_path(cache, arena, &packages[i])))
			*arena_push(arena, work.packages, work.n) = packages[i];
	if (work.n == 0)
		return 0;
	missing = (struct lock_tree){work.packages, work.n};
	log_step("fetching %zu packages", work.n);
	r = lock_fetch(lock, &missing, cache, true, NULL, err);
	if (r < 0)
		return r;
	log_step("unpacking %zu packages", work.n);
	return pool_run(work.n, flatten, &work, err);
}

/* --- order ----------------------------------------------------------------------------------------------------------- */

struct graph {
	struct arena *arena;
	const struct lock_package *packages;
	struct { size_t *items, count; } *needs; /* of each package: indices of what it depends on */
	char *seen;
	size_t *order, n, ordered;
};

struct word {
	const char *text;
	size_t length;
};

static int compare_name(const void *wanted, const void *package)
{
	const struct word *word = wanted;
	const char *name = ((const struct lock_package *)package)->name;
	int order = strncmp(word->text, name, word->length);

	return order ? order : -(name[word->length] != 0);
}

/* Finds a package by name in the set, which is sorted by name within a layer. */
static const struct lock_package *find(const struct graph *graph, const char *name, size_t length)
{
	const struct word wanted = {name, length};

	return bsearch(&wanted, graph->packages, graph->n, sizeof *graph->packages, compare_name);
}

/* Notes the names of one relationship field (Debian policy 7.1): `a (>= 1) | b, c:any`. Alternatives all count: it is only
 * an order. */
static void note_needs(struct graph *graph, size_t of, const char *field, size_t length)
{
	static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
	const char *end = field + length;
	bool in_version = false;

	while (field < end) {
		size_t word = strspn(field, name_characters);
		const struct lock_package *found;

		if (field + word > end)
			word = (size_t)(end - field);
		found = word && !in_version ? find(graph, field, word) : NULL;
		if (found)
			*arena_push(graph->arena, graph->needs[of].items, graph->needs[of].count) =
				(size_t)(found - graph->packages);
		field += word;
		if (field < end) {
			in_version = *field == '(' || *field == ':' || (in_version && *field != ')' && *field != ',' && *field != '|');
			field++;
		}
	}
}

/* Walks the fields of a control file, continuation lines included. */
static void read_control(struct graph *graph, size_t of, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		while (text[length] == '\n' && (text[length + 1] == ' ' || text[length + 1] == '\t'))
			length += 1 + strcspn(text + length + 1, "\n");
		if (strncasecmp(text, "Pre-Depends:", 12) == 0)
			note_needs(graph, of, text + 12, length - 12);
		else if (strncasecmp(text, "Depends:", 8) == 0)
			note_needs(graph, of, text + 8, length - 8);
		text += length + (text[length] == '\n');
	}
}

static void visit(struct graph *graph, size_t i)
{
	if (graph->seen[i])
		return;
	graph->seen[i] = 1;
	for (size_t n = 0; n < graph->needs[i].count; n++)
		visit(graph, graph->needs[i].items[n]);
	graph->order[graph->ordered++] = i;
}

int debs_order(struct cache *cache, const struct lock_package *packages, size_t n, size_t *ret_order, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct graph graph = {.arena = arena, .packages = packages, .order = ret_order, .n = n};

	graph.needs = arena_alloc(arena, n * sizeof *graph.needs);
	graph.seen = arena_alloc(arena, n);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf control = {0};

		if (archive_deb_control(deb_path(cache, arena, &packages[i]), &control, err) < 0)
			return err->code;
		read_control(&graph, i, control.data);
	}
	for (size_t i = 0; i < n; i++)
		visit(&graph, i);
	return 0;
}
