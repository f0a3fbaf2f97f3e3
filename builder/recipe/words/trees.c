/* Trees of values that become the text of a file: JSON (RFC 8259) or YAML. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/valid.h"
#include "edge/jval.h"
#include "recipe/words/words.h"

/* A tree that is checked, or written. */
struct tree_text {
	struct decoder *decoder;
	struct buf out;
	bool json;
};

/* --- what cannot be written ------------------------------------------------------------------------------------------ */

/* Whoever writes YAML for programs in Go, Ruby or Python is used to these. */
static void words_trees_warn_of(struct decoder *decoder, const struct node *node, const char *path)
{
	static const char *const words[][2] = {{"yes", "true"}, {"on", "true"}, {"no", "false"}, {"off", "false"}};

	for (size_t i = 0; node->plain && !node->joined && i < sizeof words / sizeof *words; i++)
		if (strcasecmp(words[i][0], node->text) == 0) {
			err_warn(decoder->err, &node->pos, path, "'%s' is a text here, not %s", node->text, words[i][1]);
			err_hint(decoder->err, "write %s, or \"%s\" in quotes for the text", words[i][1], node->text);
		}
}

static int words_trees_unclear(struct decoder *decoder, const struct node *node, const char *path)
{
	const char *text = node->text, *digits = text + strspn(text, "+-0"), *sign = *text == '-' ? "-" : "";

	err_at(decoder->err, -EINVAL, &node->pos, path, "'%s' is not the same number for all programs", text);
	if (*digits && digits[strspn(digits, "01234567")] == 0)
		return err_hint(decoder->err,
				"write \"%s\" in quotes for the text, %s%s for the number, or %s%ld if it is octal", text,
				sign, digits, sign, strtol(digits, NULL, 8));
	return err_hint(decoder->err, "write \"%s\" in quotes for the text, or the number in decimal digits", text);
}

static int words_trees_check_scalar(struct tree_text *tree, const struct node *node, const char *path)
{
	struct err *err = tree->decoder->err;

	switch (node_scalar(node)) {
	case SCALAR_TEXT: /* what is in a file is UTF-8; what comes from the environment need not be */
		if (valid_utf8(node->text, strlen(node->text)) < strlen(node->text))
			return err_at(err, -EINVAL, &node->pos, path, "this text is not UTF-8: it cannot be in such a file");
		words_trees_warn_of(tree->decoder, node, path);
		return 0;
	case SCALAR_UNCLEAR:
		return words_trees_unclear(tree->decoder, node, path);
	case SCALAR_INFINITE:
		if (!tree->json)
			return 0;
		err_at(err, -EINVAL, &node->pos, path, "JSON has no number '%s'", node->text);
		return err_hint(err, "write \"%s\" in quotes for the text", node->text);
	default:
		return 0;
	}
}

/* A tag says how to merge, and items of lists are not merged: it would be of no effect. */
static int words_trees_check_tag(struct tree_text *tree, const struct node *node, const char *path)
{
	err_at(tree->decoder->err, -EINVAL, &node->pos, path, "a tag is not allowed within an item of a list");
	return err_hint(tree->decoder->err, "items of lists are whole: to change one, replace the list with '!replace'");
}

static int words_trees_check(struct tree_text *tree, const struct node *node, const char *path, bool in_list)
{
	int r = 0;

	if (node->state == STATE_REPORTED)
		return -EINVAL;
	if (in_list && node->tag != TAG_NONE)
		return words_trees_check_tag(tree, node, path);
	if (node->type == NODE_SCALAR)
		return words_trees_check_scalar(tree, node, path);
	for (size_t i = 0; i < node->count; i++) {
		const char *key = node->type == NODE_MAP ? problem_path(tree->decoder->arena, path, node->keys[i]) : path;

		if (words_trees_check(tree, node->items[i], key, in_list || node->type == NODE_LIST) < 0)
			r = -EINVAL;
	}
	return r;
}

/* --- JSON ------------------------------------------------------------------------------------------------------------ */

static void words_trees_json_text(struct tree_text *tree, const char *text)
{
	_cleanup_jval_ struct jval *value = jval_text(text);

	buf_puts(&tree->out, jval_print(tree->decoder->arena, value, false));
}

static void words_trees_json_scalar(struct tree_text *tree, const struct node *node)
{
	switch (node_scalar(node)) {
	case SCALAR_NULL:
		buf_puts(&tree->out, "null");
		return;
	case SCALAR_BOOL:
		buf_puts(&tree->out, strcasecmp(node->text, "true") == 0 ? "true" : "false");
		return;
	case SCALAR_INTEGER:
	case SCALAR_REAL:
		buf_puts(&tree->out, node_number(tree->decoder->arena, node, false));
		return;
	default:
		words_trees_json_text(tree, node->text);
	}
}

static void words_trees_json_line(struct tree_text *tree, unsigned depth)
{
	buf_printf(&tree->out, "\n%*s", 2 * (int)depth, "");
}

/* Not by way of `struct jval`: it has no numbers of any size, and no digits after the last that counts. */
static void words_trees_json(struct tree_text *tree, const struct node *node, unsigned depth)
{
	bool map = node->type == NODE_MAP;

	if (node->type == NODE_SCALAR) {
		words_trees_json_scalar(tree, node);
		return;
	}
	buf_puts(&tree->out, map ? "{" : "[");
	for (size_t i = 0; i < node->count; i++) {
		buf_puts(&tree->out, i ? "," : "");
		words_trees_json_line(tree, depth + 1);
		if (map) {
			words_trees_json_text(tree, node->keys[i]);
			buf_puts(&tree->out, ": ");
		}
		words_trees_json(tree, node->items[i], depth + 1);
	}
	if (node->count)
		words_trees_json_line(tree, depth);
	buf_puts(&tree->out, map ? "}" : "]");
}

/* --- the words ------------------------------------------------------------------------------------------------------- */

static int words_trees_begin(struct tree_text *tree, const struct node *node, const char *path)
{
	if (node->state == STATE_REPORTED)
		return -EINVAL;
	if (node->type == NODE_SCALAR)
		return problem_expected(tree->decoder, node, path, "a map or a list with the values of the file");
	return words_trees_check(tree, node, path, false);
}

static int words_trees_decode_json(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct tree_text tree = {.decoder = decoder, .json = true};

	if (words_trees_begin(&tree, node, path) < 0)
		return -EINVAL;
	words_trees_json(&tree, node, 0);
	buf_puts(&tree.out, "\n");
	*(const char **)out = arena_strndup(decoder->arena, tree.out.data, tree.out.size);
	buf_free(&tree.out);
	return 0;
}

static int words_trees_decode_yaml(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct tree_text tree = {.decoder = decoder};

	if (words_trees_begin(&tree, node, path) < 0)
		return -EINVAL;
	return yaml_write(decoder->arena, node, out, decoder->err);
}

const struct schema word_json = {VALUE_TREE, .decode = words_trees_decode_json};
const struct schema word_yaml = {VALUE_TREE, .decode = words_trees_decode_yaml};
