#include "recipe/joined.h"

#include <string.h>

#include "base/text.h"

const char *joined_fact(const char *name)
{
	return text_has_prefix(name, "facts.") ? name : NULL;
}

const char *joined_written(struct arena *arena, const char *fact, const struct node *value)
{
	if (value->written || value->type != NODE_SCALAR || !fact)
		return value->written;
	return arena_printf(arena, "${%s}", fact);
}

void joined_put(struct joined *joined, struct arena *arena, const char *name, const struct node *value)
{
	const char *written = joined_written(arena, joined_fact(name), value);

	buf_puts(&joined->text, value->text);
	joined->facts |= written != NULL;
	if (written)
		buf_puts(&joined->written, written);
	for (const char *at = value->text; !written && *at; at++) {
		if (text_has_prefix(at, "${"))
			buf_puts(&joined->written, "$");
		buf_add(&joined->written, at, 1);
	}
}

const char *joined_put_plain(struct joined *joined, const char *text)
{
	size_t dollar = text_has_prefix(text, "$${"), n = dollar ? strlen("$${") : 1;

	buf_add(&joined->written, text, n);
	buf_add(&joined->text, text + dollar, n - dollar);
	return text + n;
}

const char *joined_text(const struct joined *joined, struct arena *arena)
{
	return joined->text.data ? arena_strndup(arena, joined->text.data, joined->text.size) : "";
}

void joined_free(struct joined *joined)
{
	buf_free(&joined->text);
	buf_free(&joined->written);
}
