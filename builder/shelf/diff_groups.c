/* What a reader should see of a difference. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/fields.h"
#include "shelf/describe.h"
#include "shelf/diff.h"

enum { HEX_DIGITS = 64, TABLE_MAX = 4 << 20 };

/* --- groups --------------------------------------------------------------------------------------------------------- */

enum { KINDS_MAX = 32 };

/* The groups, in this order: packages, the plan's lists, and what is none of them. How many there are. */
static size_t diff_groups_list_kinds(const struct plan_list *kinds[KINDS_MAX])
{
	static const struct plan_list settings = {.what = "setting", .heading = "Settings"};
	size_t n = 0;

	kinds[n++] = &plan_packages;
	for (const struct plan_list *list = plan_lists; list->key; list++)
		if (strcmp(kinds[n - 1]->what, list->what) != 0) /* the parts of a list are one group */
			kinds[n++] = list;
	kinds[n++] = &plan_excluded;
	kinds[n++] = &settings;
	return n;
}

static size_t diff_groups_kind_of(const struct plan_list *const *kinds, size_t n, const struct plan_change *change)
{
	size_t i = 0;

	while (i < n - 1 && strcmp(kinds[i]->what, change->what) != 0)
		i++;
	return i;
}

/* The tools shape the image and are not in it; the time of all files follows from the packages. */
static bool diff_groups_is_noise(const struct plan_change *change)
{
	return text_has_prefix(change->layer, "tools/") ||
	       (strcmp(change->what, "setting") == 0 && strcmp(change->name, "epoch") == 0);
}

static int diff_groups_by_name(const void *a, const void *b)
{
	const struct plan_change *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

size_t diff_groups(const struct diff *diff, struct diff_group **ret_groups)
{
	const struct plan_list *kinds[KINDS_MAX];
	size_t n_kinds = diff_groups_list_kinds(kinds), counts[KINDS_MAX] = {0}, n = 0;
	struct diff_group *groups = arena_array(diff->arena, struct diff_group, n_kinds);
	const struct plan_change **changes[KINDS_MAX] = {0};
	bool only_noise = true;

	for (size_t i = 0; i < diff->n; i++)
		only_noise = only_noise && diff_groups_is_noise(&diff->changes[i]);
	for (size_t i = 0; i < diff->n; i++) {
		size_t kind = diff_groups_kind_of(kinds, n_kinds, &diff->changes[i]);

		if (only_noise || !diff_groups_is_noise(&diff->changes[i]))
			*arena_push(diff->arena, changes[kind], counts[kind]) = &diff->changes[i];
	}
	for (size_t kind = 0; kind < n_kinds; kind++) {
		if (counts[kind] == 0)
			continue;
		qsort(changes[kind], counts[kind], sizeof *changes[kind], diff_groups_by_name);
		groups[n] = (struct diff_group){.heading = kinds[kind]->heading, .changes = changes[kind], .n = counts[kind]};
		for (size_t i = 0; i < counts[kind]; i++) {
			groups[n].n_added += !changes[kind][i]->before;
			groups[n].n_removed += !changes[kind][i]->after;
		}
		n++;
	}
	*ret_groups = groups;
	return n;
}

/* --- values --------------------------------------------------------------------------------------------------------- */

bool diff_is_digest(const char *value)
{
	return strlen(value) == HEX_DIGITS && strspn(value, "0123456789abcdef") == HEX_DIGITS;
}

static const char *diff_groups_word(struct arena *arena, const char *value)
{
	return value ? text_plain(arena, value) : "nothing";
}

const char *diff_field(struct arena *arena, const struct plan_difference *field, const char *arrow)
{
	if (strcmp(field->name, "sha256") == 0)
		return "content";
	if ((field->before && strchr(field->before, '\n')) || (field->after && strchr(field->after, '\n')))
		return NULL;
	return arena_printf(arena, "%s %s %s %s", field->name, diff_groups_word(arena, field->before), arrow,
			    diff_groups_word(arena, field->after));
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static struct strv diff_groups_split(struct arena *arena, const char *text)
{
	struct strv lines = {0};

	while (text && *text) {
		size_t n = strcspn(text, "\n");

		strv_push(arena, &lines, text_plain(arena, arena_strndup(arena, text, n)));
		text += n + (text[n] == '\n');
	}
	return lines;
}

/* The lengths of the longest common subsequences of what follows line i of `a` and line j of `b`, at [i * (b + 1) + j]. */
static unsigned *diff_groups_common(struct arena *arena, const struct strv *a, const struct strv *b)
{
	size_t row = b->count + 1;
	unsigned *table = arena_array(arena, unsigned, (a->count + 1) * row);

	for (size_t i = a->count; i-- > 0;)
		for (size_t j = b->count; j-- > 0;) {
			unsigned down = table[(i + 1) * row + j], right = table[i * row + j + 1];

			table[i * row + j] = strcmp(a->items[i], b->items[j]) == 0 ? table[(i + 1) * row + j + 1] + 1
					     : down > right			   ? down
										   : right;
		}
	return table;
}

/* The lines that differ, in the making. */
struct edit {
	struct arena *arena;
	struct strv lines;
	const char *section, *told;  /* the one we are in; the one that was told last */
};

static void diff_groups_edit_line(struct edit *edit, const char *sign, const char *line)
{
	if (*line == '[')
		edit->section = edit->told = line;
	else if (edit->section != edit->told)
		strv_push(edit->arena, &edit->lines, arena_printf(edit->arena, " %s", edit->section));
	edit->told = edit->section;
	strv_push(edit->arena, &edit->lines, arena_printf(edit->arena, "%s%s", sign, line));
}

struct strv diff_lines(struct arena *arena, const char *before, const char *after)
{
	const struct strv a = diff_groups_split(arena, before), b = diff_groups_split(arena, after);
	struct edit edit = {.arena = arena};
	size_t i = 0, j = 0, row = b.count + 1;
	const unsigned *table;

	if ((a.count + 1) * row > TABLE_MAX)
		return edit.lines;
	table = diff_groups_common(arena, &a, &b);
	while (i < a.count || j < b.count) {
		if (i < a.count && j < b.count && strcmp(a.items[i], b.items[j]) == 0) {
			if (*a.items[i] == '[')
				edit.section = a.items[i];
			i++;
			j++;
		} else if (j == b.count || (i < a.count && table[(i + 1) * row + j] >= table[i * row + j + 1])) {
			diff_groups_edit_line(&edit, "-", a.items[i++]);
		} else {
			diff_groups_edit_line(&edit, "+", b.items[j++]);
		}
	}
	return edit.lines;
}
