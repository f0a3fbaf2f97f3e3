#include "keeper/enroll.h"

#include <errno.h>
#include <string.h>

#include "sealed/age/age.h"

static int enroll_check(struct arena *arena, const struct strv *told, struct strv *ret_told, struct err *err)
{
	for (size_t i = 0; i < told->count; i++) {
		const char *recipient = roll_bare(arena, told->items[i]);
		struct age_recipient parsed;
		struct fault fault = {0};

		if (age_recipient_read(recipient, &parsed, &fault) < 0)
			return err_set(err, -EBADMSG, "the machine's recipient '%s': %s", recipient, fault.text);
		if (!strv_has(ret_told, recipient))
			strv_push(arena, ret_told, recipient);
	}
	return 0;
}

/* Identities of age, and a host key that counts. */
static struct strv enroll_choose(struct arena *arena, const struct roll *roll, const struct strv *told)
{
	struct strv chosen = {0};
	bool has_own = false;

	for (size_t i = 0; i < told->count; i++)
		has_own |= text_has_prefix(told->items[i], "age1");
	for (size_t i = 0; i < told->count; i++)
		if (text_has_prefix(told->items[i], "age1") || !has_own || strv_has(&roll->recipients, told->items[i]))
			strv_push(arena, &chosen, told->items[i]);
	return chosen;
}

static bool enroll_share(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (strv_has(b, a->items[i]))
			return true;
	return false;
}

int roll_enroll(struct arena *arena, struct roll *roll, const char *name, const struct strv *told, bool replace,
		struct enrolled *ret_enrolled, struct err *err)
{
	struct strv known = {0}, chosen, recorded = roll->recipients;
	struct enrolled done = {0};
	int r = enroll_check(arena, told, &known, err);

	if (r < 0)
		return r;
	chosen = enroll_choose(arena, roll, &known);
	if (recorded.count && !enroll_share(&recorded, &chosen) && !replace) {
		err_set(err, -EEXIST, "the machine has none of the recipients recorded for %s: it says %s, and %s is in '%s'",
			name, chosen.items[0], recorded.items[0], roll->path);
		return err_hint(err, "make sure that it is the machine you mean; if it was made anew, use --replace, then "
				     "encrypt its files again: 'aether-build secrets rekey'");
	}
	for (size_t i = 0; i < recorded.count; i++)
		if (!strv_has(&chosen, recorded.items[i])) {
			strv_push(arena, &done.retired, recorded.items[i]);
			roll_retire(arena, roll, recorded.items[i]);
		}
	for (size_t i = chosen.count; i-- > 0;) {
		if (!strv_has(&recorded, chosen.items[i]))
			strv_push(arena, &done.added, chosen.items[i]);
		roll_add(arena, roll, chosen.items[i]);
	}
	*ret_enrolled = done;
	return 0;
}
