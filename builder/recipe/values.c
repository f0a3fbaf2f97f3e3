/* Values that a table cannot describe. */
#include <errno.h>
#include <string.h>

#include "recipe/decode.h"
#include "recipe/problem.h"
#include "recipe/source_file.h"

/* --- lists with a meaning -------------------------------------------------------------------------------------------- */

int decode_kinds(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct schema words = *schema_field(&schema_recipe, "kinds")->schema;
	struct strv names;

	(void)out;
	words.decode = NULL;
	if (decode(decoder, &words, node, path, &names) < 0)
		return -EINVAL;
	for (size_t i = 0; i < names.count; i++)
		decoder->recipe->kinds |= recipe_kind(names.items[i]);
	return 0;
}

static void add_package(struct decoder *decoder, const struct node *node)
{
	struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_packages; i++)
		if (strcmp(recipe->packages[i].name, node->text) == 0)
			return;
	*arena_push(decoder->arena, recipe->packages, recipe->n_packages) = (struct recipe_package){
		.name = node->text, .origin = source_file_document(decoder, &node->pos)->origin, .pos = node->pos,
	};
}

int decode_packages(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct schema words = *schema_field(&schema_recipe, "packages")->schema;
	struct strv names;

	(void)out;
	words.decode = NULL;
	if (decode(decoder, &words, node, path, &names) < 0)
		return -EINVAL;
	if (node->type == NODE_SCALAR)
		add_package(decoder, node);
	for (size_t i = 0; node->type == NODE_LIST && i < node->count; i++)
		add_package(decoder, node->items[i]);
	return 0;
}

int decode_principals(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	const struct schema *schema = schema_field(schema_field(&schema_recipe, "ssh")->schema, "principals")->schema;
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_MAP)
		return problem_expected(decoder, node, path, "a map of users and their principals");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_principals *principals =
			arena_push(decoder->arena, recipe->principals, recipe->n_principals);

		principals->user = node->keys[i];
		principals->pos = node->key_pos[i];
		if (!decode_matches(schema->key_rule, node->keys[i]))
			err_at(decoder->err, -EINVAL, &node->key_pos[i], path, "expected %s, found '%s'",
			       schema->key_rule->expected, node->keys[i]);
		decode(decoder, schema->element, node->items[i], problem_path(decoder->arena, path, node->keys[i]),
		       &principals->names);
	}
	return 0;
}

int decode_commands(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	const struct schema *words =
		schema_field(schema_field(&schema_recipe, "hooks")->schema, "configure")->schema->element;
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of commands");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_hook *hook = arena_push(decoder->arena, recipe->configure, recipe->n_configure);

		hook->pos = node->items[i]->pos;
		if (node->items[i]->type != NODE_LIST || node->items[i]->count == 0) {
			problem_expected(decoder, node->items[i], path, "a command as a list of words");
			err_hint(decoder->err, "there is no shell: [[/usr/bin/program, argument]]");
		} else if (decode(decoder, words, node->items[i], path, &hook->argv) == 0 &&
			   hook->argv.items[0][0] != '/') {
			err_at(decoder->err, -EINVAL, &hook->pos, path, "the program must be an absolute path");
		}
	}
	return 0;
}

/* --- partitions ------------------------------------------------------------------------------------------------------ */

int decode_partition_size(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_partition *partition = out;

	if (node->type == NODE_SCALAR && strcmp(node->text, "100%") == 0) {
		partition->grow = true;
		return 0;
	}
	if (node->type == NODE_SCALAR && strcmp(node->text, "auto") == 0)
		return 0;
	if (node->type != NODE_SCALAR || size_parse(node->text, &partition->size) < 0 || partition->size == 0)
		return problem_expected(decoder, node, path, "a size like 512M or 10G, '100%' or 'auto'");
	return 0;
}

static bool made_here(const struct recipe_partition *partition)
{
	if (partition->content == CONTENT_ROOT)
		return strcmp(partition->format, "erofs") == 0;
	return strcmp(partition->format, "ext4") == 0 || strcmp(partition->format, "vfat") == 0;
}

int decode_content(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_partition *partition = out;
	const struct node *type = node_get(node, "type");
	const struct schema *schema;
	bool later;
	size_t n = 0;

	if (node->type == NODE_MAP && !type)
		return err_at(decoder->err, -EINVAL, &node->pos, path, "'type' is missing: what the partition holds");
	if (!type || type->type != NODE_SCALAR)
		return problem_expected(decoder, node, path, "a map with a 'type'");
	schema = schema_content(type->text, &later);
	if (later)
		return err_at(decoder->err, -ENOTSUP, &type->pos, path, "the content type '%s' is not yet supported",
			      type->text);
	while (schema_content_types[n])
		n++;
	if (!schema) {
		const char *near = text_nearest(type->text, schema_content_types, n);

		err_at(decoder->err, -ENOTSUP, &type->pos, path, "the content type '%s' is not supported", type->text);
		err_hint(decoder->err, near ? "did you mean '%s'?" : "there are: filesystem, root", near);
		return -ENOTSUP;
	}
	partition->content = strcmp(type->text, "root") == 0 ? CONTENT_ROOT : CONTENT_FILESYSTEM;
	partition->verity = partition->content == CONTENT_ROOT;
	partition->slots = partition->content == CONTENT_ROOT;
	decode(decoder, schema, node, path, partition);
	if (partition->format && !made_here(partition))
		return err_at(decoder->err, -ENOTSUP, &node_get(node, "format")->pos, path,
			      "the format '%s' is not yet supported", partition->format);
	return err_result(decoder->err);
}
