#include "lock/ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "edge/debfile.h"
#include "host/pool.h"
#include "lock/allot.h"
#include "lock/scan.h"

struct ids {
	struct arena *arena;
	const struct recipe *recipe;
	const struct lock *old;      /* NULL: none, or none with numbers */
	struct lock *lock;
};

/* A package that is looked into, on a thread. */
struct job {
	struct arena *arena;
	struct cache *cache;
	const struct debian_package *package;
	struct strv names;
};

const struct lock_account *lock_account(const struct lock *lock, const char *name)
{
	for (size_t i = 0; i < lock->n_accounts; i++)
		if (strcmp(lock->accounts[i].name, name) == 0)
			return &lock->accounts[i];
	return NULL;
}

/* --- numbers --------------------------------------------------------------------------------------------------------- */

static bool ids_taken(const void *data, int64_t id)
{
	const struct ids *ids = data;
	const struct recipe *recipe = ids->recipe;

	for (size_t i = 0; i < ids->lock->n_accounts; i++)
		if (ids->lock->accounts[i].id == id)
			return true;
	for (size_t i = 0; i < recipe->n_users; i++)
		if (recipe->users[i].uid == id)
			return true;
	for (size_t i = 0; i < recipe->n_groups; i++)
		if (recipe->groups[i].gid == id)
			return true;
	return false;
}

static bool ids_locked(const struct ids *ids, int64_t id)
{
	for (size_t i = 0; i < ids->lock->n_accounts; i++)
		if (ids->lock->accounts[i].id == id)
			return true;
	return false;
}

/* The account of that name, with the recipe's number (`pin`, -1: none) if it is new; NULL when there is no number left. */
static struct lock_account *ids_need(struct ids *ids, const char *name, bool person, int64_t pin)
{
	struct lock *lock = ids->lock;
	struct lock_account *account = (struct lock_account *)lock_account(lock, name);
	int64_t id;

	if (account && (pin >= 0 || person == (account->id >= ACCOUNT_ID_PEOPLE)))
		return account;
	id = pin >= 0 && !ids_locked(ids, pin) ? pin
	     : person			       ? allot_person(ids_taken, ids)
					       : allot_system(name, ids_taken, ids);
	if (id < 0)
		return NULL;
	if (!account)
		account = arena_push(ids->arena, lock->accounts, lock->n_accounts);
	account->name = arena_strdup(ids->arena, name);
	account->id = id;
	return account;
}

static void ids_add_old(struct ids *ids)
{
	for (size_t i = 0; ids->old && i < ids->old->n_accounts; i++)
		*arena_push(ids->arena, ids->lock->accounts, ids->lock->n_accounts) =
			(struct lock_account){.name = ids->old->accounts[i].name, .id = ids->old->accounts[i].id};
}

static void ids_add_own(struct ids *ids)
{
	const struct recipe *recipe = ids->recipe;

	for (size_t i = 0; i < recipe->n_users; i++)
		ids_need(ids, recipe->users[i].name, !recipe->users[i].system, recipe->users[i].uid);
	for (size_t i = 0; i < recipe->n_groups; i++)
		if (!lock_account(ids->lock, recipe->groups[i].name))
			ids_need(ids, recipe->groups[i].name, false, recipe->groups[i].gid);
}

/* --- packages -------------------------------------------------------------------------------------------------------- */

static bool ids_wanted(const char *path)
{
	static const char folder[] = "/usr/lib/sysusers.d/", etc[] = "/etc/sysusers.d/";

	return strcmp(path, "preinst") == 0 || strcmp(path, "postinst") == 0 || strcmp(path, "config") == 0 ||
	       ((text_has_prefix(path, folder) || text_has_prefix(path, etc)) && text_has_suffix(path, ".conf"));
}

static void ids_take_text(void *data, const char *path, const char *text)
{
	struct job *job = data;

	if (*path == '/')
		scan_sysusers(job->arena, text, &job->names);
	else
		scan_script(job->arena, text, &job->names);
}

static int ids_look_into(void *data, size_t i, struct err *err)
{
	struct job *job = &((struct job *)data)[i];
	int r = debfile_texts(cache_path(job->cache, job->arena, "blobs", job->package->sha256), ids_wanted, ids_take_text, job,
			      err);

	return r < 0 ? err_wrap(err, "while looking for the users of the package '%s'", job->package->name) : 0;
}

