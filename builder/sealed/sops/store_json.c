/* The JSON store (RFC 8259), and that of binary files: by a parser of our own, because places in the text have to be known, and
 * numbers as they are written. */
#include <string.h>

#include "sealed/sops/node.h"
#include "sealed/sops/scalar.h"
#include "sealed/sops/utf8.h"

struct store_json {
	struct pool *pool;
	const char *data;            /* a zero is behind it */
	size_t size, at;
	unsigned line;
	unsigned depth;
	struct sops_tree *tree;
	struct fault *fault;
};

static struct sops_node *store_json_value(struct store_json *j);

static int store_json_wrong(struct store_json *j, const char *problem)
{
	return fault_set(j->fault, FAULT_PARSE, j->line, "it is no JSON: %s", problem);
}

static void store_json_space(struct store_json *j)
{
	while (j->at < j->size && strchr(" \t\r\n", j->data[j->at]) && j->data[j->at]) {
		j->line += j->data[j->at] == '\n';
		j->at++;
	}
}

/* Takes this character, behind white space. */
static bool store_json_take(struct store_json *j, char c)
{
	store_json_space(j);
	if (j->at == j->size || j->data[j->at] != c)
		return false;
	j->at++;
	return true;
}

static void store_json_add(struct growing *out, uint32_t c)
{
	uint8_t text[4];
	size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = size; i > 1; i--, c >>= 6)
		text[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
	text[0] = (uint8_t)(first[size] | c);
	growing_add(out, text, size);
}

/* The four digits of \u; false: they are none. */
static bool store_json_unit(const struct store_json *j, size_t at, uint32_t *ret_unit)
{
	static const char digits[] = "0123456789abcdef";

	*ret_unit = 0;
	if (j->size - at < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		const char *digit = j->data[at + i] ? strchr(digits, j->data[at + i] | 0x20) : NULL;

		if (!digit || (j->data[at + i] < '0'))
			return false;
		*ret_unit = *ret_unit << 4 | (uint32_t)(digit - digits);
	}
	return true;
}

