#include "shelf/gc.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "shelf/shelf.h"

/* A shelf, as it is judged. */
struct shelf {
	const struct generation *generations;
	size_t n;
};

/* Whether `other` is a later one of the same host than `one`. */
static bool shelf_gc_is_later(const struct generation *of_other, const struct deployment *other,
			      const struct generation *of_one, const struct deployment *one)
{
	if (of_other == of_one || strcmp(other->host, one->host) != 0)
		return false;
	return other->when != one->when ? other->when > one->when : of_other->number > of_one->number;
}

/* Whether the host may run it: a good one until there is a later good one, one that is untried until there is a later one that
 * is not bad. (What follows a good one and turns out to be bad is left by the host for the good one.) */
static bool shelf_gc_may_run(const struct shelf *shelf, const struct generation *generation,
			     const struct deployment *deployment)
{
	if (deployment->verdict == VERDICT_BAD)
		return false;
	for (size_t i = 0; i < shelf->n; i++)
		for (size_t d = 0; d < shelf->generations[i].record.n_deployments; d++) {
			const struct deployment *other = &shelf->generations[i].record.deployments[d];

			if ((other->verdict == VERDICT_GOOD || other->verdict == deployment->verdict) &&
			    shelf_gc_is_later(&shelf->generations[i], other, generation, deployment))
				return false;
		}
	return true;
}

static const char *shelf_gc_host_of(const struct shelf *shelf, const struct generation *generation)
{
	for (size_t d = 0; d < generation->record.n_deployments; d++)
		if (shelf_gc_may_run(shelf, generation, &generation->record.deployments[d]))
			return generation->record.deployments[d].host;
	return NULL;
}

static unsigned shelf_gc_last_good(const struct shelf *shelf)
{
	for (size_t i = shelf->n; i-- > 0;)
		if (generation_verdict(&shelf->generations[i]) == VERDICT_GOOD)
			return shelf->generations[i].number;
	return 0;
}

/* Why generation `i` stays, or NULL. The reasons that do not depend on `keep` come first: only these are reported. */
static const char *shelf_gc_reason_to_stay(struct arena *arena, const struct shelf *shelf, size_t i, unsigned keep)
{
	const struct generation *generation = &shelf->generations[i];
	const char *host = shelf_gc_host_of(shelf, generation);

	if (generation->record.unreadable)
		return "its record cannot be read";
	if (host)
		return arena_printf(arena, "in use on %s", host);
	if (generation->number == shelf_gc_last_good(shelf))
		return "the last good one";
	if (i + 1 == shelf->n)
		return "the newest one";
	return shelf->n - i <= keep ? arena_printf(arena, "one of the %u newest", keep) : NULL;
}

/* What the folder's files take on the disk. A file that has another name elsewhere stays, and frees nothing. */
static uint64_t shelf_gc_bytes_of(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    st.st_nlink == 1)
			bytes += (uint64_t)st.st_blocks * 512;
	if (dir)
		closedir(dir);
	return bytes;
}

static struct gc_item *shelf_gc_judge(struct arena *arena, const struct shelf *shelf, unsigned keep)
{
	struct gc_item *items = arena_array(arena, struct gc_item, shelf->n + 1);

	for (size_t i = 0; i < shelf->n; i++)
		items[i] = (struct gc_item){
			shelf->generations[i].number,
			shelf_gc_bytes_of(shelf->generations[i].folder),
			shelf_gc_reason_to_stay(arena, shelf, i, keep),
		};
	return items;
}

/* First hidden by a rename, durably, then removed. */
static int shelf_gc_take_away(struct arena *arena, const char *shelf, const struct gc_item *items, size_t n,
			      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *place = arena_printf(arena, "%s/%u", shelf, items[i].number);
		const char *gone = arena_printf(arena, "%s/" SHELF_GONE "%u", shelf, items[i].number);

		if (items[i].stays)
			continue;
		r = path_publish(place, gone, err);
		if (r == 0)
			r = path_remove(gone, err);
		if (r < 0)
			err_wrap(err, "while removing the generation '%s'", place);
	}
	return r;
}

int gc_shelf(struct arena *arena, const char *out, const char *name, unsigned keep, bool dry_run, struct gc_item **ret_items,
	     size_t *ret_n, struct err *err)
{
	const char *path = arena_printf(arena, "%s/%s", out, name);
	struct generation *generations;
	struct shelf shelf = {0};
	_cleanup_fd_ int lock = -1;
	struct gc_item *items;
	int r;

	if (!dry_run) {
		lock = shelf_lock(path, err);
		if (lock < 0)
			return lock;
		shelf_sweep(path);
	}
	r = generation_list(arena, out, name, &generations, &shelf.n, err);
	if (r < 0)
		return r;
	shelf.generations = generations;
	items = shelf_gc_judge(arena, &shelf, keep);
	if (!dry_run)
		r = shelf_gc_take_away(arena, path, items, shelf.n, err);
	if (r < 0)
		return r;
	*ret_items = items;
	*ret_n = shelf.n;
	return 0;
}
