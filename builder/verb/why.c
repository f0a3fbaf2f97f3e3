/* aether-build why RECIPE: what has changed since the newest generation, and what has to be made again for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "build/project.h"
#include "plan/fields.h"
#include "plan/json.h"
#include "shelf/describe.h"
#include "shelf/publish.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct why_options {
	struct common_options common;
	struct project_options recipe;
	const char *out;
};

static const struct option why_own_options[] = {
	OPTION_OUT(why_options),
	{0},
};
static const struct option_group why_option_groups[] = {{recipe_options, offsetof(struct why_options, recipe)},
							{kind_options, offsetof(struct why_options, recipe)},
							{why_own_options, 0},
							{0}};

enum { PLAN_BYTES_MAX = 64 << 20 };

/* What of it has changed, where that fits in a line. */
static void why_print_fields(const struct plan_change *change)
{
	const char *between = ": ";

	printf("changed");
	for (size_t i = 0; i < change->n_fields; i++) {
		const char *before = change->fields[i].before ? change->fields[i].before : "nothing";
		const char *after = change->fields[i].after ? change->fields[i].after : "nothing";

		if (strchr(before, '\n') || strchr(after, '\n'))
			continue;
		printf("%s%s %.40s -> %.40s", between, change->fields[i].name, before, after);
		between = ", ";
	}
}

static void why_print_change(const struct plan *plan, const struct plan_change *change)
{
	const struct pos *pos = plan_words(plan, change->what, change->name);

	printf("%s: %s %s: ", change->layer, change->what, change->name);
	if (!change->before)
		printf("new%s%s", strcmp(change->after, "there") == 0 ? "" : ", ",
		       strcmp(change->after, "there") == 0 ? "" : change->after);
	else if (!change->after)
		printf("gone");
	else if (strcmp(change->after, "changed") == 0)
		why_print_fields(change);
	else
		printf("%.40s -> %.40s", change->before, change->after);
	if (pos && pos->file && pos->line)
		printf(" (%s:%u)", pos->file, pos->line);
	puts("");
}

static struct jval *why_change_json(const struct plan *plan, const struct plan_change *change)
{
	const struct pos *pos = plan_words(plan, change->what, change->name);
	struct jval *object = jval_new_object();

	jval_set(object, "layer", jval_text(change->layer));
	jval_set(object, "what", jval_text(change->what));
	jval_set(object, "name", jval_text(change->name));
	jval_set(object, "before", jval_text(change->before));
	jval_set(object, "after", jval_text(change->after));
	jval_set(object, "fields", describe_fields(change));
	if (pos && pos->file) {
		jval_set(object, "file", jval_text(pos->file));
		jval_set(object, "line", jval_number(pos->line));
	}
	return object;
}

/* The plan of the newest generation; *ret_number 0 when there is none that kept its plan. */
static int why_read_newest(struct arena *arena, const char *out, const char *name, unsigned *ret_number,
			   struct jval **ret_plan, struct err *err)
{
	const char *shelf = arena_printf(arena, "%s/%s", out, name), *path;
	_cleanup_buf_ struct buf text = {0};
	int r;

	*ret_number = publish_newest(shelf);
	path = arena_printf(arena, "%s/%u/plan.json", shelf, *ret_number);
	if (*ret_number == 0 || !path_exists(path)) {
		*ret_number = 0;
		return 0;
	}
	r = file_read(path, PLAN_BYTES_MAX, &text, err);
	if (r < 0)
		return r;
	return jval_read(path, text.data, text.size, ret_plan, err);
}

static void why_report(const struct why_options *options, const struct plan *plan, unsigned number,
		       const struct jval *before, struct arena *arena)
{
	_cleanup_jval_ struct jval *after = plan_json(plan), *array = jval_new_array();
	struct plan_change *changes = NULL;
	size_t n = 0;

	if (number)
		plan_compare(arena, before, after, &changes, &n);
	for (size_t i = 0; i < n; i++) {
		if (options->common.json)
			jval_add(array, why_change_json(plan, &changes[i]));
		else
			why_print_change(plan, &changes[i]);
	}
	if (options->common.json)
		puts(jval_print(arena, array, true));
	else if (number == 0)
		printf("'%s' was never built below '%s': everything must be made\n", plan->recipe->name, options->out);
	else if (n == 0)
		printf("nothing has changed since generation %u\n", number);
}

static int why_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct why_options *options = data;
	_cleanup_project_ struct project project = {0};
	_cleanup_jval_ struct jval *before = NULL;
	unsigned number = 0;
	int r = project_load(arguments[0], 0, &options->recipe, &project, err);

	(void)n_arguments;
	if (r == 0)
		r = project_plan(&project, err);
	if (r == 0)
		r = why_read_newest(project.arena, options->out, project_shelf(&project), &number, &before, err);
	if (r < 0)
		return r;
	why_report(options, project.plan, number, before, project.arena);
	return 0;
}

const struct verb verb_why = {
	.name = "why",
	.arguments = "RECIPE",
	.summary = "Shows what has changed since the newest generation",
	.options = why_option_groups,
	.options_size = sizeof(struct why_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = why_run,
};
