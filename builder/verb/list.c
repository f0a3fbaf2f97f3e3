/* aether-build list [NAME…]: the generations there are. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "shelf/describe.h"
#include "verb/verb.h"

struct list_options {
	struct common_options common;
	const char *out;
};

static const struct option list_own_options[] = {
	OPTION_OUT(list_options),
	{0},
};
static const struct option_group list_option_groups[] = {{list_own_options, 0}, {0}};

enum { COLUMNS = 5, HOSTS_MAX = 4 };

/* All generations that were asked for. */
struct found {
	struct arena *arena;
	struct generation *generations;
	size_t n;
};

static int list_find(struct found *found, const char *out, const char *name, struct err *err)
{
	struct generation *generations;
	size_t n;
	int r = generation_list(found->arena, out, name, &generations, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		*arena_push(found->arena, found->generations, found->n) = generations[i];
	return r;
}

/* Where it was deployed, the latest last. */
static const char *list_places(struct arena *arena, const struct record *record)
{
	size_t first = record->n_deployments > HOSTS_MAX ? record->n_deployments - HOSTS_MAX : 0;
	const char *text = first ? arena_printf(arena, "%zu more", first) : "";

	for (size_t i = first; i < record->n_deployments; i++)
		text = arena_printf(arena, "%s%s%s (%s)", text, *text ? ", " : "",
				    text_plain(arena, record->deployments[i].host),
				    verdict_name(record->deployments[i].verdict));
	return text;
}

static void list_print_row(const char *const row[COLUMNS], const int widths[COLUMNS])
{
	int last = COLUMNS - 1;

	while (last > 0 && !*row[last])
		last--;
	for (int i = 0; i < last; i++)
		printf("%s%*s  ", row[i], text_padding(row[i], (size_t)widths[i]), "");
	printf("%s\n", row[last]);
}

static void list_print_table(const struct found *found)
{
	static const char *const head[COLUMNS] = {"GENERATION", "MADE", "SIZE", "VERDICT", "DEPLOYED"};
	const char *(*rows)[COLUMNS] = arena_alloc(found->arena, (found->n + 1) * sizeof *rows);
	int widths[COLUMNS] = {0};

	memcpy(rows[0], head, sizeof head);
	for (size_t i = 0; i < found->n; i++) {
		const struct generation *generation = &found->generations[i];
		const char *verdict = verdict_name(generation_verdict(generation)), *flaw = describe_flaw(generation);
		const char *row[COLUMNS] = {
			describe_name(found->arena, generation),
			describe_time(found->arena, generation->record.made),
			size_format_human(found->arena, generation->manifest->image.size),
			flaw ? arena_printf(found->arena, "%s, %s", verdict, flaw) : verdict,
			list_places(found->arena, &generation->record),
		};

		memcpy(rows[i + 1], row, sizeof row);
	}
	for (size_t i = 0; i <= found->n; i++)
		for (int c = 0; c < COLUMNS; c++)
			widths[c] = (int)text_columns(rows[i][c]) > widths[c] ? (int)text_columns(rows[i][c]) : widths[c];
	for (size_t i = 0; i <= found->n; i++)
		list_print_row(rows[i], widths);
}

static void list_print_json(const struct found *found)
{
	_cleanup_jval_ struct jval *array = jval_new_array();

	for (size_t i = 0; i < found->n; i++)
		jval_add(array, describe_generation(&found->generations[i]));
	puts(jval_print(found->arena, array, true));
}

static int list_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct list_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv names = {0};
	struct found found = {.arena = arena};
	int r = describe_shelves(arena, options->out, arguments, n_arguments, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = list_find(&found, options->out, names.items[i], err);
	if (r < 0)
		return r;
	if (options->common.json)
		list_print_json(&found);
	else if (found.n)
		list_print_table(&found);
	else
		log_note("nothing was built in '%s' yet", options->out);
	return 0;
}

const struct verb verb_list = {
	.name = "list",
	.arguments = "[NAME…]",
	.summary = "Lists generations, their verdicts and the machines that have them",
	.options = list_option_groups,
	.options_size = sizeof(struct list_options),
	.max_arguments = ANY_NUMBER,
	.run = list_run,
};
