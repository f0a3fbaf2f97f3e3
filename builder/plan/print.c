/* The plan's canonical text: what everything is named by. A line for each value and each item, in the order of the tables. */
#include "plan/print.h"

#include <inttypes.h>
#include <string.h>

#include "plan/fields.h"

void print_word(struct buf *text, const char *word)
{
	bool plain = *word != 0;

	for (const char *c = word; *c; c++)
		plain &= (unsigned char)*c > ' ' && *c != '"' && *c != '\\';
	if (plain) {
		buf_puts(text, word);
		return;
	}
	buf_puts(text, "\"");
	for (; *word; word++)
		if ((unsigned char)*word < ' ')
			buf_printf(text, "\\%03o", (unsigned char)*word);
		else
			buf_printf(text, "%s%c", *word == '"' || *word == '\\' ? "\\" : "", *word);
	buf_puts(text, "\"");
}

void print_words(struct buf *text, const char *key, const struct strv *words)
{
	if (words->count == 0)
		return;
	buf_puts(text, key);
	for (size_t i = 0; i < words->count; i++) {
		buf_puts(text, " ");
		print_word(text, words->items[i]);
	}
	buf_puts(text, "\n");
}

/* A text of many lines, indented: nothing in it can be taken for a line of the plan. */
static void plan_print_block(struct buf *text, const char *block)
{
	while (*block) {
		size_t length = strcspn(block, "\n");

		buf_printf(text, "\n  %.*s", (int)length, block);
		block += length + (block[length] == '\n');
	}
}

/* A value, after a blank and what may stand before it. */
static void plan_print_value(struct buf *text, const char *before, const struct plan_field *field, const void *item)
{
	struct plan_value value;

	plan_value_of(field, item, &value);
	switch (value.form) {
	case SAYS_TEXT:
		buf_printf(text, " %s", before);
		print_word(text, value.text);
		break;
	case SAYS_NUMBER:
		buf_printf(text, " %s%" PRId64, before, value.number);
		break;
	case SAYS_WORDS:
		for (size_t i = 0; i < value.words->count; i++) {
			buf_printf(text, " %s", before);
			print_word(text, value.words->items[i]);
		}
		break;
	case SAYS_RECORD:
		for (const struct plan_field *inside = field->inside; !plan_field_ends(inside); inside++)
			plan_print_value(text, before, inside, item);
		break;
	case SAYS_LINES:
	case SAYS_BOOL:
	case SAYS_NOTHING:
		break;
	}
}

static void plan_print_field(struct buf *text, bool several, const struct plan_field *field, const void *item)
{
	struct plan_value value;
	char before[40];

	plan_value_of(field, item, &value);
	if (value.form == SAYS_NOTHING)
		return;
	if (value.form == SAYS_BOOL) {
		if (value.number || field->type == PLAN_TRISTATE)
			buf_printf(text, " %s%s", field->name, value.number ? "" : "=no");
		return;
	}
	if (field->flags & PLAN_NAMES) {
		if (several)
			buf_printf(text, " %s", field->name);
		plan_print_value(text, "", field, item);
		return;
	}
	snprintf(before, sizeof before, "%s=", field->name);
	plan_print_value(text, before, field, item);
}

static void plan_print_item(struct buf *text, const struct plan_list *list, const void *item)
{
	bool several = plan_several_names(list);
	struct plan_value value;

	buf_puts(text, list->what);
	for (const struct plan_field *field = list->fields; !plan_field_ends(field); field++) {
		if (!(field->flags & PLAN_HIDDEN))
			plan_print_field(text, several, field, item);
		if (field == list->fields && list->after)
			buf_puts(text, list->after);
	}
	for (const struct plan_field *field = list->fields; !plan_field_ends(field); field++) {
		plan_value_of(field, item, &value);
		if (value.form == SAYS_LINES)
			plan_print_block(text, value.text);
	}
	buf_puts(text, "\n");
}

static void plan_print_list(struct buf *text, const struct plan_list *list, const void *base)
{
	for (size_t i = 0; i < plan_count(list, base); i++)
		plan_print_item(text, list, plan_item(list, base, i));
}

static void plan_print_tree(struct buf *text, const char *name, const struct plan_tree *tree)
{
	for (unsigned l = 0; tree->recipe && l < LAYER_COUNT; l++) {
		buf_printf(text, "\nlayer %s/%s %s\n", name, debian_layer_names[l], tree->layers[l].key);
		print_words(text, "include", &tree->layers[l].exceptions);
		plan_print_list(text, &plan_packages, &tree->layers[l]);
	}
}

void plan_print(struct buf *text, const struct plan *plan)
{
	const char *last = "";

	buf_puts(text, "aether-build plan 2\n");
	for (const struct plan_single *single = plan_singles; single->field.name; single++) {
		struct plan_value value;

		plan_value_of(&single->field, plan, &value);
		if ((single->field.flags & PLAN_HIDDEN) || value.form == SAYS_NOTHING)
			continue;
		buf_puts(text, single->field.name);
		plan_print_value(text, "", &single->field, plan);
		buf_puts(text, "\n");
	}
	for (const struct plan_list *list = plan_lists; list->key; list++) {
		const void *base = plan_base(plan, list);

		if (plan_count(list, base) && strcmp(list->key, last) != 0)
			buf_puts(text, "\n");
		last = plan_count(list, base) ? list->key : last;
		plan_print_list(text, list, base);
	}
	plan_print_tree(text, "image", &plan->image);
	plan_print_tree(text, "tools", &plan->tools);
}
