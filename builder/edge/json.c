#include "edge/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* `struct json` is jansson's json_t under our name. */
static json_t *edge_json_to(const struct json *value)
{
	return (json_t *)value;
}

static struct json *edge_json_from(json_t *value)
{
	if (!value) {
		fputs("aether-build: out of memory\n", stderr);
		exit(1);
	}
	return (struct json *)value;
}

struct json *json_new_object(void)
{
	return edge_json_from(json_pack("{}"));
}

struct json *json_new_array(void)
{
	return edge_json_from(json_pack("[]"));
}

struct json *json_text(const char *text)
{
	json_t *value;

	if (!text)
		return edge_json_from(json_null());
	value = json_string(text);
	return edge_json_from(value ? value : json_string("?"));
}

struct json *json_number(int64_t value)
{
	return edge_json_from(json_integer(value));
}

struct json *json_bool(bool value)
{
	return edge_json_from(json_boolean(value));
}

void json_set(struct json *object, const char *key, struct json *value)
{
	if (json_object_set_new(edge_json_to(object), key, edge_json_to(value)) < 0)
		edge_json_from(NULL);
}

void json_add(struct json *array, struct json *value)
{
	if (json_array_append_new(edge_json_to(array), edge_json_to(value)) < 0)
		edge_json_from(NULL);
}

void json_free(struct json *value)
{
	json_decref(edge_json_to(value));
}

const char *json_print(struct arena *arena, const struct json *value, bool lines)
{
	char *text = json_dumps(edge_json_to(value), JSON_ENCODE_ANY | (lines ? JSON_INDENT(2) : JSON_COMPACT));
	const char *copy;

	if (!text)
		edge_json_from(NULL);
	copy = arena_strdup(arena, text);
	free(text);
	return copy;
}

int json_read(const char *name, const char *text, size_t size, struct json **ret_value, struct err *err)
{
	json_error_t problem;
	json_t *value = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &problem);
	struct pos pos = {name, (unsigned)(problem.line > 0 ? problem.line : 0),
			  (unsigned)(problem.column > 0 ? problem.column : 0)};

	if (!value)
		return err_at(err, -EBADMSG, &pos, NULL, "not JSON: %s", problem.text);
	*ret_value = edge_json_from(value);
	return 0;
}

const struct json *json_get(const struct json *object, const char *key)
{
	return (const struct json *)json_object_get(edge_json_to(object), key);
}

const struct json *json_item(const struct json *array, size_t i)
{
	return (const struct json *)json_array_get(edge_json_to(array), i);
}

size_t json_count(const struct json *array)
{
	return json_array_size(edge_json_to(array));
}

const char *json_text_of(const struct json *value)
{
	return json_string_value(edge_json_to(value));
}

const char *json_get_text(const struct json *object, const char *key)
{
	return json_string_value(edge_json_to(json_get(object, key)));
}

int64_t json_get_number(const struct json *object, const char *key)
{
	return json_integer_value(edge_json_to(json_get(object, key)));
}

bool json_get_count(const struct json *object, const char *key, int64_t max, int64_t *ret_number)
{
	const struct json *value = json_get(object, key);
	int64_t number = json_integer_value(edge_json_to(value));

	if (!json_is_integer(edge_json_to(value)) || number < 0 || number > max)
		return false;
	*ret_number = number;
	return true;
}

bool json_get_bool(const struct json *object, const char *key)
{
	return json_is_true(edge_json_to(json_get(object, key)));
}
