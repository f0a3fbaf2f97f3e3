#include "edge/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "edge/yaml_bytes.h"

/* Far above any file of ours, and low enough that what compares all with all stays quick. */
enum { DEPTH_MAX = 64, BYTES_MAX = 4 << 20, KEYS_MAX = 4096, ITEMS_MAX = 8192, NODES_MAX = 1 << 17 };

struct reader {
	yaml_parser_t parser;
	struct arena *arena;
	const char *name;
	const char *text;            /* without a byte order mark */
	size_t size;
	unsigned depth, nodes;
	struct err *err;
};

static struct pos yaml_pos_of(const struct reader *reader, const yaml_mark_t *mark)
{
	return (struct pos){reader->name, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static int yaml_refuse(const struct reader *reader, const yaml_mark_t *mark, const char *what, const char *hint)
{
	struct pos pos = yaml_pos_of(reader, mark);

	err_at(reader->err, -EINVAL, &pos, NULL, "%s", what);
	if (hint)
		err_hint(reader->err, "%s", hint);
	return -EINVAL;
}

/* A tab looks like the spaces that YAML wants: where one stands, no other hint helps. */
static const char *yaml_hint(const struct reader *reader)
{
	const char *at = reader->text, *end = at + reader->size;

	for (size_t line = reader->parser.problem_mark.line; line && at; line--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at += at != NULL;
	}
	for (; at && at < end && strchr(" \t-", *at); at++)
		if (*at == '\t')
			return "this line is indented with a tab: use spaces";
	return "indent with spaces; put text that contains ': ' or ' #' in quotes";
}

static int yaml_next(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return 0;
	memset(event, 0, sizeof *event);
	return yaml_refuse(reader, &reader->parser.problem_mark,
			   reader->parser.problem ? reader->parser.problem : "not YAML", yaml_hint(reader));
}

static struct node *yaml_new_node(const struct reader *reader, enum node_type type, const yaml_event_t *event)
{
	struct node *node = arena_new_of(reader->arena, struct node);

	node->type = type;
	node->pos = yaml_pos_of(reader, &event->start_mark);
	return node;
}

static int yaml_set_tag(const struct reader *reader, const yaml_event_t *event, const yaml_char_t *tag,
			struct node *node)
{
	const char *text = (const char *)tag;

	if (!text)
		return 0;
	if (strcmp(text, "!replace") == 0)
		node->tag = TAG_REPLACE;
	else if (strcmp(text, "!remove") == 0)
		node->tag = TAG_REMOVE;
	else if (strcmp(text, "!") == 0 || strcmp(text, YAML_STR_TAG) == 0)
		node->plain = false;
	else
		return yaml_refuse(reader, &event->start_mark, "unknown tag", "valid tags are !replace and !remove");
	return 0;
}

static int yaml_read_value(struct reader *reader, const yaml_event_t *event, struct node **ret_node);

static int yaml_read_scalar(struct reader *reader, const yaml_event_t *event, struct node **ret_node)
{
	struct node *node = yaml_new_node(reader, NODE_SCALAR, event);

	if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
		return yaml_refuse(reader, &event->start_mark, "text contains a NUL byte", NULL);
	node->text = arena_strndup(reader->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*ret_node = node;
	return yaml_set_tag(reader, event, event->data.scalar.tag, node);
}

static int yaml_read_list(struct reader *reader, const yaml_event_t *start, struct node **ret_node)
{
	struct node *list = yaml_new_node(reader, NODE_LIST, start), *item;
	int r = yaml_set_tag(reader, start, start->data.sequence_start.tag, list);

	while (r == 0) {
		yaml_event_t event;
		bool end;

		r = yaml_next(reader, &event);
		end = event.type == YAML_SEQUENCE_END_EVENT;
		if (r == 0 && !end)
			r = list->count < ITEMS_MAX
				    ? yaml_read_value(reader, &event, &item)
				    : yaml_refuse(reader, &event.start_mark, "more than 8192 items in one list", NULL);
		if (r == 0 && !end)
			node_add(reader->arena, list, item);
		yaml_event_delete(&event);
		if (end)
			break;
	}
	*ret_node = list;
	return r;
}

static int yaml_read_pair(struct reader *reader, const yaml_event_t *key, struct node *map)
{
	struct pos pos = yaml_pos_of(reader, &key->start_mark);
	yaml_event_t event;
	const char *name;
	struct node *value;
	int r;

	if (key->type != YAML_SCALAR_EVENT)
		return yaml_refuse(reader, &key->start_mark, "a key must be a single word, not a list or a map", NULL);
	if (map->count >= KEYS_MAX)
		return yaml_refuse(reader, &key->start_mark, "more than 4096 keys in one map", NULL);
	if (memchr(key->data.scalar.value, 0, key->data.scalar.length))
		return yaml_refuse(reader, &key->start_mark, "a key contains a NUL byte", NULL);
	if (yaml_is_invisible((const char *)key->data.scalar.value))
		return yaml_refuse(reader, &key->start_mark, "a key contains an invisible character",
				   "retype the line: text that is copied from web pages has spaces that are none");
	name = arena_strdup(reader->arena, (const char *)key->data.scalar.value);
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i], name) == 0) {
			err_at(reader->err, -EINVAL, &pos, NULL, "'%s' is defined twice", name);
			return err_hint(reader->err, "the first is at line %u; remove one of them",
					map->key_pos[i].line);
		}
	r = yaml_next(reader, &event);
	if (r == 0)
		r = yaml_read_value(reader, &event, &value);
	yaml_event_delete(&event);
	if (r == 0)
		node_set(reader->arena, map, name, &pos, value);
	return r;
}

