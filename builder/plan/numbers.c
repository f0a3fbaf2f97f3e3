/* The numbers of users and groups: the recipe's own, the lock's, and for what is in neither the next that is free. */
#include <inttypes.h>
#include <string.h>

#include "lock/allot.h"
#include "plan/config.h"

const struct plan_account *numbers_of(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_accounts; i++)
		if (strcmp(plan->accounts[i].name, name) == 0)
			return &plan->accounts[i];
	return NULL;
}

static struct plan_account *numbers_find(struct plan *plan, const char *name)
{
	return (struct plan_account *)numbers_of(plan, name);
}

static bool numbers_taken(const void *data, int64_t id)
{
	const struct plan *plan = data;

	for (size_t i = 0; i < plan->n_accounts; i++)
		if (plan->accounts[i].uid == id || plan->accounts[i].gid == id)
			return true;
	return false;
}

static void numbers_add_pins(struct arena *arena, struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t i = 0; i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i];

		if (user->uid >= 0)
			*arena_push(arena, plan->accounts, plan->n_accounts) =
				(struct plan_account){user->name, user->uid, user->uid, true, user->uid_pos};
	}
	for (size_t i = 0; i < recipe->n_groups; i++) {
		const struct recipe_group *group = &recipe->groups[i];
		struct plan_account *account = group->gid >= 0 ? numbers_find(plan, group->name) : NULL;

		if (account)
			account->gid = group->gid;
		else if (group->gid >= 0)
			*arena_push(arena, plan->accounts, plan->n_accounts) =
				(struct plan_account){group->name, -1, group->gid, true, group->pos};
	}
}

/* Of a user that became a person, or a service, the lock's number is of the wrong kind. */
static bool numbers_fits(const struct recipe *recipe, const struct lock_account *locked)
{
	for (size_t i = 0; i < recipe->n_users; i++)
		if (strcmp(recipe->users[i].name, locked->name) == 0)
			return recipe->users[i].system == (locked->id < ACCOUNT_ID_PEOPLE);
	return true;
}

static void numbers_add_locked(struct arena *arena, struct plan *plan)
{
	for (size_t i = 0; i < plan->lock->n_accounts; i++) {
		const struct lock_account *locked = &plan->lock->accounts[i];
		struct plan_account *account = numbers_find(plan, locked->name);

		if (!numbers_fits(plan->recipe, locked))
			continue;
		if (account)
			account->uid = account->uid < 0 ? locked->id : account->uid;
		else
			*arena_push(arena, plan->accounts, plan->n_accounts) =
				(struct plan_account){.name = locked->name, .uid = locked->id, .gid = locked->id};
	}
}

static void numbers_warn_new(const struct plan *plan, const char *what, const struct plan_account *account, struct err *err)
{
	if (!plan->lock->numbered)
		return;
	err_warn(err, &account->pos, NULL, "the %s '%s' gets the id %" PRId64 ", which is not in the lock yet", what,
		 account->name, account->gid);
	err_hint(err, "run 'aether-build lock %s': then it stays, whoever else comes", plan->recipe->path);
}

/* Of people the next one from 1000 on, of others a number by the name. */
static void numbers_add_new(struct arena *arena, struct plan *plan, const char *what, const char *name, bool person,
			    const struct pos *pos, struct err *err)
{
	struct plan_account *account = numbers_find(plan, name), new = {.name = name, .uid = -1, .gid = -1, .pos = *pos};
	bool pinned_group = account && account->uid < 0;

	if (account && !pinned_group)
		return;
	if (person)
		new.uid = allot_person(numbers_taken, plan);
	else if (plan->lock->numbered)
		new.uid = allot_system(name, numbers_taken, plan);
	if (pinned_group) {
		account->uid = new.uid;
		return;
	}
	new.gid = new.uid;
	*arena_push(arena, plan->accounts, plan->n_accounts) = new;
	numbers_warn_new(plan, what, &new, err);
}

static void numbers_check_pin(const struct plan *plan, const struct plan_account *pin, struct err *err)
{
	for (size_t i = 0; i < plan->n_accounts; i++) {
		const struct plan_account *other = &plan->accounts[i];
		const struct lock_account *locked = lock_account(plan->lock, other->name);
		int64_t id = other->uid == pin->uid || other->gid == pin->uid ? pin->uid : pin->gid;

		if (other->pinned || id < 0 || (other->uid != id && other->gid != id))
			continue;
		err_at(err, -EEXIST, &pin->pos, NULL, "the id %" PRId64 " of '%s' is that of '%s'%s", id, pin->name,
		       other->name,
		       locked && !locked->packages.count ? " in the lock, which may have files still" : " in the lock");
		err_hint(err, "choose another one, like %" PRId64 ", or give '%s' another one",
			 allot_system(pin->name, numbers_taken, plan), other->name);
	}
}

/* A person would be in the way of a package's service, which takes the user that is there. */
static void numbers_check_owner(const struct plan *plan, const struct recipe_user *user, struct err *err)
{
	const struct lock_account *locked = lock_account(plan->lock, user->name);

	if (user->system || !locked || !locked->packages.count)
		return;
	err_at(err, -EEXIST, &user->pos, NULL, "'%s' is an account of the package '%s'", user->name,
	       locked->packages.items[0]);
	err_hint(err, "write 'system: true' if you mean this one, or choose another name");
}

static void numbers_warn_old(const struct plan *plan, struct err *err)
{
	if (plan->lock->numbered || plan->recipe->kind == KIND_TOOLS)
		return;
	err_warn(err, &(struct pos){.file = plan->lock->path}, NULL,
		 "the lock has no ids of accounts: a package that is added can change those of others");
	err_hint(err, "run 'aether-build lock %s'; to keep an id that machines have files of, pin it first: "
		      "users: { NAME: { system: true, uid: ID } }", plan->recipe->path);
}

int numbers_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;

	plan->numbering = plan->lock->numbered ? 1 : -1;
	numbers_warn_old(plan, err);
	numbers_add_pins(arena, plan);
	numbers_add_locked(arena, plan);
	for (size_t i = 0; i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i];

		numbers_check_owner(plan, user, err);
		numbers_add_new(arena, plan, "user", user->name, !user->system, &user->pos, err);
	}
	for (size_t i = 0; i < recipe->n_groups; i++)
		numbers_add_new(arena, plan, "group", recipe->groups[i].name, false, &recipe->groups[i].pos, err);
	for (size_t i = 0; i < plan->n_accounts; i++)
		if (plan->accounts[i].pinned)
			numbers_check_pin(plan, &plan->accounts[i], err);
	return err_result(err);
}