/* What was looked into before, to the byte, need not be fetched. */
static bool ids_is_known(const struct ids *ids, const struct debian_package *package)
{
	for (size_t i = 0; ids->old && i < ids->old->image.n_packages; i++)
		if (strcmp(ids->old->image.packages[i].name, package->name) == 0)
			return strcmp(ids->old->image.packages[i].sha256, package->sha256) == 0;
	return false;
}

static int ids_add_package(struct ids *ids, const char *package, const char *name, struct err *err)
{
	struct lock_account *account = (struct lock_account *)lock_account(ids->lock, name);

	if (!account)
		account = ids_need(ids, name, false, -1);
	if (!account)
		return err_set(err, -ENOSPC, "there is no free id for the account '%s' of the package '%s'", name, package);
	if (!strv_has(&account->packages, package))
		strv_push(ids->arena, &account->packages, package);
	return 0;
}

/* The accounts of packages that were looked into before. */
static int ids_add_known(struct ids *ids, const struct debian_package *package, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ids->old->n_accounts; i++)
		if (strv_has(&ids->old->accounts[i].packages, package->name))
			r = ids_add_package(ids, package->name, ids->old->accounts[i].name, err);
	return r;
}

static int ids_look(struct ids *ids, struct job *jobs, size_t n, struct cache *cache, struct err *err)
{
	struct debian_package *packages = arena_array(ids->arena, struct debian_package, n + 1);
	int r;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		jobs[i].arena = arena_new();
		jobs[i].cache = cache;
		packages[i] = *jobs[i].package;
	}
	log_step("looking for the users of %zu packages", n);
	r = lock_fetch(ids->lock, &(struct package_set){packages, n}, cache, false, NULL, err);
	if (r == 0)
		r = pool_run(n, ids_look_into, jobs, err);
	for (size_t i = 0; i < n; i++) {
		strv_sort(&jobs[i].names);
		for (size_t k = 0; r == 0 && k < jobs[i].names.count; k++)
			r = ids_add_package(ids, jobs[i].package->name, jobs[i].names.items[k], err);
		arena_free(jobs[i].arena);
	}
	return r;
}

static int ids_add_packages(struct ids *ids, const struct strv *makers, struct cache *cache, struct err *err)
{
	struct job *jobs = arena_array(ids->arena, struct job, ids->lock->image.n_packages + 1);
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ids->lock->image.n_packages; i++) {
		const struct debian_package *package = &ids->lock->image.packages[i];

		if (!strv_has(makers, package->name))
			continue;
		if (ids_is_known(ids, package))
			r = ids_add_known(ids, package, err);
		else
			jobs[n++].package = package;
	}
	return r == 0 ? ids_look(ids, jobs, n, cache, err) : r;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static int ids_compare(const void *a, const void *b)
{
	return strcmp(((const struct lock_account *)a)->name, ((const struct lock_account *)b)->name);
}

int ids_lock(struct arena *arena, const struct recipe *recipe, const struct lock *old, const struct strv *makers,
	     struct cache *cache, struct lock *lock, struct err *err)
{
	struct ids ids = {.arena = arena, .recipe = recipe, .old = old && old->numbered ? old : NULL, .lock = lock};
	int r;

	lock->numbered = true;
	ids_add_old(&ids);
	ids_add_own(&ids);
	r = ids_add_packages(&ids, makers, cache, err);
	if (r == 0 && lock->n_accounts)
		qsort(lock->accounts, lock->n_accounts, sizeof *lock->accounts, ids_compare);
	return r;
}

void ids_tell(const struct lock *old, const struct lock *new)
{
	for (size_t i = 0; old->numbered && i < new->n_accounts; i++) {
		const struct lock_account *now = &new->accounts[i], *before = lock_account(old, now->name);

		if (!before)
			log_note("account: '%s' is new, with the id %" PRId64, now->name, now->id);
		else if (before->packages.count && !now->packages.count)
			log_note("account: '%s' is no longer a package's; its id %" PRId64 " is kept for it", now->name,
				 now->id);
	}
}
