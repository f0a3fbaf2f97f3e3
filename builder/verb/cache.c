/* aether-build cache: what the cache holds, and what of it may go. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "build/wanted.h"
#include "cache/evict.h"
#include "edge/jval.h"
#include "host/userns.h"
#include "verb/verb.h"

struct cache_options {
	struct common_options common;
	const char *out, *keep_days, *max_size;
	bool even_named, dry_run;
};

static const struct option cache_own_options[] = {
	OPTION_OUT(cache_options),
	{"keep-days", "N", "remove entries not used for N days", OPTION_TEXT, offsetof(struct cache_options, keep_days),
	 NULL},
	{"max-size", "SIZE", "remove the least recently used entries until SIZE is left", OPTION_TEXT,
	 offsetof(struct cache_options, max_size), NULL},
	{"even-named", NULL, "remove even what a lock or a generation needs", OPTION_FLAG,
	 offsetof(struct cache_options, even_named), NULL},
	{"dry-run", NULL, "remove nothing, only print what would be removed", OPTION_FLAG,
	 offsetof(struct cache_options, dry_run), NULL},
	{0},
};
static const struct option_group cache_option_groups[] = {{cache_own_options, 0}, {0}};

/* How long ago an entry was used, at most so many days. */
static const struct cache_age {
	int64_t days;
	const char *title, *key;
} ages[] = {{1, "<= 1 DAY", "day"}, {7, "<= 7 DAYS", "week"}, {30, "<= 30 DAYS", "month"}, {INT64_MAX, "OLDER", "older"}};
enum { N_AGES = sizeof ages / sizeof *ages, DAY_S = 86400 };

static const struct {
	const char *room, *what;
} kinds[] = {
	{"blobs", "downloads"}, {"containers", "container images, unpacked"}, {"debs", "packages, unpacked"},
	{"layers", "packages, installed"}, {"leaks", "where secrets were looked for"}, {"roots", "root images of packages"},
};

struct cache_sum {
	const char *room;
	size_t n, n_goes;
	uint64_t bytes, named, goes, by_age[N_AGES];
};

struct cache_view {
	struct arena *arena;
	const struct cache_options *options;
	struct cache_limits limits;
	struct cache_entry *entries;
	size_t n;
	struct cache_sum *sums, all; /* by room; of all */
	size_t n_sums;
};

/* --- what is asked for ----------------------------------------------------------------------------------------------- */

static int verb_cache_read_days(const char *text, int64_t *ret_days, struct err *err)
{
	*ret_days = -1;
	if (!text)
		return 0;
	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 5) {
		err_set(err, -EINVAL, "'--keep-days %s': not a valid number of days", text);
		return err_hint(err, "write it like 30");
	}
	*ret_days = strtol(text, NULL, 10);
	return 0;
}

static int verb_cache_read_size(const char *text, uint64_t *ret_bytes, struct err *err)
{
	*ret_bytes = UINT64_MAX;
	if (!text || size_parse(text, ret_bytes) == 0)
		return 0;
	err_set(err, -EINVAL, "--max-size: '%s' is not a valid size", text);
	return err_hint(err, "write it like 500M or 20G");
}

static bool verb_cache_is_limited(const struct cache_limits *limits)
{
	return limits->keep_days >= 0 || limits->max_bytes != UINT64_MAX;
}

/* --- adding up ------------------------------------------------------------------------------------------------------- */

static void verb_cache_add(struct cache_sum *sum, const struct cache_entry *entry, int64_t now)
{
	size_t age = 0;

	while (now - entry->used > ages[age].days * (age + 1 < N_AGES ? DAY_S : 1))
		age++;
	sum->n++;
	sum->bytes += entry->bytes;
	sum->by_age[age] += entry->bytes;
	sum->named += entry->named ? entry->bytes : 0;
	sum->goes += entry->goes ? entry->bytes : 0;
	sum->n_goes += entry->goes;
}

static void verb_cache_sum_up(struct cache_view *view)
{
	view->n_sums = 0;
	view->all = (struct cache_sum){.room = "all"};
	for (size_t i = 0; i < view->n; i++) {
		const struct cache_entry *entry = &view->entries[i];

		if (view->n_sums == 0 || strcmp(view->sums[view->n_sums - 1].room, entry->room) != 0)
			arena_push(view->arena, view->sums, view->n_sums)->room = entry->room;
		verb_cache_add(&view->sums[view->n_sums - 1], entry, view->limits.now);
		verb_cache_add(&view->all, entry, view->limits.now);
	}
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

static const char *verb_cache_kind(const char *room)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].room, room) == 0)
			return kinds[i].what;
	return room;
}

