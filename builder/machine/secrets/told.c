#include "machine/secrets/told.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/command.h"
#include "machine/lines.h"
#include "machine/say.h"

#define KEPT SECRETS_STATUS ".units"

enum { KEPT_BYTES_MAX = 1 << 20, SECONDS = 60 };

/* A unit of a secret ends when its verdict was heard, so `start` asks again, clears a failure, and stops nobody. */
static const char *const verbs[TOLD_VERBS] = {
	[TOLD_VERDICT] = "start",
	[TOLD_RESTART] = "try-restart",
	[TOLD_RELOAD] = "try-reload-or-restart",
	[TOLD_START] = "start",
};

static bool told_has(const struct texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return true;
	return false;
}

static void told_add(const struct here *here, struct told *told, enum told_verb verb, const struct texts *units)
{
	for (size_t i = 0; i < units->count; i++)
		if (!told_has(&told->units[verb], units->items[i]))
			*pool_push(here->pool, told->units[verb].items, told->units[verb].count) = units->items[i];
}

const char *told_unit(struct pool *pool, const char *name)
{
	struct growing unit = {.pool = pool};

	growing_puts(&unit, SECRETS_UNIT_EACH);
	for (const char *at = name; *at; at++)
		if (*at == '/')
			growing_puts(&unit, "-");
		else if (isalnum((unsigned char)*at) || *at == ':' || *at == '_' || (*at == '.' && at > name))
			growing_add(&unit, at, 1);
		else
			growing_puts(&unit, pool_printf(pool, "\\x%02x", (unsigned char)*at));
	growing_puts(&unit, ".service");
	return (const char *)growing_bytes(&unit).data;
}

/* --- what there is to tell ------------------------------------------------------------------------------------------- */

/* Lines of a number and a unit. */
void told_begin(const struct here *here, struct told *ret_told)
{
	struct bytes text;
	char *rest, *fields[2];

	*ret_told = (struct told){0};
	if (here->boot || here_read(here, KEPT, KEPT_BYTES_MAX, &text) < 0)
		return;
	rest = (char *)(uintptr_t)text.data;
	while (lines_fields(&rest, fields, 2) == 2) {
		struct texts unit = {.items = (const char *[]){fields[1]}, .count = 1};

		if (fields[0][0] >= '0' && fields[0][0] < '0' + TOLD_VERBS)
			told_add(here, ret_told, (enum told_verb)(fields[0][0] - '0'), &unit);
	}
}

void told_add_changed(const struct here *here, struct told *told, const struct declared *declared)
{
	for (size_t i = 0; i < declared->n_items; i++) {
		const struct item *item = &declared->items[i];

		if (!item->changed)
			continue;
		told_add(here, told, TOLD_RESTART, &item->restart);
		told_add(here, told, TOLD_RELOAD, &item->reload);
	}
}

void told_add_states(const struct here *here, struct told *told, const struct declared *declared,
		     const struct verdicts *before)
{
	for (size_t i = 0; i < declared->n_items; i++) {
		const struct item *item = &declared->items[i];
		const struct verdict_line *line = verdicts_find(before, item->name);
		const char *unit = told_unit(here->pool, item->name);
		bool good = item->verdict == VERDICT_GOOD, was_good = line && strcmp(line->state, SECRETS_STATE_GOOD) == 0;

		if (good != was_good)
			told_add(here, told, TOLD_VERDICT, &(struct texts){.items = &unit, .count = 1});
		if (good && !was_good)
			told_add(here, told, TOLD_START, &item->need);
	}
}

int told_keep(const struct here *here, const struct told *told)
{
	struct growing text = {.pool = here->pool};

	for (unsigned verb = 0; verb < TOLD_VERBS; verb++)
		for (size_t i = 0; i < told->units[verb].count; i++)
			growing_puts(&text, pool_printf(here->pool, "%u\t%s\n", verb, told->units[verb].items[i]));
	return here_put(here, KEPT, growing_bytes(&text));
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

static void told_run(const struct here *here, const char *verb, const struct texts *units, const struct texts *but)
{
	struct texts words = {0};
	const char **argv;
	char said[300] = "";
	int r;

	*pool_push(here->pool, words.items, words.count) = "systemctl";
	*pool_push(here->pool, words.items, words.count) = "--no-block";
	*pool_push(here->pool, words.items, words.count) = verb;
	for (size_t i = 0; i < units->count; i++)
		if (!but || !told_has(but, units->items[i]))
			*pool_push(here->pool, words.items, words.count) = units->items[i];
	if (words.count == 3)
		return;
	argv = words.items;
	if (*here->root) {
		for (size_t i = 0; i < words.count; i++)
			printf("%s%s", i ? " " : "would run: ", argv[i]);
		puts("");
		fflush(stdout); /* the list is forgotten next */
		return;
	}
	*pool_push(here->pool, words.items, words.count) = NULL;
	r = command_run(words.items, SECONDS, said, sizeof said);
	if (r != 0)
		say("systemctl %s: %s", verb, r < 0 ? strerror(-r) : *said ? said : "it failed");
}

void told_tell(const struct here *here, const struct told *told)
{
	for (unsigned verb = 0; verb < TOLD_VERBS && !here->boot; verb++)
		told_run(here, verbs[verb], &told->units[verb], verb == TOLD_RELOAD ? &told->units[TOLD_RESTART] : NULL);
	if (unlink(here_path(here, KEPT)) < 0 && errno != ENOENT)
		say(KEPT " cannot be removed: %s", strerror(errno));
}
