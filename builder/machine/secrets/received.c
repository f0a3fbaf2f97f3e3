#include "machine/secrets/received.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/image.h"
#include "contract/secrets.h"
#include "machine/lines.h"
#include "machine/say.h"
#include "machine/secrets/opened.h"
#include "machine/secrets/placing.h"

/* What came, and what there was. */
struct received {
	struct identities keys;
	struct declared declared;
	bool declares;
	struct bytes sealed;
	struct opened_sent sent, kept, before;
};

static bool received_problem(const char *problem)
{
	puts(problem);
	return false;
}

/* The name of this machine: what it declares is of it, and an image that declares nothing has one, too. */
static const char *received_machine(struct here *here, const struct received *received)
{
	char name[256];

	if (received->declares)
		return received->declared.machine;
	if (!lines_read(here_path(here, IMAGE_FILE), IMAGE_KEY_NAME, name, sizeof name))
		return NULL;
	return pool_text(here->pool, name);
}

/* Whether it may take the place of what is kept. (What cannot be opened any more may be replaced by anything.) */
static bool received_is_newer(const struct here *here, const struct received *received)
{
	const struct opened_sent *sent = &received->sent, *kept = &received->kept;
	bool same;

	if (!kept->there || kept->reason || sent->sent.made > kept->sent.made)
		return true;
	same = sent->plain.size == kept->plain.size && memcmp(sent->plain.data, kept->plain.data, sent->plain.size) == 0;
	if (same)
		return true;
	return received_problem(pool_printf(here->pool,
		"what is kept here was made at %lld (seconds since 1970), this at %lld: nothing older is taken; look at the "
		"clocks of who made them, or remove " SECRETS_STATE "/" SECRETS_SENT " here",
		kept->sent.made, sent->sent.made));
}

/* Tries the declared secrets that it brings: what is no value of theirs is found before the old one is gone. */
static bool received_try(struct here *here, struct received *received)
{
	bool good = true;

	opened_all(here, &received->keys, &received->declared, &received->sent, &received->before);
	for (size_t i = 0; i < received->declared.n_items; i++) {
		const struct item *item = &received->declared.items[i];

		if (item->sent && item->verdict != VERDICT_GOOD && sent_find(&received->sent.sent, item->name))
			good = received_problem(pool_printf(here->pool, "%s: %s", item->name, item->reason));
	}
	return good;
}

/* Whether `old` has a name that `new` has not: an image that was not sent to yet may declare it. */
static bool received_has_more(const struct sent *old, const struct sent *new)
{
	for (size_t i = 0; i < old->n_values; i++)
		if (!sent_find(new, old->values[i].name))
			return true;
	return false;
}

/* Whether this image needs a name that is in the one before alone: then what is kept was for an image that did not stay. */
static bool received_needs_before(const struct received *received)
{
	for (size_t i = 0; i < received->declared.n_items; i++) {
		const struct item *item = &received->declared.items[i];

		if (item->sent && !sent_find(&received->sent.sent, item->name) &&
		    !sent_find(&received->kept.sent, item->name) && sent_find(&received->before.sent, item->name))
			return true;
	}
	return false;
}

/* The one before is written first: whenever the power goes, no name is lost. */
static int received_keep(struct here *here, const struct received *received)
{
	const struct sent *new = &received->sent.sent;
	int r = 0;

	if (!received->kept.reason && received_has_more(&received->kept.sent, new) &&
	    !received_needs_before(received)) {
		struct bytes old;

		r = here_read(here, SECRETS_STATE "/" SECRETS_SENT, SENT_BYTES_MAX, &old);
		if (r == 0)
			r = here_keep(here, SECRETS_STATE "/" SECRETS_SENT_BEFORE, old);
	}
	if (r == 0)
		r = here_keep(here, SECRETS_STATE "/" SECRETS_SENT, received->sealed);
	if (r == 0 && !received->before.reason && !received_has_more(&received->before.sent, new) &&
	    !received_has_more(&received->kept.sent, new) &&
	    unlink(here_path(here, SECRETS_STATE "/" SECRETS_SENT_BEFORE)) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

static bool received_place(struct here *here, struct received *received)
{
	bool good = true;

	if (!received->declares)
		return true;
	if (placing_read(here, &received->declared) < 0 || placing_place(here, &received->keys, &received->declared) < 0)
		return received_problem("it is kept, but cannot be placed");
	for (size_t i = 0; i < received->declared.n_items; i++) {
		const struct item *item = &received->declared.items[i];

		if (item->verdict != VERDICT_GOOD)
			good = received_problem(pool_printf(here->pool, "%s: %s", item->name, item->reason));
	}
	return good;
}

static int received_refuse(const char *problem)
{
	received_problem(problem);
	return EXIT_FAILURE;
}

int received_take(struct here *here, int fd)
{
	struct received received = {0};
	const char *machine;
	int r = here_read_fd(here, fd, SENT_BYTES_MAX, &received.sealed);

	if (r < 0)
		return received_refuse(r == -EFBIG ? "what was sent is too large" : strerror(-r));
	r = here_lock(here);
	if (r == 0)
		r = placing_read(here, &received.declared);
	if (r < 0)
		return received_refuse("this machine cannot say what it declares");
	received.declares = r > 0;
	machine = received_machine(here, &received);
	identities_load(here, &received.keys);
	opened_kept(here, &received.keys, machine, SECRETS_SENT, &received.kept);
	opened_kept(here, &received.keys, machine, SECRETS_SENT_BEFORE, &received.before);
	opened_sealed(here, &received.keys, machine, received.sealed, &received.sent);
	if (received.sent.reason)
		return received_refuse(received.sent.reason);
	if (!received_is_newer(here, &received) || !received_try(here, &received))
		return EXIT_FAILURE;
	r = received_keep(here, &received);
	if (r < 0)
		return received_refuse(pool_printf(here->pool, SECRETS_STATE " cannot be written: %s", strerror(-r)));
	return received_place(here, &received) ? EXIT_SUCCESS : SECRETS_KEPT;
}