static int yaml_read_map(struct reader *reader, const yaml_event_t *start, struct node **ret_node)
{
	struct node *map = yaml_new_node(reader, NODE_MAP, start);
	int r = yaml_set_tag(reader, start, start->data.mapping_start.tag, map);

	while (r == 0) {
		yaml_event_t event;
		bool end;

		r = yaml_next(reader, &event);
		end = event.type == YAML_MAPPING_END_EVENT;
		if (r == 0 && !end)
			r = yaml_read_pair(reader, &event, map);
		yaml_event_delete(&event);
		if (end)
			break;
	}
	*ret_node = map;
	return r;
}

static int yaml_read_value(struct reader *reader, const yaml_event_t *event, struct node **ret_node)
{
	int r;

	if (++reader->nodes > NODES_MAX)
		return yaml_refuse(reader, &event->start_mark, "more than 131072 values in one file", NULL);
	if (++reader->depth > DEPTH_MAX)
		return yaml_refuse(reader, &event->start_mark, "nested too deeply", "at most 64 levels are allowed");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		r = event->data.scalar.anchor ? -EINVAL : yaml_read_scalar(reader, event, ret_node);
		break;
	case YAML_SEQUENCE_START_EVENT:
		r = event->data.sequence_start.anchor ? -EINVAL : yaml_read_list(reader, event, ret_node);
		break;
	case YAML_MAPPING_START_EVENT:
		r = event->data.mapping_start.anchor ? -EINVAL : yaml_read_map(reader, event, ret_node);
		break;
	default:
		r = -EINVAL;
	}
	if (r < 0 && reader->err->count == 0)
		yaml_refuse(reader, &event->start_mark, "YAML anchors and aliases are not allowed in recipes",
			    "use 'vars:' and ${vars.NAME}, or a module");
	reader->depth--;
	return r;
}

static int yaml_read_document(struct reader *reader, struct node **ret_node)
{
	bool seen = false, end = false;
	int r = 0;

	while (r == 0 && !end) {
		yaml_event_t event;

		r = yaml_next(reader, &event);
		if (r == 0)
			switch (event.type) {
			case YAML_STREAM_END_EVENT:
				end = true;
				break;
			case YAML_STREAM_START_EVENT:
			case YAML_DOCUMENT_START_EVENT:
			case YAML_DOCUMENT_END_EVENT:
				break;
			default:
				r = seen ? yaml_refuse(reader, &event.start_mark,
						       "more than one YAML document in the file", NULL)
					 : yaml_read_value(reader, &event, ret_node);
				seen = true;
			}
		yaml_event_delete(&event);
	}
	return r;
}

int yaml_read(struct arena *arena, const char *name, const void *text, size_t size, struct node **ret_node,
	      struct err *err)
{
	struct err problems = {0};
	struct reader reader = {.arena = arena, .name = name, .text = text ? text : "", .size = size, .err = &problems};
	struct node *root = NULL;
	int r;

	if (size > BYTES_MAX)
		return err_at(err, -EFBIG, &(struct pos){.file = name}, NULL,
			      "the file is larger than 4 MiB: it cannot be a recipe file");
	r = yaml_check_bytes(name, &reader.text, &reader.size, err);
	if (r < 0)
		return r;
	if (!yaml_parser_initialize(&reader.parser))
		return err_no_memory(err);
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.text, reader.size);
	r = yaml_read_document(&reader, &root);
	yaml_parser_delete(&reader.parser);
	err_take(err, &problems);
	if (r < 0)
		return r;
	if (!root || node_is_null(root)) {
		root = arena_new_of(arena, struct node);
		*root = (struct node){.type = NODE_MAP, .pos = {name, 1, 1}};
	}
	*ret_node = root;
	return 0;
}

struct node *node_get(const struct node *node, const char *key)
{
	if (node && node->type == NODE_MAP)
		for (size_t i = 0; i < node->count; i++)
			if (strcmp(node->keys[i], key) == 0)
				return node->items[i];
	return NULL;
}

void node_set(struct arena *arena, struct node *map, const char *key, const struct pos *key_pos, struct node *value)
{
	size_t n = map->count;

	*arena_push(arena, map->keys, n) = arena_strdup(arena, key);
	n = map->count;
	*arena_push(arena, map->key_pos, n) = *key_pos;
	*arena_push(arena, map->items, map->count) = value;
}

void node_add(struct arena *arena, struct node *list, struct node *item)
{
	*arena_push(arena, list->items, list->count) = item;
}

bool node_equal(const struct node *a, const struct node *b)
{
	if (a->type != b->type || a->count != b->count)
		return false;
	if (a->type == NODE_SCALAR)
		return strcmp(a->text, b->text) == 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct node *other = a->type == NODE_MAP ? node_get(b, a->keys[i]) : b->items[i];

		if (!other || !node_equal(a->items[i], other))
			return false;
	}
	return true;
}

bool node_has(const struct node *list, const struct node *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (node_equal(list->items[i], item))
			return true;
	return false;
}

bool node_same(const struct node *a, const struct node *b)
{
	if (a->type != b->type || a->count != b->count)
		return false;
	if (a->type == NODE_SCALAR)
		return strcmp(a->text, b->text) == 0 && node_scalar(a) == node_scalar(b);
	for (size_t i = 0; i < a->count; i++) {
		const struct node *other = a->type == NODE_MAP ? node_get(b, a->keys[i]) : b->items[i];

		if (!other || !node_same(a->items[i], other))
			return false;
	}
	return true;
}

bool node_has_same(const struct node *list, const struct node *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (node_same(list->items[i], item))
			return true;
	return false;
}

bool node_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && node->plain &&
	       (!*node->text || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}
