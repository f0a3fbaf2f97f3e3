/* YAML, one way to write each thing: blocks, and quotes where a text could be read as something else. Anchors are written
 * out. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "sealed/sops/enc.h"
#include "sealed/sops/leaves.h"
#include "sealed/sops/plain.h"
#include "sealed/sops/scalar.h"

enum { YAML_KEY_MAX = 1000 }; /* YAML has 1024 characters for a key in its line */

/* Whether a text can stand without quotes, for readers of YAML 1.1, too. */
static bool plain_yaml_bare(struct plain *plain, struct bytes text)
{
	static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
	const char *c = (const char *)text.data;
	enum sops_type type;
	struct bytes value;

	if (text.size == 0 || strlen(c) != text.size || !isalpha((unsigned char)*c))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(words[i], c) == 0)
			return false;
	}
	for (; *c; c++) {
		if ((unsigned char)*c >= 0x80 || (!isalnum((unsigned char)*c) && !strchr("_-./@+", *c)))
			return false;
	}
	return !sops_scalar_yaml(plain->pool, NULL, false, text, &type, &value) && type == SOPS_STR;
}

static void plain_yaml_text(struct plain *plain, struct bytes text)
{
	if (!sops_is_utf8(text)) {
		growing_puts(&plain->out, "!!binary ");
		growing_puts(&plain->out, sops_base64_text(plain->pool, text));
	} else if (plain_yaml_bare(plain, text)) {
		growing_add(&plain->out, text.data, text.size);
	} else {
		sops_json_quote(&plain->out, text);
	}
}

/* Of a whole number it has to be seen that it is none. */
static void plain_yaml_float(struct plain *plain, const char *text)
{
	if (strcmp(text, "NaN") == 0)
		text = ".nan";
	else if (strstr(text, "Inf"))
		text = *text == '-' ? "-.inf" : ".inf";
	growing_puts(&plain->out, text);
	growing_puts(&plain->out, strchr(text, '.') ? "" : ".0");
}

static void plain_yaml_scalar(struct plain *plain)
{
	const struct sops_leaf *leaf = plain_leaf(plain);
	const char *text = (const char *)leaf->value.data;

	switch (leaf->type) {
	case SOPS_NULL:
		growing_puts(&plain->out, "null");
		break;
	case SOPS_BOOL:
		growing_puts(&plain->out, strcmp(text, "True") == 0 ? "true" : "false");
		break;
	case SOPS_FLOAT:
		plain_yaml_float(plain, text);
		break;
	case SOPS_INT:
	case SOPS_TIME:
		growing_puts(&plain->out, text);
		break;
	default:
		plain_yaml_text(plain, leaf->value);
	}
	growing_puts(&plain->out, "\n");
}

static void plain_yaml_indent(struct plain *plain, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		growing_puts(&plain->out, " ");
}

/* Whether something of it is written: a list may have comments only. */
static bool plain_yaml_is_empty(const struct plain *plain, const struct sops_node *node)
{
	size_t next = plain->next;

	for (struct sops_node *child = node->first; child; child = child->next) {
		if (sops_node_real(child)->shape != SOPS_SCALAR || plain->file->leaves[next++].type != SOPS_COMMENT)
			return false;
	}
	return true;
}

static int plain_yaml_children(struct plain *plain, const struct sops_node *node, unsigned depth, bool begun);

/* `begun`: the line of its first child was begun by the list around it. */
static int plain_yaml_node(struct plain *plain, struct sops_node *node, unsigned depth, bool begun)
{
	node = sops_node_real(node);
	if (node->shape == SOPS_SCALAR) {
		plain_yaml_scalar(plain);
		return 0;
	}
	if (!plain_yaml_is_empty(plain, node))
		return plain_yaml_children(plain, node, depth, begun);
	plain->next += node->count;
	growing_puts(&plain->out, node->shape == SOPS_MAP ? "{}\n" : "[]\n");
	return 0;
}

/* A key with its value behind it or below it. */
static int plain_yaml_pair(struct plain *plain, struct sops_node *child, unsigned depth)
{
	const struct sops_node *real = sops_node_real(child);

	if (strlen(child->key) > YAML_KEY_MAX)
		return fault_set(plain->fault, FAULT_UNSUPPORTED, child->line, "a key is longer than %d bytes", YAML_KEY_MAX);
	plain_yaml_text(plain, (struct bytes){.data = (const uint8_t *)child->key, .size = strlen(child->key)});
	if (real->shape == SOPS_SCALAR || plain_yaml_is_empty(plain, real)) {
		growing_puts(&plain->out, ": ");
		return plain_yaml_node(plain, child, depth, true);
	}
	growing_puts(&plain->out, ":\n");
	return plain_yaml_node(plain, child, depth + 4, false);
}

static int plain_yaml_children(struct plain *plain, const struct sops_node *node, unsigned depth, bool begun)
{
	for (struct sops_node *child = node->first; child; child = child->next) {
		int r;

		if (plain_skips(plain, child))
			continue;
		if (!begun)
			plain_yaml_indent(plain, depth);
		begun = false;
		if (node->shape == SOPS_LIST)
			growing_puts(&plain->out, "- ");
		r = node->shape == SOPS_LIST ? plain_yaml_node(plain, child, depth + 2, true)
					     : plain_yaml_pair(plain, child, depth);
		if (r < 0)
			return r;
	}
	return 0;
}

int plain_yaml(struct plain *plain)
{
	const struct sops_tree *tree = &plain->file->details->tree;
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree->n_documents; i++) {
		growing_puts(&plain->out, i ? "---\n" : "");
		r = plain_yaml_node(plain, tree->documents[i], 0, false);
	}
	return r;
}
