/* A difference for people: in a terminal, and below a merge request. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "shelf/describe.h"
#include "shelf/diff.h"

enum { FOLDED_ABOVE = 20 }; /* lines that are shown without a click */

static const char *diff_print_counts(struct arena *arena, const struct diff_group *group)
{
	const struct { size_t n; const char *word; } parts[] = {
		{group->n_added, "added"}, {group->n_removed, "removed"},
		{group->n - group->n_added - group->n_removed, "changed"},
	};
	const char *text = "";

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].n)
			text = arena_printf(arena, "%s%s%zu %s", text, *text ? ", " : "", parts[i].n, parts[i].word);
	return text;
}

/* "" when there is nothing more to say than that it is there, or only a digest. */
static const char *diff_print_value_of(struct arena *arena, const char *value)
{
	bool is_news = value && strcmp(value, "there") != 0 && strcmp(value, "changed") != 0 && !diff_is_digest(value);

	return is_news ? text_plain(arena, value) : "";
}

/* All fields of a change that fit in one line; without fields, what it was and is. */
static const char *diff_print_summary(struct arena *arena, const struct plan_change *change, const char *arrow)
{
	const char *before = diff_print_value_of(arena, change->before),
		   *after = diff_print_value_of(arena, change->after), *text = "";

	for (size_t i = 0; i < change->n_fields; i++) {
		const char *field = diff_field(arena, &change->fields[i], arrow);

		if (field)
			text = arena_printf(arena, "%s%s%s", text, *text ? ", " : "", field);
	}
	if (*text || !change->before || !change->after || (!*before && !*after))
		return *text ? text : *after ? after : before;
	return arena_printf(arena, "%s %s %s", before, arrow, after);
}

static struct strv diff_print_lines_of(struct arena *arena, const struct plan_change *change)
{
	for (size_t i = 0; i < change->n_fields; i++)
		if (!diff_field(arena, &change->fields[i], ""))
			return diff_lines(arena, change->fields[i].before, change->fields[i].after);
	return (struct strv){0};
}

/* --- sizes ---------------------------------------------------------------------------------------------------------- */

struct size_row {
	const char *what, *before, *after, *growth;
};
enum { N_SIZES = 3 };

static struct size_row diff_print_bytes_row(struct arena *arena, const char *what, uint64_t before, uint64_t after)
{
	return (struct size_row){
		what, size_format_human(arena, before), size_format_human(arena, after),
		before == after ? "" : arena_printf(arena, "%s%s", before < after ? "+" : "-",
						    size_format_human(arena, before < after ? after - before : before - after)),
	};
}

static void diff_print_sizes(const struct diff *diff, struct size_row rows[N_SIZES])
{
	const struct manifest *before = diff->before->manifest, *after = diff->after->manifest;
	long more = (long)after->n_packages - (long)before->n_packages;

	rows[0] = diff_print_bytes_row(diff->arena, "image", before->image.size, after->image.size);
	rows[1] = diff_print_bytes_row(diff->arena, "unpacked", before->image.virtual_size, after->image.virtual_size);
	rows[2] = (struct size_row){
		"packages",
		arena_printf(diff->arena, "%zu", before->n_packages),
		arena_printf(diff->arena, "%zu", after->n_packages),
		more ? arena_printf(diff->arena, "%+ld", more) : "",
	};
}

/* --- in a terminal -------------------------------------------------------------------------------------------------- */

static void diff_print_change(struct arena *arena, const struct plan_change *change)
{
	const char *text = diff_print_summary(arena, change, "->");
	const struct strv lines = diff_print_lines_of(arena, change);

	printf("  %c %s%s%s\n", !change->before ? '+' : !change->after ? '-' : '~', text_plain(arena, change->name),
	       *text ? ": " : "", text);
	for (size_t i = 0; i < lines.count; i++)
		printf("      %s\n", lines.items[i]);
}