/* \uXXXX, or two of them that are one character. Half of a pair alone becomes U+FFFD, as with Go. `at` is behind the `u`. */
static int store_json_unicode(struct store_json *j, struct growing *out)
{
	uint32_t unit, low;

	if (!store_json_unit(j, j->at, &unit))
		return store_json_wrong(j, "no four digits behind \\u");
	j->at += 4;
	if (unit >= 0xd800 && unit < 0xdc00 && j->size - j->at >= 6 && memcmp(j->data + j->at, "\\u", 2) == 0 &&
	    store_json_unit(j, j->at + 2, &low) && low >= 0xdc00 && low < 0xe000) {
		j->at += 6;
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	}
	store_json_add(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
	return 0;
}

static int store_json_escape(struct store_json *j, struct growing *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char c = j->at < j->size ? j->data[j->at] : '\0';
	const char *at = c ? strchr(names, c) : NULL;

	j->at++;
	if (c == 'u')
		return store_json_unicode(j, out);
	if (!at)
		return store_json_wrong(j, "an escape that it does not know");
	growing_add(out, &values[at - names], 1);
	return 0;
}

/* What stands between quotes; `at` is behind the first one. */
static int store_json_string(struct store_json *j, struct bytes *ret_text)
{
	struct growing out = {.pool = j->pool};
	int r = 0;

	while (r == 0 && j->at < j->size && j->data[j->at] != '"') {
		size_t size = sops_utf8_size((const uint8_t *)j->data + j->at, j->size - j->at);

		if (size == 0 || (uint8_t)j->data[j->at] < 0x20)
			return store_json_wrong(j, size ? "a control character in a text" : "a text is not UTF-8");
		if (j->data[j->at] == '\\') {
			j->at++;
			r = store_json_escape(j, &out);
		} else {
			growing_add(&out, j->data + j->at, size);
			j->at += size;
		}
	}
	if (r < 0 || j->at >= j->size)
		return store_json_wrong(j, "a text without an end");
	j->at++;
	*ret_text = growing_bytes(&out);
	return 0;
}

/* A key and its value. */
static int store_json_member(struct store_json *j, struct sops_node *map)
{
	struct sops_node *value;
	struct bytes key;
	int r;

	if (!store_json_take(j, '"'))
		return store_json_wrong(j, "a key in quotes is missing");
	r = store_json_string(j, &key);
	if (r < 0)
		return r;
	if (strlen((const char *)key.data) != key.size)
		return store_json_wrong(j, "a key has a zero byte in it");
	if (!store_json_take(j, ':'))
		return store_json_wrong(j, "a ':' is missing behind a key");
	value = store_json_value(j);
	if (!value)
		return -1;
	sops_node_put(map, (const char *)key.data, value);
	return 0;
}

static int store_json_element(struct store_json *j, struct sops_node *list)
{
	struct sops_node *value = store_json_value(j);

	if (!value)
		return -1;
	sops_node_put(list, NULL, value);
	return 0;
}

/* What stands in brackets; `at` is behind the first one. */
static int store_json_inside(struct store_json *j, struct sops_node *node)
{
	char end = node->shape == SOPS_MAP ? '}' : ']';
	int r;

	if (++j->depth > SOPS_DEPTH_MAX)
		return fault_set(j->fault, FAULT_PARSE, j->line, "it is nested more than %d levels deep", SOPS_DEPTH_MAX);
	if (!store_json_take(j, end)) {
		do {
			r = node->shape == SOPS_MAP ? store_json_member(j, node) : store_json_element(j, node);
			if (r < 0)
				return r;
		} while (store_json_take(j, ','));
		if (!store_json_take(j, end))
			return store_json_wrong(j, "a ',' or the end of what stands in brackets is missing");
	}
	j->depth--;
	return node->shape == SOPS_MAP ? sops_node_unique(j->pool, node, j->fault) : 0;
}

static bool store_json_digits(const char **text)
{
	size_t n = strspn(*text, "0123456789");

	*text += n;
	return n > 0;
}

static bool store_json_is_number(const char *text)
{
	text += *text == '-';
	if (*text == '0')
		text++;
	else if (!store_json_digits(&text))
		return false;
	if (*text == '.') {
		text++;
		if (!store_json_digits(&text))
			return false;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (!store_json_digits(&text))
			return false;
	}
	return !*text;
}

/* A word or a number. Whole numbers of 64 bits are exact, others are Go's float64. */
static int store_json_bare(struct store_json *j, struct sops_node *node)
{
	size_t size = strspn(j->data + j->at, "+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	char *word = memcpy(pool_alloc(j->pool, size), j->data + j->at, size);
	int64_t whole;

	j->at += size;
	node->raw = word;
	node->value = (struct bytes){.data = (const uint8_t *)word, .size = size};
	if (strcmp(word, "null") == 0) {
		node->type = SOPS_NULL;
		node->value.size = 0;
	} else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		node->type = SOPS_BOOL;
	} else if (!store_json_is_number(word)) {
		return store_json_wrong(j, "a value is none");
	} else {
		node->type = sops_int_read(word, 10, &whole) ? SOPS_INT : SOPS_FLOAT;
	}
	if (node->type != SOPS_NULL && !sops_value_normal(j->pool, node->type, &node->value))
		return store_json_wrong(j, "a number is too large");
	return 0;
}

static struct sops_node *store_json_value(struct store_json *j)
{
	enum sops_shape shape;
	struct sops_node *node;
	int r;

	store_json_space(j);
	shape = j->data[j->at] == '{' ? SOPS_MAP : j->data[j->at] == '[' ? SOPS_LIST : SOPS_SCALAR;
	node = sops_node_new(j->pool, j->tree, shape, j->line, j->fault);
	if (!node)
		return NULL;
	node->from = j->at;
	if (shape != SOPS_SCALAR) {
		j->at++;
		node->brackets = true;
		r = store_json_inside(j, node);
	} else if (j->data[j->at] == '"') {
		j->at++;
		r = store_json_string(j, &node->value);
	} else {
		r = store_json_bare(j, node);
	}
	node->to = j->at;
	return r < 0 ? NULL : node;
}

int sops_json_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{
	struct bytes copy = pool_bytes(pool, text.data, text.size); /* with a zero behind it */
	struct store_json j = {.pool = pool, .data = (const char *)copy.data, .size = copy.size, .line = 1, .tree = tree,
			       .fault = fault};
	struct sops_node *root = store_json_value(&j);

	if (!root)
		return store_json_wrong(&j, "it ends too early");
	if (root->shape != SOPS_MAP)
		return fault_set(fault, FAULT_PARSE, root->line, "it is no JSON object, but SOPS has no other");
	store_json_space(&j);
	if (j.at < j.size)
		return store_json_wrong(&j, "something stands behind its end");
	sops_tree_put(pool, tree, root, NULL);
	return 0;
}