static void verb_cache_print_row(const struct cache_view *view, const struct cache_sum *sum)
{
	const char *kind = verb_cache_kind(sum->room);

	printf("%s%*s %8zu %10s %10s", kind, text_padding(kind, 26), "", sum->n, size_format_human(view->arena, sum->bytes),
	       size_format_human(view->arena, sum->named));
	for (size_t i = 0; i < N_AGES; i++)
		printf(" %10s", size_format_human(view->arena, sum->by_age[i]));
	puts("");
}

static void verb_cache_print(const struct cache_view *view)
{
	printf("%-26s %8s %10s %10s", "KIND", "ENTRIES", "SIZE", "NAMED");
	for (size_t i = 0; i < N_AGES; i++)
		printf(" %10s", ages[i].title);
	puts("");
	for (size_t i = 0; i < view->n_sums; i++)
		verb_cache_print_row(view, &view->sums[i]);
	verb_cache_print_row(view, &view->all);
	if (!verb_cache_is_limited(&view->limits))
		return;
	printf("%zu entries %s, %s %s\n", view->all.n_goes, view->options->dry_run ? "would go" : "removed",
	       size_format_human(view->arena, view->all.goes), view->options->dry_run ? "would be freed" : "freed");
}

static struct jval *verb_cache_json(const struct cache_sum *sum)
{
	struct jval *object = jval_new_object(), *by_age = jval_new_object();

	for (size_t i = 0; i < N_AGES; i++)
		jval_set(by_age, ages[i].key, jval_number((int64_t)sum->by_age[i]));
	jval_set(object, "room", jval_text(sum->room));
	jval_set(object, "entries", jval_number((int64_t)sum->n));
	jval_set(object, "bytes", jval_number((int64_t)sum->bytes));
	jval_set(object, "named", jval_number((int64_t)sum->named));
	jval_set(object, "by_age", by_age);
	jval_set(object, "removed", jval_number((int64_t)sum->n_goes));
	jval_set(object, "freed", jval_number((int64_t)sum->goes));
	return object;
}

static void verb_cache_print_json(const struct cache_view *view, const char *folder)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *rooms = jval_new_array();

	for (size_t i = 0; i < view->n_sums; i++)
		jval_add(rooms, verb_cache_json(&view->sums[i]));
	jval_set(object, "cache", jval_text(folder));
	jval_set(object, "dry_run", jval_bool(view->options->dry_run));
	jval_set(object, "rooms", rooms);
	jval_set(object, "all", verb_cache_json(&view->all));
	puts(jval_print(view->arena, object, true));
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static int verb_cache_look(struct cache_view *view, struct cache *cache, struct err *err)
{
	struct strv wanted = {0};
	int r;

	log_step("reading the cache");
	r = wanted_entries(view->arena, view->options->out, ".", &wanted, err);
	if (r == 0)
		cache_scan(cache, view->arena, &view->entries, &view->n);
	for (size_t i = 0; r == 0 && i < view->n; i++)
		view->entries[i].named = wanted_has(&wanted, view->entries[i].room, view->entries[i].key);
	return r;
}

static int verb_cache_work(struct cache_view *view, struct cache *cache, struct err *err)
{
	int r = verb_cache_look(view, cache, err);

	view->limits.now = time(NULL);
	view->limits.even_named = view->options->even_named;
	if (r < 0 || !verb_cache_is_limited(&view->limits))
		return r;
	view->limits.in_use = !cache_claim(cache);
	if (view->limits.in_use)
		log_note("the cache is in use: entries that may be in use are kept");
	cache_choose(view->entries, view->n, &view->limits);
	if (view->options->dry_run)
		return 0;
	log_step("removing");
	return cache_evict(cache, view->entries, view->n, err);
}

static int verb_cache_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct cache_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache_view view = {.arena = arena, .options = options};
	const char *folder = options->common.cache ? options->common.cache : cache_default(arena);
	struct cache *cache = NULL;
	int r = verb_cache_read_days(options->keep_days, &view.limits.keep_days, err);

	(void)arguments;
	(void)n_arguments;
	if (r == 0)
		r = verb_cache_read_size(options->max_size, &view.limits.max_bytes, err);
	if (r == 0)
		r = userns_enter(err); /* layers are of subordinate ids */
	if (r == 0)
		r = cache_open(folder, &cache, err);
	if (r == 0)
		r = verb_cache_work(&view, cache, err);
	log_step(NULL);
	if (r == 0) {
		verb_cache_sum_up(&view);
		if (options->common.json)
			verb_cache_print_json(&view, cache_folder(cache));
		else
			verb_cache_print(&view);
	}
	cache_close(cache);
	return r;
}

const struct verb verb_cache = {
	.name = "cache",
	.arguments = "",
	.summary = "Shows the content of the cache, and removes unused entries",
	.options = cache_option_groups,
	.options_size = sizeof(struct cache_options),
	.run = verb_cache_run,
};
