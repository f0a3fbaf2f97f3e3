/* The YAML store, by libyaml's events: as gopkg.in/yaml.v3 reads, keys are strings, `<<` is a key like others, and an alias
 * is what it stands for at each place. */
#include <string.h>
#include <yaml.h>

#include "sealed/sops/node.h"
#include "sealed/sops/scalar.h"

#define TAG_PREFIX "tag:yaml.org,2002:"
enum { ANCHORS_MAX = 1000 };

struct store_yaml_anchor {
	const char *name;
	struct sops_node *node;
};

struct store_yaml {
	struct pool *pool;
	struct bytes text;           /* without a byte order mark, which is `skipped` */
	size_t skipped;
	struct sops_tree *tree;
	struct fault *fault;
	struct sops_node **open;     /* maps and lists that are being read, the outermost first */
	const char **keys;           /* of the open maps: the key that was read, while its value was not */
	size_t n_open, n_keys;
	struct sops_node *root;      /* of the document */
	struct store_yaml_anchor *anchors;
	size_t n_anchors;
	size_t at_char, at_byte;     /* libyaml counts characters; the last place asked for */
};

/* The byte of a place in the text. Places come in their order, but for a few. */
static size_t store_yaml_byte(struct store_yaml *y, size_t index)
{
	if (index < y->at_char)
		y->at_char = y->at_byte = 0;
	while (y->at_char < index && y->at_byte < y->text.size) {
		y->at_byte++;
		while (y->at_byte < y->text.size && (y->text.data[y->at_byte] & 0xc0) == 0x80)
			y->at_byte++;
		y->at_char++;
	}
	return y->at_byte + y->skipped;
}

static struct sops_node *store_yaml_node(struct store_yaml *y, enum sops_shape shape, const yaml_event_t *event)
{
	struct sops_node *node = sops_node_new(y->pool, y->tree, shape, (unsigned)event->start_mark.line + 1, y->fault);

	if (node) {
		node->from = store_yaml_byte(y, event->start_mark.index);
		node->to = store_yaml_byte(y, event->end_mark.index);
	}
	return node;
}

static int store_yaml_anchor(struct store_yaml *y, const yaml_char_t *name, struct sops_node *node)
{
	struct store_yaml_anchor *anchor;

	if (!name)
		return 0;
	if (y->n_anchors == ANCHORS_MAX)
		return fault_set(y->fault, FAULT_PARSE, node->line, "it has more than %d anchors", ANCHORS_MAX);
	anchor = pool_push(y->pool, y->anchors, y->n_anchors);
	anchor->name = pool_text(y->pool, (const char *)name);
	anchor->node = node;
	return 0;
}

static struct sops_node *store_yaml_alias(struct store_yaml *y, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	unsigned line = (unsigned)event->start_mark.line + 1;
	size_t i = y->n_anchors;
	struct sops_node *node;

	while (i > 0 && strcmp(y->anchors[i - 1].name, name) != 0)
		i--;
	if (i == 0 || y->anchors[i - 1].node->open) {
		fault_set(y->fault, FAULT_PARSE, line, i ? "*%s stands inside of &%s" : "*%s has no &%s before it", name, name);
		return NULL;
	}
	node = store_yaml_node(y, SOPS_ALIAS, event);
	if (node)
		node->target = y->anchors[i - 1].node;
	return node;
}

static struct sops_node *store_yaml_scalar(struct store_yaml *y, const yaml_event_t *event)
{
	const char *tag = (const char *)event->data.scalar.tag, *problem;
	struct bytes text = pool_bytes(y->pool, event->data.scalar.value, event->data.scalar.length);
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	struct sops_node *node = store_yaml_node(y, SOPS_SCALAR, event);

	if (!node)
		return NULL;
	if (tag && strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)) == 0)
		tag = pool_printf(y->pool, "!!%s", tag + strlen(TAG_PREFIX));
	problem = sops_scalar_yaml(y->pool, tag, quoted, text, &node->type, &node->value);
	if (problem) {
		fault_set(y->fault, node->type == SOPS_STR && !tag ? FAULT_TYPE : FAULT_PARSE, node->line, "there is %s",
			  problem);
		return NULL;
	}
	node->raw = (const char *)text.data;
	return node;
}

/* A scalar or an alias where a map has its keys. */
static int store_yaml_key(struct store_yaml *y, struct sops_node *node)
{
	const struct sops_node *key = sops_node_real(node);

	if (key->shape != SOPS_SCALAR || key->type != SOPS_STR)
		return fault_set(y->fault, FAULT_PARSE, node->line, "a key is not a text%s%s",
				 key->shape == SOPS_SCALAR ? ": " : "", key->shape == SOPS_SCALAR ? key->raw : "");
	if (strlen((const char *)key->value.data) != key->value.size)
		return fault_set(y->fault, FAULT_PARSE, node->line, "a key has a zero byte in it");
	y->keys[y->n_keys - 1] = (const char *)key->value.data;
	return 0;
}

