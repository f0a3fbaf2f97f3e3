#include "machine/seed/values.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct values_reader {
	yaml_parser_t parser;
	struct memory *memory;
	struct remarks *remarks;
	const char *document;
	struct {
		const char *name;
		const struct value *value;
	} anchors[VALUES_ANCHORS];
	size_t n_anchors;
	unsigned weight, depth;
	const char *problem;           /* why it cannot be read on */
	size_t problem_line;           /* from 0 */
};

static struct value *values_read_node(struct values_reader *reader, yaml_event_t *event);

/* Always NULL. */
static struct value *values_fail(struct values_reader *reader, const yaml_event_t *event, const char *problem)
{
	if (!reader->problem) {
		reader->problem = problem;
		reader->problem_line = event ? event->start_mark.line : reader->parser.problem_mark.line;
	}
	return NULL;
}

static bool values_next(struct values_reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return true;
	memset(event, 0, sizeof *event);
	values_fail(reader, NULL, reader->parser.problem ? memory_print(reader->memory, "%s", reader->parser.problem)
							 : "it is no YAML");
	return false;
}

/* The values that `value` stands for are counted, each time. */
static struct value *values_count(struct values_reader *reader, const yaml_event_t *event, struct value *value)
{
	reader->weight += value->weight;
	return reader->weight > VALUES_MAX ? values_fail(reader, event, "there are too many values") : value;
}

static struct value *values_new(struct values_reader *reader, const yaml_event_t *event, enum value_kind kind)
{
	struct value *value = memory_take(reader->memory, sizeof *value);

	value->kind = kind;
	value->document = reader->document;
	value->line = (unsigned)event->start_mark.line + 1;
	value->weight = 1;
	return values_count(reader, event, value);
}

static bool values_is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
		if (event->data.scalar.plain_implicit && strcmp((const char *)event->data.scalar.value, nulls[i]) == 0)
			return true;
	return false;
}

static struct value *values_read_text(struct values_reader *reader, const yaml_event_t *event)
{
	const char *tag = (const char *)event->data.scalar.tag, *text = (const char *)event->data.scalar.value;
	struct value *value = values_new(reader, event, values_is_null(event) ? VALUE_NONE : VALUE_TEXT);

	if (!value || value->kind == VALUE_NONE)
		return value;
	if (memchr(text, 0, event->data.scalar.length))
		return values_fail(reader, event, "there is a NUL in a text");
	value->size = event->data.scalar.length;
	value->text = memory_copy(reader->memory, text, value->size);
	value->binary = tag && strcmp(tag, "tag:yaml.org,2002:binary") == 0;
	return value;
}

static struct value *values_read_alias(struct values_reader *reader, const yaml_event_t *event)
{
	for (size_t i = reader->n_anchors; i-- > 0;)
		if (strcmp(reader->anchors[i].name, (const char *)event->data.alias.anchor) == 0) {
			struct value *value = memory_take(reader->memory, sizeof *value);

			*value = *reader->anchors[i].value;
			value->next = NULL;
			value->key = NULL;
			return values_count(reader, event, value);
		}
	return values_fail(reader, event, "an alias has no anchor before it");
}

/* Puts `value` behind *end, the last one of `parent`. */
static void values_append(struct value *parent, struct value **end, struct value *value)
{
	if (*end)
		(*end)->next = value;
	else
		parent->first = value;
	*end = value;
	parent->weight += value->weight;
}

static struct value *values_read_list(struct values_reader *reader, const yaml_event_t *start)
{
	struct value *list = values_new(reader, start, VALUE_LIST), *end = NULL, *value = list;

	while (list && value) {
		yaml_event_t event;

		if (!values_next(reader, &event))
			return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return list;
		}
		value = values_read_node(reader, &event);
		if (value)
			values_append(list, &end, value);
	}
	return NULL;
}

/* Takes away a member with the key of the new one. */
static void values_replace(struct values_reader *reader, struct value *map, struct value **end, const struct value *value)
{
	struct value *before = NULL;

	for (struct value *old = (struct value *)map->first; old; before = old, old = (struct value *)old->next) {
		if (strcmp(old->key, value->key) != 0)
			continue;
		value_remark(reader->remarks, value, "'%s' is said twice: this one counts", value->key);
		if (before)
			before->next = old->next;
		else
			map->first = old->next;
		if (*end == old)
			*end = before;
		return;
	}
}

/* Reads a member, whose key is in `event`. */
static struct value *values_read_member(struct values_reader *reader, yaml_event_t *event)
{
	struct value *key = values_read_node(reader, event), *value;
	yaml_event_t next;

	if (!key)
		return NULL;
	if (key->kind != VALUE_TEXT)
		return values_fail(reader, NULL, "a key is no text");
	if (!values_next(reader, &next))
		return NULL;
	value = values_read_node(reader, &next);
	if (value) {
		value->key = key->text;
		value->line = key->line;
	}
	return value;
}

