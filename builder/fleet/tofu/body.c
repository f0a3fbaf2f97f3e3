#include "fleet/tofu/body.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "fleet/tofu/expression.h"

enum { MIB_BITS = 20, GIB_BITS = 30 };

static struct jval *body_texts(struct arena *arena, const struct strv *texts)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < texts->count; i++)
		jval_add(array, jval_text(expression_literal(arena, texts->items[i])));
	return array;
}

/* The row's value by itself; NULL when there is none. */
static struct jval *body_value(struct arena *arena, const struct attribute *row, const void *at)
{
	uint64_t size = row->type == ATTRIBUTE_MIB || row->type == ATTRIBUTE_GIB || row->type == ATTRIBUTE_GIB_TEXT
				? *(const uint64_t *)at : 0;
	int64_t number = row->type == ATTRIBUTE_NUMBER ? *(const int64_t *)at : 0;

	switch (row->type) {
	case ATTRIBUTE_TEXT:
		return *(const char *const *)at ? jval_text(expression_literal(arena, *(const char *const *)at)) : NULL;
	case ATTRIBUTE_NUMBER:
		return number ? jval_number(number) : NULL;
	case ATTRIBUTE_FLAG:
		return jval_bool(*(const bool *)at);
	case ATTRIBUTE_MIB:
		return size ? jval_number((int64_t)(size >> MIB_BITS)) : NULL;
	case ATTRIBUTE_GIB:
		return size ? jval_number((int64_t)(size >> GIB_BITS)) : NULL;
	case ATTRIBUTE_GIB_TEXT:
		return size ? jval_text(arena_printf(arena, "%" PRIu64 "G", size >> GIB_BITS)) : NULL;
	case ATTRIBUTE_TEXTS:
		return ((const struct strv *)at)->count ? body_texts(arena, at) : NULL;
	case ATTRIBUTE_DISCARD:
		return jval_text(*(const bool *)at ? "on" : "ignore");
	}
	return NULL;
}

/* The value as the recipe had it from facts: only where it was taken as it is, or the estate's would not be the same. */
static struct jval *body_expression(struct arena *arena, const struct attribute *row,
					  const struct attribute_source *source, const void *at)
{
	const struct node *node = source->facts && row->word ? node_get(source->words, row->word) : NULL;
	const char *value = NULL;

	if (row->type == ATTRIBUTE_TEXT)
		value = *(const char *const *)at;
	else if (row->type == ATTRIBUTE_NUMBER)
		value = arena_printf(arena, "%" PRId64, *(const int64_t *)at);
	if (!node || !node->written || !value || strcmp(node->text, value) != 0)
		return NULL;
	return jval_text(expression_of_facts(arena, node->written, source->facts));
}

void body_set(struct arena *arena, struct jval *object, const struct attribute *rows,
		    const struct attribute_source *source)
{
	struct jval *block = NULL;
	const char *name = NULL;

	for (const struct attribute *row = rows; row->name; row++) {
		const void *at = (const char *)source->record + row->offset;
		struct jval *value = body_expression(arena, row, source, at);

		if (!value)
			value = body_value(arena, row, at);
		if (!value)
			continue;
		if (row->block && (!name || strcmp(name, row->block) != 0)) {
			name = row->block;
			block = jval_new_object();
			jval_set(object, name, block);
		}
		jval_set(row->block ? block : object, row->name, value);
	}
}