void diff_print_text(const struct diff *diff)
{
	struct size_row rows[N_SIZES];
	struct diff_group *groups;
	size_t n = diff_groups(diff, &groups);

	printf("%s -> %s\n", describe_name(diff->arena, diff->before), describe_name(diff->arena, diff->after));
	if (n == 0)
		puts("\nThe plans do not differ.");
	for (size_t g = 0; g < n; g++) {
		printf("\n%s: %s\n", groups[g].heading, diff_print_counts(diff->arena, &groups[g]));
		for (size_t i = 0; i < groups[g].n; i++)
			diff_print_change(diff->arena, groups[g].changes[i]);
	}
	puts("\nSizes");
	diff_print_sizes(diff, rows);
	for (size_t i = 0; i < N_SIZES; i++)
		printf("  %-9s %s -> %s%s%s%s\n", rows[i].what, rows[i].before, rows[i].after, *rows[i].growth ? " (" : "",
		       rows[i].growth, *rows[i].growth ? ")" : "");
}

/* --- as Markdown ---------------------------------------------------------------------------------------------------- */

/* As code, in a table or not: no character of a name means anything, and none ends the code. */
static const char *diff_print_code(struct arena *arena, const char *text)
{
	_cleanup_buf_ struct buf buf = {0};

	if (!*text)
		return "";
	for (; *text; text++)
		buf_printf(&buf, "%s%c", *text == '|' ? "\\" : "", *text == '`' ? '\'' : *text);
	return arena_printf(arena, "`%s`", buf.data);
}

static void diff_print_packages(struct arena *arena, const struct diff_group *group)
{
	puts("| package | before | after |\n|---|---|---|");
	for (size_t i = 0; i < group->n; i++) {
		const struct plan_change *change = group->changes[i];

		printf("| %s | %s | %s |\n", diff_print_code(arena, text_plain(arena, change->name)),
		       diff_print_code(arena, diff_print_value_of(arena, change->before)),
		       diff_print_code(arena, diff_print_value_of(arena, change->after)));
	}
}

static void diff_print_item(struct arena *arena, const struct plan_change *change)
{
	const char *text = diff_print_summary(arena, change, "→");
	const struct strv lines = diff_print_lines_of(arena, change);

	printf("- %s %s%s%s\n",
	       !change->before	? "added"
	       : !change->after ? "removed"
				: "changed",
	       diff_print_code(arena, text_plain(arena, change->name)), *text ? ": " : "",
	       diff_print_code(arena, text));
	if (lines.count)
		puts("\n  ```diff");
	for (size_t i = 0; i < lines.count; i++)
		printf("  %s\n", lines.items[i]);
	if (lines.count)
		puts("  ```");
}

static void diff_print_group(struct arena *arena, const struct diff_group *group)
{
	bool folded = group->n > FOLDED_ABOVE;

	printf("\n#### %s: %s\n\n", group->heading, diff_print_counts(arena, group));
	if (folded)
		printf("<details><summary>%zu lines</summary>\n\n", group->n);
	if (strcmp(group->changes[0]->what, "package") == 0)
		diff_print_packages(arena, group);
	for (size_t i = 0; strcmp(group->changes[0]->what, "package") != 0 && i < group->n; i++)
		diff_print_item(arena, group->changes[i]);
	if (folded)
		puts("\n</details>");
}

void diff_print_markdown(const struct diff *diff)
{
	struct size_row rows[N_SIZES];
	struct diff_group *groups;
	size_t n = diff_groups(diff, &groups);

	printf("### %s → %s\n\n", diff_print_code(diff->arena, describe_name(diff->arena, diff->before)),
	       diff_print_code(diff->arena, describe_name(diff->arena, diff->after)));
	puts("| | before | after | |\n|---|---|---|---|");
	diff_print_sizes(diff, rows);
	for (size_t i = 0; i < N_SIZES; i++)
		printf("| %s | %s | %s | %s |\n", rows[i].what, rows[i].before, rows[i].after, rows[i].growth);
	if (n == 0)
		puts("\nThe plans do not differ.");
	for (size_t g = 0; g < n; g++)
		diff_print_group(diff->arena, &groups[g]);
}
