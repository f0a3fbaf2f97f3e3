/* aether-build diff A [B]: what a machine that runs A gets with B; with A alone, what A changed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "shelf/describe.h"
#include "shelf/diff.h"
#include "verb/verb.h"

struct diff_options {
	struct common_options common;
	const char *out;
	bool markdown;
};

static const struct option diff_own_options[] = {
	OPTION_OUT(diff_options),
	{"markdown", NULL, "print Markdown, for a merge request", OPTION_FLAG, offsetof(struct diff_options, markdown),
	 NULL},
	{0},
};
static const struct option_group diff_option_groups[] = {{diff_own_options, 0}, {0}};

/* --- finding both --------------------------------------------------------------------------------------------------- */

/* The generation that `after` replaced; when that is gone, the newest one below it. */
static int diff_find_replaced(struct arena *arena, const struct generation *after, struct generation **ret_before,
			      struct err *err)
{
	const char *shelf = arena_strndup(arena, after->folder, (size_t)(strrchr(after->folder, '/') - after->folder));
	const char *out = strrchr(shelf, '/') ? arena_strndup(arena, shelf, (size_t)(strrchr(shelf, '/') - shelf)) : ".";
	unsigned wanted = after->record.replaced;
	struct generation *all, *best = NULL;
	size_t n;
	int r = generation_list(arena, out, after->name, &all, &n, err);

	for (size_t i = 0; r == 0 && i < n && all[i].number < after->number; i++)
		if (!best || best->number != wanted)
			best = &all[i];
	if (r < 0)
		return r;
	if (!best) {
		err_set(err, -ENOENT, "'%s/%u' has no earlier generation to compare with", after->name, after->number);
		return err_hint(err, "name two generations: aether-build diff A B");
	}
	if (wanted && best->number != wanted)
		log_note("'%s/%u', which it replaced, no longer exists: compared with '%s/%u' instead", after->name,
			 wanted, after->name, best->number);
	*ret_before = best;
	return 0;
}

static int diff_find_both(const struct diff_options *options, char *const *arguments, size_t n_arguments,
			  struct diff *diff, struct err *err)
{
	struct generation *before, *after;
	int r = generation_find(diff->arena, options->out, arguments[n_arguments - 1], &after, err);

	if (r == 0 && n_arguments == 2)
		r = generation_find(diff->arena, options->out, arguments[0], &before, err);
	else if (r == 0)
		r = diff_find_replaced(diff->arena, after, &before, err);
	if (r < 0)
		return r;
	diff->before = before;
	diff->after = after;
	return 0;
}

/* --- comparing ------------------------------------------------------------------------------------------------------ */

static bool diff_is_package(const struct plan_change *change)
{
	return strcmp(change->what, "package") == 0 && text_has_prefix(change->layer, "image/");
}

/* Whether the package went away here and came back in another layer. */
static bool diff_is_move(const struct plan_change *from, const struct plan_change *to)
{
	return diff_is_package(from) && diff_is_package(to) && !from->after && !to->before &&
	       strcmp(from->name, to->name) == 0;
}

/* A layer is how we build; a package that is in another one now has at most a new version. */
static void diff_join_moves(struct plan_change *changes, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		for (size_t j = 0; changes[i].what && j < *n; j++)
			if (changes[j].what && changes[i].what && diff_is_move(&changes[i], &changes[j])) {
				changes[i].after = changes[j].after;
				changes[j].what = NULL;
				if (strcmp(changes[i].before, changes[i].after) == 0)
					changes[i].what = NULL;
			}
	for (size_t i = 0; i < *n; i++)
		if (changes[i].what)
			changes[kept++] = changes[i];
	*n = kept;
}

static int diff_compare(struct diff *diff, struct err *err)
{
	_cleanup_jval_ struct jval *before = NULL, *after = NULL;
	struct plan_change *changes;
	int r = generation_plan(diff->arena, diff->before, &before, err);

	if (r == 0)
		r = generation_plan(diff->arena, diff->after, &after, err);
	if (r < 0)
		return r;
	plan_compare(diff->arena, before, after, &changes, &diff->n);
	diff_join_moves(changes, &diff->n);
	diff->changes = changes;
	return 0;
}

/* --- telling -------------------------------------------------------------------------------------------------------- */

static void diff_print_json(const struct diff *diff)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *changes = jval_new_array();

	jval_set(object, "before", describe_generation(diff->before));
	jval_set(object, "after", describe_generation(diff->after));
	for (size_t i = 0; i < diff->n; i++) {
		const struct plan_change *change = &diff->changes[i];
		struct jval *item = jval_new_object();

		jval_set(item, "what", jval_text(change->what));
		jval_set(item, "name", jval_text(change->name));
		jval_set(item, "layer", jval_text(change->layer));
		jval_set(item, "change", jval_text(!change->before ? "added" : !change->after ? "removed" : "changed"));
		jval_set(item, "before", jval_text(change->before));
		jval_set(item, "after", jval_text(change->after));
		jval_set(item, "fields", describe_fields(change));
		jval_add(changes, item);
	}
	jval_set(object, "changes", changes);
	puts(jval_print(diff->arena, object, true));
}

static int diff_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct diff_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diff diff = {.arena = arena};
	int r;

	if (options->common.json && options->markdown)
		return err_set(err, -EINVAL, "--json and --markdown cannot be used together");
	r = diff_find_both(options, arguments, n_arguments, &diff, err);
	if (r == 0)
		r = diff_compare(&diff, err);
	if (r < 0)
		return r;
	if (options->common.json)
		diff_print_json(&diff);
	else if (options->markdown)
		diff_print_markdown(&diff);
	else
		diff_print_text(&diff);
	return 0;
}

const struct verb verb_diff = {
	.name = "diff",
	.arguments = "[A] B",
	.summary = "Shows the differences between two generations",
	.options = diff_option_groups,
	.options_size = sizeof(struct diff_options),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = diff_run,
};
