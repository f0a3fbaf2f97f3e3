#include "sealed/sops/plain.h"

#include <string.h>

#include "sealed/sops/leaves.h"

const struct sops_leaf *plain_leaf(struct plain *plain)
{
	return &plain->file->leaves[plain->next++];
}

bool plain_skips(struct plain *plain, struct sops_node *child)
{
	bool skips = sops_node_real(child)->shape == SOPS_SCALAR && plain->file->leaves[plain->next].type == SOPS_COMMENT;

	plain->next += skips;
	return skips;
}

int plain_cannot(struct plain *plain, const struct sops_leaf *leaf, const char *problem)
{
	return fault_set(plain->fault, FAULT_UNSUPPORTED, leaf->line, "'%s' cannot be written as %s: %s",
			 sops_path_text(plain->pool, leaf->path, leaf->n_path), sops_format_name(plain->file->format), problem);
}

static struct bytes plain_bytes(const char *text)
{
	return (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static bool plain_has(struct bytes value, const char *text)
{
	return memmem(value.data, value.size, text, strlen(text)) != NULL;
}

static int plain_json_scalar(struct plain *plain, const struct sops_node *node)
{
	const struct sops_leaf *leaf = plain_leaf(plain);

	switch (leaf->type) {
	case SOPS_NULL:
		growing_puts(&plain->out, "null");
		return 0;
	case SOPS_BOOL:
		growing_puts(&plain->out, strcmp((const char *)leaf->value.data, "True") == 0 ? "true" : "false");
		return 0;
	case SOPS_INT:
	case SOPS_FLOAT:
		if (strpbrk((const char *)leaf->value.data, "NI"))
			return plain_cannot(plain, leaf, "it is no number that JSON has");
		growing_puts(&plain->out, !leaf->encrypted && node->raw ? node->raw : (const char *)leaf->value.data);
		return 0;
	default:
		if (!sops_is_utf8(leaf->value))
			return plain_cannot(plain, leaf, "it is not UTF-8");
		sops_json_quote(&plain->out, leaf->value);
		return 0;
	}
}

static void plain_json_line(struct plain *plain, unsigned depth)
{
	growing_puts(&plain->out, "\n");
	for (unsigned i = 0; i < depth; i++)
		growing_puts(&plain->out, "\t");
}

static int plain_json_node(struct plain *plain, const struct sops_node *node, unsigned depth)
{
	bool map = node->shape == SOPS_MAP, any = false;

	if (node->shape == SOPS_SCALAR)
		return plain_json_scalar(plain, node);
	growing_puts(&plain->out, map ? "{" : "[");
	for (struct sops_node *child = node->first; child; child = child->next) {
		int r;

		if (plain_skips(plain, child))
			continue;
		growing_puts(&plain->out, any ? "," : "");
		plain_json_line(plain, depth + 1);
		if (map) {
			sops_json_quote(&plain->out, plain_bytes(child->key));
			growing_puts(&plain->out, ": ");
		}
		r = plain_json_node(plain, child, depth + 1);
		if (r < 0)
			return r;
		any = true;
	}
	if (any)
		plain_json_line(plain, depth);
	growing_puts(&plain->out, map ? "}" : "]");
	return 0;
}

int plain_json(struct plain *plain)
{
	int r = plain_json_node(plain, plain->file->details->tree.documents[0], 0);

	growing_puts(&plain->out, "\n");
	return r;
}

struct bytes sops_leaf_bytes(const struct sops_leaf *leaf)
{
	if (leaf->type != SOPS_BOOL)
		return leaf->value;
	return plain_bytes(strcmp((const char *)leaf->value.data, "True") == 0 ? "true" : "false");
}

int plain_dotenv(struct plain *plain)
{
	for (struct sops_node *node = plain->file->details->tree.documents[0]->first; node; node = node->next) {
		const struct sops_leaf *leaf;
		struct bytes value;

		if (plain_skips(plain, node))
			continue;
		leaf = plain_leaf(plain);
		value = sops_leaf_bytes(leaf);
		if (plain_has(value, "\\n"))
			return plain_cannot(plain, leaf, "it has '\\n' in it, which would become a newline");
		growing_puts(&plain->out, node->key);
		growing_puts(&plain->out, "=");
		for (size_t i = 0; i < value.size; i++) {
			if (value.data[i] == '\n')
				growing_puts(&plain->out, "\\n");
			else
				growing_add(&plain->out, &value.data[i], 1);
		}
		growing_puts(&plain->out, "\n");
	}
	return 0;
}

/* In the quotes that it needs; whether they are enough is seen when it is read again. */
static void plain_ini_value(struct plain *plain, struct bytes value)
{
	const char *quotes = "";

	if (plain_has(value, "\n") || plain_has(value, "`"))
		quotes = "\"\"\"";
	else if (value.size && (strchr(" \t\"'", value.data[0]) || strchr(" \t\"'\\\r", value.data[value.size - 1]) ||
				plain_has(value, "#") || plain_has(value, ";")))
		quotes = "`";
	growing_puts(&plain->out, quotes);
	growing_add(&plain->out, value.data, value.size);
	growing_puts(&plain->out, quotes);
	growing_puts(&plain->out, "\n");
}

static void plain_ini_section(struct plain *plain, const struct sops_node *section, bool first)
{
	if (!first) {
		growing_puts(&plain->out, plain->out.size ? "\n[" : "[");
		growing_puts(&plain->out, section->key);
		growing_puts(&plain->out, "]\n");
	}
	for (struct sops_node *node = section->first; node; node = node->next) {
		const char *quote = strpbrk(node->key, "=:#;[\"`") || strcmp(node->key, "-") == 0 ? "`" : "";

		if (plain_skips(plain, node))
			continue;
		growing_puts(&plain->out, quote);
		growing_puts(&plain->out, node->key);
		growing_puts(&plain->out, quote);
		growing_puts(&plain->out, " = ");
		plain_ini_value(plain, sops_leaf_bytes(plain_leaf(plain)));
	}
}

/* The value under a section and a key of what was written; an empty one where there is none. */
static struct bytes plain_ini_again(const struct sops_tree *tree, const struct sops_leaf *leaf)
{
	const struct sops_node *node = sops_node_at(sops_node_at(tree->documents[0], leaf->path[0].key), leaf->path[1].key);

	return node ? node->value : (struct bytes){0};
}

int plain_ini(struct plain *plain)
{
	struct sops_node *first = plain->file->details->tree.documents[0]->first;
	struct sops_tree again = {0};
	struct fault ignored = {0};

	for (struct sops_node *section = first; section; section = section->next)
		plain_ini_section(plain, section, section == first);
	if (sops_ini_read(plain->pool, growing_bytes(&plain->out), &again, &ignored) < 0)
		return fault_set(plain->fault, FAULT_UNSUPPORTED, 0, "it has names or values that INI cannot have");
	for (size_t i = 0; i < plain->file->n_leaves; i++) {
		const struct sops_leaf *leaf = &plain->file->leaves[i];
		struct bytes value = sops_leaf_bytes(leaf), found = plain_ini_again(&again, leaf);

		if (leaf->type != SOPS_COMMENT && (value.size != found.size || memcmp(value.data, found.data, found.size) != 0))
			return plain_cannot(plain, leaf, "its quotes or line ends cannot be told in that format");
	}
	return 0;
}

static int plain_binary(struct plain *plain)
{
	for (size_t i = 0; i < plain->file->n_leaves; i++) {
		const struct sops_leaf *leaf = &plain->file->leaves[i];

		if (leaf->n_path == 1 && strcmp(leaf->path[0].key, "data") == 0)
			growing_add(&plain->out, leaf->value.data, leaf->value.size);
	}
	return 0;
}

int sops_plain(struct pool *pool, const struct sops_file *file, struct bytes *ret_plain, struct fault *fault)
{
	static int (*const writers[])(struct plain *plain) = {
		[SOPS_YAML] = plain_yaml, [SOPS_JSON] = plain_json, [SOPS_DOTENV] = plain_dotenv, [SOPS_INI] = plain_ini,
		[SOPS_BINARY] = plain_binary,
	};
	struct plain plain = {.pool = pool, .file = file, .out = {.pool = pool}, .fault = fault};
	int r = writers[file->format](&plain);

	if (r == 0)
		*ret_plain = growing_bytes(&plain.out);
	return r;
}