static struct value *values_read_map(struct values_reader *reader, const yaml_event_t *start)
{
	struct value *map = values_new(reader, start, VALUE_MAP), *end = NULL, *value = map;

	for (unsigned n = 0; map && value; n++) {
		yaml_event_t event;

		if (!values_next(reader, &event))
			return NULL;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return map;
		}
		value = values_read_member(reader, &event);
		if (value && n == VALUES_MEMBERS)
			value = values_fail(reader, start, "there are too many keys in a map");
		if (value) {
			values_replace(reader, map, &end, value);
			values_append(map, &end, value);
		}
	}
	return NULL;
}

static void values_keep(struct values_reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
			const struct value *value)
{
	if (!anchor || !value)
		return;
	if (reader->n_anchors == VALUES_ANCHORS) {
		values_fail(reader, event, "there are too many anchors");
		return;
	}
	reader->anchors[reader->n_anchors].name = memory_print(reader->memory, "%s", anchor);
	reader->anchors[reader->n_anchors++].value = value;
}

/* The value that begins with `event`, which is deleted. */
static struct value *values_read_node(struct values_reader *reader, yaml_event_t *event)
{
	struct value *value = NULL;

	if (++reader->depth > VALUES_DEPTH) {
		values_fail(reader, event, "it is nested too deeply");
	} else if (event->type == YAML_SCALAR_EVENT) {
		value = values_read_text(reader, event);
		values_keep(reader, event, event->data.scalar.anchor, value);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		value = values_read_list(reader, event);
		values_keep(reader, event, event->data.sequence_start.anchor, value);
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		value = values_read_map(reader, event);
		values_keep(reader, event, event->data.mapping_start.anchor, value);
	} else if (event->type == YAML_ALIAS_EVENT) {
		value = values_read_alias(reader, event);
	} else {
		values_fail(reader, event, "a value is missing");
	}
	reader->depth--;
	yaml_event_delete(event);
	return reader->problem ? NULL : value;
}

/* What is before the first value, and behind it: one document, which may have nothing in it. */
static const struct value *values_read_stream(struct values_reader *reader)
{
	struct value *value = NULL;
	yaml_event_t event;

	while (values_next(reader, &event)) {
		yaml_event_type_t type = event.type;

		if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT) {
			yaml_event_delete(&event);
			continue;
		}
		if (type == YAML_STREAM_END_EVENT) {
			value = values_new(reader, &event, VALUE_NONE);
			yaml_event_delete(&event);
			return value;
		}
		return values_read_node(reader, &event);
	}
	return NULL;
}

const struct value *values_read(struct memory *memory, struct remarks *remarks, const char *document, const char *text,
				size_t size)
{
	struct values_reader reader = {.memory = memory, .remarks = remarks, .document = document};
	const struct value *value;

	if (size > DOCUMENT_BYTES) {
		remark(remarks, "%s: it is larger than %d KiB, so nothing of it is followed", document, DOCUMENT_BYTES >> 10);
		return NULL;
	}
	if (!yaml_parser_initialize(&reader.parser))
		return NULL;
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	value = values_read_stream(&reader);
	if (!value)
		remark(remarks, "%s:%zu: %s, so nothing of it is followed", document, reader.problem_line + 1,
		       reader.problem ? reader.problem : "it is no YAML");
	yaml_parser_delete(&reader.parser);
	return value;
}

/* --- looking at values ------------------------------------------------------------------------------------------- */

const struct value *value_get(const struct value *map, const char *key)
{
	if (!map || map->kind != VALUE_MAP)
		return NULL;
	for (const struct value *value = map->first; value; value = value->next)
		if (strcmp(value->key, key) == 0)
			return value->kind == VALUE_NONE ? NULL : value;
	return NULL;
}

const char *value_text(const struct value *value)
{
	return value && value->kind == VALUE_TEXT ? value->text : NULL;
}

const char *value_get_text(const struct value *map, const char *key)
{
	return value_text(value_get(map, key));
}

int value_truth(const struct value *value)
{
	static const char *const words[][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};
	const char *text = value_text(value);

	for (int truth = 0; text && truth < 2; truth++)
		for (size_t i = 0; i < sizeof words[truth] / sizeof *words[truth]; i++)
			if (strcasecmp(text, words[truth][i]) == 0)
				return truth;
	return -1;
}

void value_remark(struct remarks *remarks, const struct value *value, const char *format, ...)
{
	char text[REMARK_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	remark(remarks, "%s:%u: %s", value->document, value->line, text);
}

/* `word` is one of the words in `words`. */
static bool values_among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == length && strncmp(at, word, n) == 0)
			return true;
		at += n;
	}
	return false;
}

void value_remark_unknown(struct remarks *remarks, const struct value *map, const char *known, const char *what)
{
	if (!map || map->kind != VALUE_MAP)
		return;
	for (const struct value *value = map->first; value; value = value->next)
		if (value->kind != VALUE_NONE && !values_among(known, value->key))
			value_remark(remarks, value, "'%s' of %s is not followed", value->key, what);
}
