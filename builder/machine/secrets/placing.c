#include "machine/secrets/placing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/say.h"
#include "machine/secrets/ground.h"
#include "machine/secrets/opened.h"
#include "machine/secrets/outside.h"
#include "machine/secrets/told.h"
#include "machine/secrets/verdicts.h"

int placing_read(const struct here *here, struct declared *ret_declared)
{
	char problem[200];
	struct bytes text;
	int r = here_read(here, SECRETS_FILE, DECLARED_BYTES_MAX, &text);

	*ret_declared = (struct declared){0};
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		say(SECRETS_FILE ": %s", strerror(-r));
		return r;
	}
	r = declared_read(here->pool, text, ret_declared, problem);
	if (r < 0)
		say(SECRETS_FILE ": %s", problem);
	return r < 0 ? r : 1;
}

/* --- a generation ---------------------------------------------------------------------------------------------------- */

/* Secrets and templates that are for the users, or the others. */
static void placing_put_all(const struct here *here, const struct ground *ground, struct declared *declared, bool for_users)
{
	for (size_t i = 0; i < declared->n_items; i++) {
		struct item *item = &declared->items[i];

		if (item->for_users != for_users)
			continue;
		if (item->verdict == VERDICT_GOOD)
			ground_put(here, ground, item);
	}
}

/* What is only found out when it is placed: its links, its line in /etc/shadow. */
static void placing_go_outside(struct here *here, struct declared *declared)
{
	int r = outside_shadow(here, declared);

	for (size_t i = 0; r < 0 && i < declared->n_passwords; i++) {
		struct item *item = declared_find(declared, declared->passwords[i].secret);

		if (item->verdict == VERDICT_GOOD)
			declared_judge(here->pool, item, VERDICT_BAD, "it cannot be written to /etc/shadow: %s", strerror(-r));
	}
	for (size_t i = 0; i < declared->n_items; i++)
		if (declared->items[i].verdict == VERDICT_GOOD)
			outside_link(here, &declared->items[i]);
}

/* `users` is NULL when nothing is for them. */
static int placing_turn(struct here *here, struct declared *declared, struct ground *users, struct ground *others)
{
	struct told told;
	struct verdicts before;
	int r;

	told_begin(here, &told);
	if (users)
		placing_put_all(here, users, declared, true);
	placing_put_all(here, others, declared, false);
	told_add_changed(here, &told, declared);
	if (verdicts_read(here, &before) < 0)
		before = (struct verdicts){0};
	r = told_keep(here, &told);
	if (r < 0)
		say("the list of units cannot be written: %s", strerror(-r));
	if (r == 0 && users)
		r = ground_turn(here, users);
	if (r == 0)
		r = ground_turn(here, others);
	if (r < 0)
		return r;
	placing_go_outside(here, declared);
	told_add_states(here, &told, declared, &before);
	r = told_keep(here, &told);
	if (r == 0)
		r = verdicts_write(here, declared);
	if (r < 0)
		say(SECRETS_STATUS " cannot be written: %s", strerror(-r));
	else
		told_tell(here, &told);
	return r;
}

static void placing_say(const struct declared *declared)
{
	for (size_t i = 0; i < declared->n_items; i++) {
		const struct item *item = &declared->items[i];

		if (item->verdict != VERDICT_GOOD)
			say("%s: %s: %s", item->name, verdicts_name(item->verdict), item->reason);
	}
}

/* The users' own place is made where something is for it, or was (a restart of user space alone keeps /run). */
static bool placing_has_users(const struct here *here, const struct declared *declared)
{
	bool has = access(here_path(here, SECRETS_RUN_USERS), F_OK) == 0;

	for (size_t i = 0; i < declared->n_items; i++)
		has |= declared->items[i].for_users;
	return has;
}

void placing_open(const struct here *here, const struct identities *keys, struct declared *declared)
{
	struct opened_sent sent, before;

	opened_kept(here, keys, declared->machine, SECRETS_SENT, &sent);
	opened_kept(here, keys, declared->machine, SECRETS_SENT_BEFORE, &before);
	opened_all(here, keys, declared, &sent, &before);
}

int placing_place(struct here *here, const struct identities *keys, struct declared *declared)
{
	struct ground users, others;
	bool has_users = placing_has_users(here, declared);
	int r;

	placing_open(here, keys, declared);
	r = has_users ? ground_open(here, SECRETS_RUN_USERS, &users) : 0;
	if (r < 0)
		return r;
	r = ground_open(here, SECRETS_RUN, &others);
	if (r == 0) {
		r = placing_turn(here, declared, has_users ? &users : NULL, &others);
		ground_close(here, &others);
	}
	if (has_users)
		ground_close(here, &users);
	placing_say(declared);
	return r;
}
