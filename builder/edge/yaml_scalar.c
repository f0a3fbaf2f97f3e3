/* What the core schema of YAML 1.2 (chapter 10.3.2) takes scalars for. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "edge/yaml.h"

static bool yaml_scalar_is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words;
}

static const char *yaml_scalar_after_sign(const char *text)
{
	return text + (*text == '-' || *text == '+');
}

/* Hexadecimal and octal: what it is in 64 bits. */
static enum scalar yaml_scalar_of_base(const char *text, uint64_t *ret_value)
{
	bool octal = text[1] == 'o';
	const char *digits = octal ? "01234567" : "0123456789abcdefABCDEF";

	if (!text[2] || text[2 + strspn(text + 2, digits)])
		return SCALAR_TEXT;
	errno = 0;
	*ret_value = strtoull(text + 2, NULL, octal ? 8 : 16);
	return errno ? SCALAR_UNCLEAR : SCALAR_INTEGER;
}

static bool yaml_scalar_has_base(const char *text)
{
	return text_has_prefix(text, "0x") || text_has_prefix(text, "0o");
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static enum scalar yaml_scalar_of_number(const char *text)
{
	const char *at = yaml_scalar_after_sign(text), *digits = at;
	size_t whole = strspn(at, "0123456789"), fraction = 0;
	enum scalar type = SCALAR_INTEGER;

	at += whole;
	if (*at == '.') {
		fraction = strspn(at + 1, "0123456789");
		at += 1 + fraction;
		type = SCALAR_REAL;
	}
	if (whole + fraction == 0)
		return SCALAR_TEXT;
	if (*at == 'e' || *at == 'E') {
		at = yaml_scalar_after_sign(at + 1);
		if (!isdigit((unsigned char)*at))
			return SCALAR_TEXT;
		at += strspn(at, "0123456789");
		type = SCALAR_REAL;
	}
	if (*at)
		return SCALAR_TEXT;
	return whole > 1 && *digits == '0' ? SCALAR_UNCLEAR : type;
}

enum scalar node_scalar(const struct node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL}, *const infinites[] = {".inf", ".Inf", ".INF", NULL};
	const char *text = node->text;
	uint64_t value;

	if (!node->plain || node->joined)
		return SCALAR_TEXT;
	if (yaml_scalar_is_one_of(text, nulls))
		return SCALAR_NULL;
	if (yaml_scalar_is_one_of(text, bools))
		return SCALAR_BOOL;
	if (yaml_scalar_is_one_of(text, nans) || yaml_scalar_is_one_of(yaml_scalar_after_sign(text), infinites))
		return SCALAR_INFINITE;
	return yaml_scalar_has_base(text) ? yaml_scalar_of_base(text, &value) : yaml_scalar_of_number(text);
}

const char *node_number(struct arena *arena, const struct node *node, bool yaml)
{
	const char *text = node->text + (*node->text == '+'), *digits = yaml_scalar_after_sign(text);
	const char *rest = digits + strspn(digits, "0123456789"), *exponent = strpbrk(rest, "eE");
	_cleanup_buf_ struct buf out = {0};
	uint64_t value;

	if (yaml_scalar_has_base(text))
		return yaml_scalar_of_base(text, &value) == SCALAR_INTEGER ? arena_printf(arena, "%" PRIu64, value) : "0";
	buf_printf(&out, "%.*s%s", (int)(rest - text), text, rest == digits ? "0" : "");
	if (*rest == '.' || (yaml && exponent)) {
		size_t n = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;

		buf_printf(&out, ".%.*s", n ? (int)n : 1, n ? rest + 1 : "0");
	}
	if (exponent)
		buf_printf(&out, "%c%s%s", *exponent, yaml && isdigit((unsigned char)exponent[1]) ? "+" : "", exponent + 1);
	return arena_strndup(arena, out.data, out.size);
}
