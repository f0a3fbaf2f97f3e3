/* The dotenv store: lines KEY=VALUE as SOPS reads them. No quotes, no `export`, no white space that is left out; \n is a
 * newline; a line that begins with # is a comment. What SOPS added are keys that begin with sops_. */
#include <string.h>

#include "sealed/sops/node.h"

#define DOTENV_META "sops_"

struct store_dotenv {
	struct pool *pool;
	struct bytes text;
	struct sops_tree *tree;
	struct fault *fault;
	struct sops_node *values, *meta;
};

struct bytes sops_newlines_read(struct pool *pool, const uint8_t *data, size_t size)
{
	uint8_t *out = pool_alloc(pool, size);
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		bool newline = data[i] == '\\' && i + 1 < size && data[i + 1] == 'n';

		out[n++] = newline ? '\n' : data[i];
		i += newline;
	}
	return (struct bytes){.data = out, .size = n};
}

static int store_dotenv_line(struct store_dotenv *d, size_t from, size_t to, unsigned line)
{
	const char *data = (const char *)d->text.data;
	const char *equals = memchr(data + from, '=', to - from);
	size_t size = equals ? (size_t)(equals - data) - from : 0;
	struct sops_node *node;
	char *key;
	bool meta;

	if (!equals)
		return fault_set(d->fault, FAULT_PARSE, line, "a line has no '='");
	key = memcpy(pool_alloc(d->pool, size), data + from, size);
	if (strlen(key) != size)
		return fault_set(d->fault, FAULT_PARSE, line, "a key has a zero byte in it");
	meta = strncmp(key, DOTENV_META, strlen(DOTENV_META)) == 0;
	if (meta && data[to - 1] == '\r') {
		fault_set(d->fault, FAULT_PARSE, line,
			  "its lines end as on Windows (CR LF), which SOPS takes for a part of the values");
		return fault_hint(d->fault, "give it line ends of Unix: sed -i 's/\\r$//' FILE");
	}
	node = sops_node_new(d->pool, d->tree, SOPS_SCALAR, line, d->fault);
	if (!node)
		return -1;
	node->from = from + size + 1;
	node->to = to;
	node->value = sops_newlines_read(d->pool, d->text.data + node->from, to - node->from);
	sops_node_put(meta ? d->meta : d->values, meta ? key + strlen(DOTENV_META) : key, node);
	return 0;
}

static int store_dotenv_lines(struct store_dotenv *d)
{
	unsigned line = 0;

	for (size_t from = 0, to; from < d->text.size; from = to + 1) {
		const uint8_t *end = memchr(d->text.data + from, '\n', d->text.size - from);
		int r;

		line++;
		to = end ? (size_t)(end - d->text.data) : d->text.size;
		if (to == from || d->text.data[from] == '#')
			continue;
		r = store_dotenv_line(d, from, to, line);
		if (r < 0)
			return r;
	}
	return 0;
}

int sops_dotenv_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{
	struct store_dotenv d = {.pool = pool, .text = text, .tree = tree, .fault = fault};
	struct sops_node *meta = NULL;
	int r;

	d.values = sops_node_new(pool, tree, SOPS_MAP, 1, fault);
	d.meta = sops_node_new(pool, tree, SOPS_MAP, 1, fault);
	r = d.values && d.meta ? store_dotenv_lines(&d) : -1;
	if (r == 0)
		r = sops_node_unique(pool, d.values, fault);
	if (r == 0)
		r = sops_node_unique(pool, d.meta, fault);
	if (r == 0 && d.meta->count)
		r = sops_flat_unfold(pool, tree, d.meta, &meta, fault);
	if (r < 0)
		return -1;
	sops_tree_put(pool, tree, d.values, meta);
	return 0;
}
