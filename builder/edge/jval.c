#include "edge/jval.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* `struct jval` is jansson's json_t under our name. */
static json_t *jval_to(const struct jval *value)
{
	return (json_t *)value;
}

static struct jval *jval_from(json_t *value)
{
	if (!value) {
		fputs("aether-build: out of memory\n", stderr);
		exit(1);
	}
	return (struct jval *)value;
}

struct jval *jval_new_object(void)
{
	return jval_from(json_pack("{}"));
}

struct jval *jval_new_array(void)
{
	return jval_from(json_pack("[]"));
}

struct jval *jval_text(const char *text)
{
	json_t *value;

	if (!text)
		return jval_from(json_null());
	value = json_string(text);
	return jval_from(value ? value : json_string("?"));
}

struct jval *jval_texts(const struct strv *list)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < list->count; i++)
		jval_add(array, jval_text(list->items[i]));
	return array;
}

struct jval *jval_number(int64_t value)
{
	return jval_from(json_integer(value));
}

struct jval *jval_bool(bool value)
{
	return jval_from(json_boolean(value));
}

void jval_set(struct jval *object, const char *key, struct jval *value)
{
	if (json_object_set_new(jval_to(object), key, jval_to(value)) < 0)
		jval_from(NULL);
}

void jval_add(struct jval *array, struct jval *value)
{
	if (json_array_append_new(jval_to(array), jval_to(value)) < 0)
		jval_from(NULL);
}

void jval_free(struct jval *value)
{
	json_decref(jval_to(value));
}

/* Of a number alone: the fewest digits that read as the same; of 0.1 all 17 would be another text. */
static size_t jval_digits(const json_t *of)
{
	char text[40];
	int digits = 15;

	if (!json_is_real(of))
		return 0;
	while (digits < 17) {
		snprintf(text, sizeof text, "%.*g", digits, json_real_value(of));
		if (strtod(text, NULL) == json_real_value(of))
			break;
		digits++;
	}
	return JSON_REAL_PRECISION((size_t)digits);
}

const char *jval_print(struct arena *arena, const struct jval *value, bool lines)
{
	char *text = json_dumps(jval_to(value),
				JSON_ENCODE_ANY | (lines ? JSON_INDENT(2) : JSON_COMPACT) | jval_digits(jval_to(value)));
	const char *copy;

	if (!text)
		jval_from(NULL);
	copy = arena_strdup(arena, text);
	free(text);
	return copy;
}

int jval_read(const char *name, const char *text, size_t size, struct jval **ret_value, struct err *err)
{
	json_error_t problem;
	json_t *value = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &problem);
	struct pos pos = {name, (unsigned)(problem.line > 0 ? problem.line : 0),
			  (unsigned)(problem.column > 0 ? problem.column : 0)};

	if (!value)
		return err_at(err, -EBADMSG, &pos, NULL, "not JSON: %s", problem.text);
	*ret_value = jval_from(value);
	return 0;
}

const struct jval *jval_get(const struct jval *object, const char *key)
{
	return (const struct jval *)json_object_get(jval_to(object), key);
}

const struct jval *jval_item(const struct jval *array, size_t i)
{
	return (const struct jval *)json_array_get(jval_to(array), i);
}

size_t jval_count(const struct jval *array)
{
	return json_array_size(jval_to(array));
}

const char *jval_text_of(const struct jval *value)
{
	return json_string_value(jval_to(value));
}

const char *jval_get_text(const struct jval *object, const char *key)
{
	return json_string_value(jval_to(jval_get(object, key)));
}

int64_t jval_get_number(const struct jval *object, const char *key)
{
	return json_integer_value(jval_to(jval_get(object, key)));
}

struct jval *jval_take(struct jval *object, const char *key)
{
	json_t *value = json_incref(json_object_get(jval_to(object), key));

	if (value)
		json_object_del(jval_to(object), key);
	return (struct jval *)value;
}

struct strv jval_keys(struct arena *arena, const struct jval *object)
{
	struct strv keys = {0};
	const char *key;
	json_t *value;

	json_object_foreach(jval_to(object), key, value)
		strv_push(arena, &keys, key);
	return keys;
}

const char *jval_scalar(struct arena *arena, const struct jval *value)
{
	const json_t *of = jval_to(value);

	if (json_is_string(of))
		return json_string_value(of);
	if (json_is_boolean(of))
		return json_is_true(of) ? "1" : "0";
	return json_is_number(of) ? jval_print(arena, value, false) : NULL;
}

bool jval_get_count(const struct jval *object, const char *key, int64_t max, int64_t *ret_number)
{
	const struct jval *value = jval_get(object, key);
	int64_t number = json_integer_value(jval_to(value));

	if (!json_is_integer(jval_to(value)) || number < 0 || number > max)
		return false;
	*ret_number = number;
	return true;
}

bool jval_get_bool(const struct jval *object, const char *key)
{
	return json_is_true(jval_to(jval_get(object, key)));
}