/* Puts a node where it belongs: into what is open, or at the top. */
static int store_yaml_put(struct store_yaml *y, struct sops_node *node)
{
	struct sops_node *parent = y->n_open ? y->open[y->n_open - 1] : NULL;

	if (!parent) {
		y->root = node;
	} else if (parent->shape == SOPS_LIST) {
		sops_node_put(parent, NULL, node);
	} else if (!y->keys[y->n_keys - 1]) {
		return store_yaml_key(y, node);
	} else {
		sops_node_put(parent, y->keys[y->n_keys - 1], node);
		y->keys[y->n_keys - 1] = NULL;
	}
	return 0;
}

/* Maps and lists. One that is a key is none that we take. */
static int store_yaml_begin(struct store_yaml *y, enum sops_shape shape, const yaml_event_t *event, const yaml_char_t *anchor,
			   bool brackets)
{
	struct sops_node *node = store_yaml_node(y, shape, event);
	int r;

	if (!node)
		return -1;
	node->brackets = brackets;
	node->open = true;
	if (y->n_open == SOPS_DEPTH_MAX)
		return fault_set(y->fault, FAULT_PARSE, node->line, "it is nested more than %d levels deep", SOPS_DEPTH_MAX);
	r = store_yaml_put(y, node);
	if (r < 0)
		return r;
	r = store_yaml_anchor(y, anchor, node);
	if (r < 0)
		return r;
	y->open[y->n_open++] = node;
	y->keys[y->n_keys++] = NULL;
	return 0;
}

static int store_yaml_end(struct store_yaml *y, const yaml_event_t *event)
{
	struct sops_node *node = y->open[--y->n_open];

	y->n_keys--;
	node->open = false;
	node->to = store_yaml_byte(y, event->end_mark.index);
	return node->shape == SOPS_MAP ? sops_node_unique(y->pool, node, y->fault) : 0;
}

static int store_yaml_leaf(struct store_yaml *y, const yaml_event_t *event)
{
	struct sops_node *node = event->type == YAML_ALIAS_EVENT ? store_yaml_alias(y, event) : store_yaml_scalar(y, event);
	int r;

	if (!node)
		return -1;
	r = store_yaml_put(y, node);
	if (r < 0 || event->type == YAML_ALIAS_EVENT)
		return r;
	return store_yaml_anchor(y, event->data.scalar.anchor, node);
}

/* A document is a map; an empty one is one, too. */
static int store_yaml_document(struct store_yaml *y, const yaml_event_t *event)
{
	struct sops_node *root = y->root;

	if (root && root->shape == SOPS_SCALAR && root->type == SOPS_NULL)
		root = store_yaml_node(y, SOPS_MAP, event);
	if (!root)
		return -1;
	if (root->shape != SOPS_MAP)
		return fault_set(y->fault, FAULT_PARSE, root->line, "a document is no map");
	sops_tree_put(y->pool, y->tree, root, NULL);
	y->root = NULL;
	y->n_anchors = 0;
	y->anchors = NULL;
	return 0;
}

static int store_yaml_event(struct store_yaml *y, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_END_EVENT:
		return store_yaml_document(y, event);
	case YAML_MAPPING_START_EVENT:
		return store_yaml_begin(y, SOPS_MAP, event, event->data.mapping_start.anchor,
				       event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
	case YAML_SEQUENCE_START_EVENT:
		return store_yaml_begin(y, SOPS_LIST, event, event->data.sequence_start.anchor,
				       event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return store_yaml_end(y, event);
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
		return store_yaml_leaf(y, event);
	default:
		return 0;
	}
}

static int store_yaml_events(struct store_yaml *y, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		bool last;
		int r;

		if (!yaml_parser_parse(parser, &event)) {
			size_t line = parser->problem_mark.line ? parser->problem_mark.line : parser->mark.line;

			return fault_set(y->fault, FAULT_PARSE, (unsigned)line + 1, "it is no YAML: %s",
					 parser->problem ? parser->problem : "out of memory");
		}
		last = event.type == YAML_STREAM_END_EVENT;
		r = store_yaml_event(y, &event);
		yaml_event_delete(&event);
		if (r < 0)
			return -1;
		if (last)
			return 0;
	}
}

int sops_yaml_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{
	struct store_yaml y = {.pool = pool, .text = text, .tree = tree, .fault = fault};
	yaml_parser_t parser;
	int r;

	y.open = pool_alloc(pool, SOPS_DEPTH_MAX * sizeof *y.open);
	y.keys = pool_alloc(pool, SOPS_DEPTH_MAX * sizeof *y.keys);
	if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
		y.skipped = 3;
		y.text = (struct bytes){.data = text.data + 3, .size = text.size - 3};
	}
	if (!yaml_parser_initialize(&parser))
		return fault_set(fault, FAULT_PARSE, 0, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, y.text.data, y.text.size);
	r = store_yaml_events(&y, &parser);
	yaml_parser_delete(&parser);
	return r < 0 ? fault_set(fault, FAULT_PARSE, 0, "it is no YAML") : 0;
}
