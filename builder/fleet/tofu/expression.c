#include "fleet/tofu/expression.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static const char DIGITS[] = "0123456789";
static const char WORD[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
static const char FACTS[] = "${facts.";

const char *expression_literal(struct arena *arena, const char *text)
{
	_cleanup_buf_ struct buf out = {0};

	for (; *text; text++) {
		if (text_has_prefix(text, "${") || text_has_prefix(text, "%{"))
			buf_add(&out, text, 1);
		buf_add(&out, text, 1);
	}
	return out.data ? arena_strdup(arena, out.data) : "";
}

static size_t expression_identifier(const char *text)
{
	return isalpha((unsigned char)*text) || *text == '_' ? strspn(text, WORD) : 0;
}

bool expression_is_path(const char *text)
{
	size_t n = expression_identifier(text);

	return n > 0 && (text[n] == 0 || (text[n] == '.' && expression_is_path(text + n + 1)));
}

/* A key of YAML that is a number and an index of a list look the same: [7] is both. */
const char *expression_part(struct arena *arena, const char *base, const char *name)
{
	if (*name && strspn(name, DIGITS) == strlen(name))
		return arena_printf(arena, "%s[%s]", base, name);
	if (*name && name[expression_identifier(name)] == 0)
		return arena_printf(arena, "%s.%s", base, name);
	return arena_printf(arena, "%s[\"%s\"]", base, expression_literal(arena, name));
}

/* What stands for the reference to a fact that begins at `text`; *ret_next is what follows it. */
static const char *expression_fact(struct arena *arena, const char *text, const char *local, const char **ret_next)
{
	size_t length = strcspn(text, "}");
	char *path = arena_strndup(arena, text + strlen(FACTS), length - strlen(FACTS)), *word;
	const char *value = arena_printf(arena, "local.%s", local);

	while ((word = strsep(&path, ".")))
		value = expression_part(arena, value, word);
	*ret_next = text + length + (text[length] == '}');
	return value;
}

const char *expression_of_facts(struct arena *arena, const char *written, const char *local)
{
	_cleanup_buf_ struct buf out = {0};
	const char *at = written;

	while (*at)
		if (text_has_prefix(at, FACTS)) {
			buf_printf(&out, "${%s}", expression_fact(arena, at, local, &at));
		} else if (text_has_prefix(at, "$${")) {
			buf_puts(&out, "$${");
			at += strlen("$${");
		} else {
			if (text_has_prefix(at, "%{"))
				buf_puts(&out, "%");
			buf_add(&out, at++, 1);
		}
	return out.data ? arena_strdup(arena, out.data) : "";
}
