/* Values that a table cannot describe. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "edge/digest.h"
#include "recipe/decode.h"

const struct document *decode_document(const struct decoder *decoder, const struct pos *pos)
{
	for (size_t i = 0; i < decoder->n_documents; i++)
		if (decoder->documents[i].name == pos->file)
			return &decoder->documents[i];
	return &decoder->documents[0];
}

/* --- the recipe's own files ------------------------------------------------------------------------------------------ */

static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || folder[length - 1] == '/');
}

void decode_add_input(struct decoder *decoder, const char *path, const char *sha256, bool language)
{
	struct recipe *recipe = decoder->recipe;
	struct recipe_input *input;

	for (size_t i = 0; i < recipe->n_inputs; i++)
		if (strcmp(recipe->inputs[i].path, path) == 0) {
			recipe->inputs[i].language |= language;
			return;
		}
	input = arena_push(decoder->arena, recipe->inputs, recipe->n_inputs);
	input->language = language;
	input->path = path;
	input->name = lies_in(path, recipe->root) ? path + strlen(recipe->root) + 1 : path;
	memcpy(input->sha256, sha256, sizeof input->sha256);
}

/* The real path, when it is a file that the recipe may use. */
static const char *real_file(struct decoder *decoder, const struct node *node, const char *key, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) < 0) {
		err_at(decoder->err, -errno, &node->pos, key, "cannot find the file '%s'", node->text);
		err_hint(decoder->err, "it is looked for at '%s'", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		err_at(decoder->err, -EINVAL, &node->pos, key, "'%s' is not a regular file", node->text);
		return NULL;
	}
	if (!decoder->allow_outside && !lies_in(real, decoder->recipe->root)) {
		err_at(decoder->err, -EPERM, &node->pos, key, "'%s' lies outside the repository '%s'", node->text,
		       decoder->recipe->root);
		err_hint(decoder->err, "move it into the repository, or allow it: --allow-outside");
		return NULL;
	}
	return arena_strdup(decoder->arena, real);
}

const char *decode_find_file(struct decoder *decoder, const struct node *node, const char *key)
{
	const char *base = decode_document(decoder, &node->pos)->path, *path;

	if (node->type != NODE_SCALAR || !*node->text) {
		decode_expected(decoder, node, key, "the path of a file");
		return NULL;
	}
	if (*node->text != '/')
		path = arena_printf(decoder->arena, "%.*s/%s", (int)(strrchr(base, '/') - base), base, node->text);
	else
		path = node->text;
	return real_file(decoder, node, key, path);
}

const char *decode_own_file(struct decoder *decoder, const struct node *node, const char *key)
{
	char sha256[SHA256_HEX];
	const char *path = decode_find_file(decoder, node, key);

	if (!path || sha256_file(path, sha256, NULL, decoder->err) < 0)
		return NULL;
	decode_add_input(decoder, path, sha256, false);
	return path;
}

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
		.name = node->text, .origin = decode_document(decoder, &node->pos)->origin, .pos = node->pos,
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
		return decode_expected(decoder, node, path, "a map of users and their principals");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_principals *principals =
			arena_push(decoder->arena, recipe->principals, recipe->n_principals);

		principals->user = node->keys[i];
		principals->pos = node->key_pos[i];
		if (!decode_matches(schema->key_rule, node->keys[i]))
			err_at(decoder->err, -EINVAL, &node->key_pos[i], path, "expected %s, found '%s'",
			       schema->key_rule->expected, node->keys[i]);
		decode(decoder, schema->element, node->items[i], decode_path(decoder->arena, path, node->keys[i]),
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
		return decode_expected(decoder, node, path, "a list of commands");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_hook *hook = arena_push(decoder->arena, recipe->configure, recipe->n_configure);

		hook->pos = node->items[i]->pos;
		if (node->items[i]->type != NODE_LIST || node->items[i]->count == 0) {
			decode_expected(decoder, node->items[i], path, "a command as a list of words");
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
		return decode_expected(decoder, node, path, "a size like 512M or 10G, '100%' or 'auto'");
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
		return decode_expected(decoder, node, path, "a map with a 'type'");
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
