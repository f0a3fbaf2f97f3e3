/* aether-build gc --keep N [NAME…]: removes generations that nobody needs any more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shelf/describe.h"
#include "shelf/gc.h"
#include "verb/verb.h"

struct gc_options {
	struct common_options common;
	const char *out, *keep;
	bool dry_run;
};

static const struct option gc_own_options[] = {
	OPTION_OUT(gc_options),
	{"keep", "N", "number of newest generations to keep (required)", OPTION_TEXT, offsetof(struct gc_options, keep),
	 NULL},
	{"dry-run", NULL, "remove nothing, only print what would be removed", OPTION_FLAG,
	 offsetof(struct gc_options, dry_run), NULL},
	{0},
};
static const struct option_group gc_option_groups[] = {{gc_own_options, 0}, {0}};

/* What was done, or would be. */
struct collected {
	struct arena *arena;
	const struct gc_options *options;
	unsigned keep, n_removed;
	uint64_t bytes;
	struct jval *removed, *stays; /* for --json; in an object of run()'s */
};

static int verb_gc_read_keep(const char *text, unsigned *ret_keep, struct err *err)
{
	if (!text) {
		err_set(err, -EINVAL, "the number of generations to keep is missing");
		return err_hint(err, "add --keep N, for example --keep 5");
	}
	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 9)
		return err_set(err, -EINVAL, "'--keep %s': not a valid number", text);
	*ret_keep = (unsigned)strtoul(text, NULL, 10);
	return 0;
}

static void verb_gc_tell_json(struct collected *collected, const char *name, const struct gc_item *item)
{
	struct jval *object = jval_new_object();

	jval_set(object, "name", jval_text(name));
	jval_set(object, "number", jval_number(item->number));
	jval_set(object, "bytes", jval_number((int64_t)item->bytes));
	if (item->stays)
		jval_set(object, "reason", jval_text(item->stays));
	jval_add(item->stays ? collected->stays : collected->removed, object);
}

/* Generations that stay because of --keep are not listed. */
static void verb_gc_tell(struct collected *collected, const char *name, const struct gc_item *item, bool is_new)
{
	if (collected->options->common.json)
		verb_gc_tell_json(collected, name, item);
	else if (!item->stays)
		printf("%s/%u %s (%s)\n", name, item->number, collected->options->dry_run ? "would go" : "removed",
		       size_format_human(collected->arena, item->bytes));
	else if (!is_new)
		printf("%s/%u stays: %s\n", name, item->number, text_plain(collected->arena, item->stays));
	if (!item->stays) {
		collected->n_removed++;
		collected->bytes += item->bytes;
	}
}

static int verb_gc_collect(struct collected *collected, const char *name, struct err *err)
{
	const struct gc_options *options = collected->options;
	struct gc_item *items;
	size_t n;
	int r = gc_shelf(collected->arena, options->out, name, collected->keep, options->dry_run, &items, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		verb_gc_tell(collected, name, &items[i], n - i <= collected->keep);
	return r;
}

static void verb_gc_sum_up(const struct collected *collected, struct jval *object)
{
	bool dry_run = collected->options->dry_run;

	if (collected->options->common.json) {
		jval_set(object, "dry_run", jval_bool(dry_run));
		jval_set(object, "bytes", jval_number((int64_t)collected->bytes));
		puts(jval_print(collected->arena, object, true));
		return;
	}
	printf("%u generation%s %s, %s %s\n", collected->n_removed, collected->n_removed == 1 ? "" : "s",
	       dry_run ? "would go" : "removed", size_format_human(collected->arena, collected->bytes),
	       dry_run ? "would be freed" : "freed");
}

static int verb_gc_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct gc_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct strv names = {0};
	struct collected collected = {
		.arena = arena,
		.options = options,
		.removed = jval_new_array(),
		.stays = jval_new_array(),
	};
	int r = verb_gc_read_keep(options->keep, &collected.keep, err);

	jval_set(object, "removed", collected.removed);
	jval_set(object, "stays", collected.stays);
	if (r == 0)
		r = describe_shelves(arena, options->out, arguments, n_arguments, &names, err);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = verb_gc_collect(&collected, names.items[i], err);
	if (r == 0)
		verb_gc_sum_up(&collected, object);
	return r;
}

const struct verb verb_gc = {
	.name = "gc",
	.arguments = "[NAME…]",
	.summary = "Removes old generations, but not the last good one or one in use",
	.options = gc_option_groups,
	.options_size = sizeof(struct gc_options),
	.max_arguments = ANY_NUMBER,
	.run = verb_gc_run,
};
