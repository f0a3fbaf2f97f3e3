#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "debian/digests.h"
#include "debian/resolve.h"
#include "debian/verify.h"
#include "host/pool.h"
#include "lock/containers.h"
#include "lock/downloads.h"
#include "lock/fakes.h"
#include "lock/file.h"
#include "lock/ids.h"

/* A tree being resolved, on a thread and in an arena of its own. */
struct job {
	struct arena *arena;
	struct resolve resolve;
	struct package_set tree;
};

static int make_resolve_job(void *data, size_t i, struct err *err)
{
	struct job *job = &((struct job *)data)[i];

	return resolve_tree(job->arena, &job->resolve, &job->tree, err);
}

static struct package_set make_copy_tree(struct arena *arena, const struct package_set *from)
{
	struct package_set tree = {arena_array(arena, struct debian_package, from->n_packages + 1), from->n_packages};

	for (size_t i = 0; i < from->n_packages; i++) {
		struct debian_package package = from->packages[i];

		package.name = arena_strdup(arena, package.name);
		package.version = arena_strdup(arena, package.version);
		package.arch = arena_strdup(arena, package.arch);
		package.sha256 = arena_strdup(arena, package.sha256);
		package.path = arena_strdup(arena, package.path);
		tree.packages[i] = package;
	}
	return tree;
}

/* --- what changed ------------------------------------------------------------------------------------------------- */

static const struct debian_package *make_find_package(const struct package_set *tree, const char *name)
{
	for (size_t i = 0; i < tree->n_packages; i++)
		if (strcmp(tree->packages[i].name, name) == 0)
			return &tree->packages[i];
	return NULL;
}

static void make_tell_changes(const char *what, const struct package_set *old, const struct package_set *new)
{
	for (size_t i = 0; i < new->n_packages; i++) {
		const struct debian_package *before = make_find_package(old, new->packages[i].name);

		if (!before)
			log_note("%s: '%s' %s is new", what, new->packages[i].name, new->packages[i].version);
		else if (strcmp(before->sha256, new->packages[i].sha256) != 0)
			log_note("%s: '%s' changes from %s to %s", what, before->name, before->version,
				 new->packages[i].version);
	}
	for (size_t i = 0; i < old->n_packages; i++)
		if (!make_find_package(new, old->packages[i].name))
			log_note("%s: '%s' %s is no longer needed", what, old->packages[i].name,
				 old->packages[i].version);
}

/* What --update names must be there, or the user would think that it was updated. */
static int make_check_updates(const struct lock *old, const struct lock_how *options, struct err *err)
{
	for (size_t i = 0; i < options->update_packages.count; i++) {
		const char *name = options->update_packages.items[i];

		if (old && (make_find_package(&old->image, name) || make_find_package(&old->tools, name) ||
			    lock_download(old, name) || lock_container(old, name)))
			continue;
		err_set(err, -ENOENT, "cannot update '%s': it is not in the lock", name);
		return err_hint(err, "without names, --update updates everything");
	}
	return 0;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

/* What lock_make() works with, and lets go of at its end. */
struct making {
	struct arena *arena;
	const struct recipe *recipe, *tools;
	const struct lock_how *options;
	struct lock *old; /* NULL: none yet */
	struct lock *new;
	struct suites suites;
	struct job jobs[2]; /* image, tools */
	struct strv makers; /* packages of the image that may make users and groups */
	size_t n_jobs;
	const char *scratch;
	int scratch_fd;
};

static int make_read_old(struct making *making, struct err *err)
{
	const char *fakes = making->options->fakes, *suffix = recipe_suffix(making->arena, making->recipe);
	int r;

	if (!path_exists(lock_path(making->arena, making->recipe->path, suffix, fakes)))
		return make_check_updates(NULL, making->options, err);
	r = lock_read(making->arena, making->recipe->path, suffix, fakes, &making->old, err);
	if (r < 0)
		return r;
	return make_check_updates(making->old, making->options, err);
}

/* No suite may go behind what is locked of it. */
static void make_set_dates(struct making *making)
{
	const struct lock *old = making->old;

	for (size_t i = 0; old && i < making->suites.count; i++) {
		struct suite *suite = &making->suites.items[i];

		for (size_t j = 0; j < old->n_archives; j++)
			if (strcmp(old->archives[j].suite, suite->locked.suite) == 0 &&
			    strcmp(old->archives[j].url, suite->locked.url) == 0 && suite->not_before == 0)
				suite->not_before = old->archives[j].date;
	}
}

static int make_prepare_job(struct making *making, const struct recipe *recipe, const struct package_set *old,
			    const char *name, struct err *err)
{
	struct job *job = &making->jobs[making->n_jobs];
	struct resolve *resolve = &job->resolve;
	size_t *own;
	int r;

	*resolve = (struct resolve){.recipe = recipe,
				    .suites = &making->suites,
				    .old = making->old && !lock_moves_all(making->options) ? old : NULL,
				    .moving = making->options->update_packages,
				    .folder = arena_printf(making->arena, "%s/%s", making->scratch, name)};
	r = suites_collect(making->arena, recipe, &making->suites, &own, &resolve->n_own, err);
	if (r < 0)
		return r;
	make_set_dates(making);
	resolve->own = own;
	resolve->makers = making->n_jobs == 0 && recipe->kind != KIND_TOOLS ? &making->makers : NULL;
	job->arena = arena_new();
	making->n_jobs++;
	return 0;
}

static int make_prepare_jobs(struct making *making, struct err *err)
{
	int r = make_prepare_job(making, making->recipe, making->old ? &making->old->image : NULL, "image", err);

	if (r == 0 && making->tools)
		r = make_prepare_job(making, making->tools, making->old ? &making->old->tools : NULL, "tools", err);
	return r;
}

static void make_assemble(struct making *making)
{
	struct arena *arena = making->arena;
	struct lock *lock = making->new;

	lock->path = lock_path(arena, making->recipe->path, recipe_suffix(arena, making->recipe), making->options->fakes);
	lock->recipe_sha256 = recipe_digest(arena, making->recipe);
	lock->tools_sha256 = making->tools ? recipe_digest(arena, making->tools) : NULL;
	for (size_t i = 0; i < making->suites.count; i++) {
		const struct debian_archive *archive = &making->suites.items[i].locked;

		*arena_push(arena, lock->archives, lock->n_archives) = *archive;
		if (archive->date > lock->epoch)
			lock->epoch = archive->date;
	}
	if (lock->epoch == 0) /* no Release has a date: once chosen, it stays */
		lock->epoch = making->old ? making->old->epoch : time(NULL);
	lock->image = make_copy_tree(arena, &making->jobs[0].tree);
	if (making->tools)
		lock->tools = make_copy_tree(arena, &making->jobs[1].tree);
}

/* Writes the lock, and reads it back: what we write is what we accept. */
static int make_publish(struct making *making, struct lock **ret_lock, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	struct lock *lock = making->new, *read;
	int r;

	lock_print(&text, lock);
	r = lock_parse(making->arena, lock->path, text.data, text.size, &read, err);
	if (r == 0 && making->options->check)
		r = making->options->check(making->options->check_data, read, err);
	if (r == 0)
		r = file_publish(lock->path, text.data, text.size, 0644, err);
	if (r < 0)
		return r;
	read->recipe_path = making->recipe->path;
	read->recipe = making->recipe;
	read->tools_recipe = making->tools;
	read->fakes = making->options->fakes;
	if (making->old) {
		make_tell_changes("image", &making->old->image, &read->image);
		make_tell_changes("tools", &making->old->tools, &read->tools);
		downloads_tell(making->old, read);
		containers_tell(making->old, read);
		ids_tell(making->old, read);
	}
	fakes_warn(read);
	*ret_lock = read;
	return 0;
}

static int make(struct making *making, struct cache *cache, struct lock **ret_lock, struct err *err)
{
	int r = make_read_old(making, err);

	if (r == 0)
		r = make_prepare_jobs(making, err);
	if (r < 0)
		return r;
	log_step("verifying the archives of '%s'", making->recipe->name);
	r = suites_open(making->arena, &making->suites, cache, making->scratch, making->options->allow_expired, err);
	if (r < 0)
		return r;
	log_step("resolving the packages of '%s'", making->recipe->name);
	r = pool_run(making->n_jobs, make_resolve_job, making->jobs, err);
	for (size_t i = 0; r == 0 && i < making->n_jobs; i++)
		r = digests_complete(making->arena, &making->suites, &making->jobs[i].tree, cache, err);
	if (r == 0)
		r = downloads_lock(making->arena, making->recipe, making->old, making->options, cache, making->scratch,
				   making->new, err);
	if (r == 0)
		r = containers_lock(making->arena, making->recipe, making->old, making->options, cache, making->new, err);
	if (r < 0)
		return r;
	make_assemble(making);
	r = ids_lock(making->arena, making->recipe, making->old, &making->makers, cache, making->new, err);
	if (r < 0)
		return r;
	return make_publish(making, ret_lock, err);
}

int lock_make(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, struct cache *cache,
	      const struct lock_how *options, struct lock **ret_lock, struct err *err)
{
	struct making making = {.arena = arena, .recipe = recipe, .tools = tools, .options = options};
	char absolute[PATH_MAX];
	struct err ignored = {0};
	int r = cache_scratch(cache, arena, &making.scratch, &making.scratch_fd, err);

	if (r < 0)
		return r;
	if (realpath(making.scratch, absolute)) /* apt runs in a folder of its own */
		making.scratch = absolute;
	making.new = arena_new_of(arena, struct lock);
	r = make(&making, cache, ret_lock, err);
	log_step(NULL);
	for (size_t i = 0; i < making.n_jobs; i++)
		arena_free(making.jobs[i].arena);
	suites_free(&making.suites);
	path_remove(making.scratch, &ignored);
	close(making.scratch_fd);
	err_free(&ignored);
	return r;
}
