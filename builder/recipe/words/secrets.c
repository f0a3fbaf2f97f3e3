/* Secrets: values that no image has, and where they come from. */
#include <string.h>

#include "recipe/words/words.h"
#include "sealed/sops/sops.h"

#define NAME_PART "[A-Za-z0-9][A-Za-z0-9._-]*"

const struct rule word_rule_secret = {"a name of letters, digits, '.', '_' and '-', in parts that '/' separates",
				      NAME_PART "(/" NAME_PART ")*"};
const struct schema word_unit_names = {VALUE_WORDS, .rule = &word_rule_unit};

static const char *const way_choices[] = {"image", "send", NULL};
static const char *const format_choices[] = {"yaml", "json", "dotenv", "ini", "binary", NULL};
static const struct schema schema_format = {VALUE_TEXT, .choices = format_choices};

static int words_secrets_decode_way(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	static const struct schema word = {VALUE_TEXT, .choices = way_choices};
	const char *text;

	if (decode(decoder, &word, node, path, &text) < 0)
		return -EINVAL;
	*(enum recipe_way *)out = strcmp(text, "send") == 0 ? RECIPE_WAY_SEND : RECIPE_WAY_IMAGE;
	return 0;
}

/* `a/b`, or a list for keys with a slash in them; nothing is the whole file. */
static int words_secrets_decode_key(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct strv key = {0};
	char *rest, *step;

	if (node->type == NODE_LIST && node->count)
		return decode(decoder, &(const struct schema){.type = VALUE_WORDS}, node, path, out);
	if (node->type != NODE_SCALAR || node_is_null(node))
		return problem_expected(decoder, node, path, "a path of keys like a/b, or a list of them");
	rest = arena_strdup(decoder->arena, node->text);
	while (*node->text && (step = strsep(&rest, "/"))) {
		if (!*step) {
			problem_expected(decoder, node, path, "a path of keys like a/b, without '/' at its ends or twice");
			return err_hint(decoder->err, "write a key with a slash in it in a list: [\"a/\", b]");
		}
		strv_push(decoder->arena, &key, step);
	}
	*(struct strv *)out = key;
	return 0;
}

/* Which file it is depends on the other words: later. */
static int words_secrets_decode_file(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	(void)out;
	return node->type == NODE_SCALAR && *node->text ? 0 : problem_expected(decoder, node, path, "the path of a file");
}

static const struct schema schema_way = {VALUE_TEXT, .choices = way_choices, .decode = words_secrets_decode_way};
static const struct schema schema_key = {.type = VALUE_ANY, .decode = words_secrets_decode_key};
static const struct schema schema_file = {VALUE_FILE, .decode = words_secrets_decode_file};

static const struct field secret_fields[] = {
	{"sopsFile", &schema_file, 0, 0, 0, "path of the SOPS file in the repository with the value"},
	{"jsonFile", &schema_file, 0, 0, 0, "path of a JSON file with the value, like the outputs of OpenTofu; it is sent"},
	{"key", &schema_key, 0, WORD_OF(recipe_secret, key), 0,
	 "where the value is in the file: a/b, or a list of keys; \"\" is the whole file (the name)"},
	{"format", &schema_format, 0, WORD_OF(recipe_secret, format), 0, "format of the SOPS file (by its name)"},
	{"deliver", &schema_way, 0, WORD_OF(recipe_secret, way), 0,
	 "how the value reaches the machine: encrypted in its image, or sent by whoever deploys (image)"},
	{"path", &word_image_path, 0, WORD_OF(recipe_secret, path), 0, "where it is found besides /run/secrets/NAME"},
	{"mode", &word_mode, 0, WORD_OF(recipe_secret, mode), 0, "permissions, quoted octal (\"0400\")"},
	{"owner", &word_owner, 0, WORD_OF(recipe_secret, owner), 0,
	 "user, or the number of one in a container (root)"},
	{"group", &word_owner, 0, WORD_OF(recipe_secret, group), 0, "group (root)"},
	{"neededForUsers", &word_bool, 0, WORD_OF(recipe_secret, for_users), 0,
	 "place it before all others, in /run/secrets-for-users"},
	{"restartUnits", &word_unit_names, 0, WORD_OF(recipe_secret, restart), 0,
	 "units that are restarted when it has changed, and that do not start without it"},
	{"reloadUnits", &word_unit_names, 0, WORD_OF(recipe_secret, reload), 0,
	 "units that are reloaded when it has changed, and that do not start without it"},
	{"allowEmpty", &word_bool, 0, WORD_OF(recipe_secret, allow_empty), 0, "an empty value is fine"},
	WORD_END,
};
static const struct schema schema_secret = {VALUE_RECORD, .fields = secret_fields};

static void words_secrets_prepare(void *element)
{
	struct recipe_secret *new = element;

	new->mode = 0400;
	new->owner = new->group = "root";
}

/* --- where it comes from ------------------------------------------------------------------------------------------- */

/* The name, step by step; in what OpenTofu prints, an output is a map that has its value. Of a binary file there is only the
 * whole. */
static struct strv words_secrets_default_key(struct arena *arena, const struct recipe_secret *secret)
{
	struct strv key = {0};
	char *rest = arena_strdup(arena, secret->name), *step;

	while ((!secret->format || strcmp(secret->format, "binary") != 0) && (step = strsep(&rest, "/")))
		strv_push(arena, &key, step);
	if (secret->json)
		strv_push(arena, &key, "value");
	return key;
}

static void words_secrets_check_json(struct decoder *decoder, const struct recipe_secret *secret, const struct node *node,
				     const char *path)
{
	const struct node *deliver = node_get(node, "deliver"), *format = node_get(node, "format");

	if (deliver && secret->way == RECIPE_WAY_IMAGE) {
		err_at(decoder->err, -EINVAL, &deliver->pos, path, "a 'jsonFile' is not encrypted: it cannot be in an image");
		err_hint(decoder->err, "write 'deliver: send', or leave it out");
	}
	if (format)
		err_at(decoder->err, -EINVAL, &format->pos, path, "'format' is that of a 'sopsFile'");
	if (!secret->key.count)
		err_at(decoder->err, -EINVAL, &node_get(node, "key")->pos, path,
		       "a whole 'jsonFile' is no value: expected the path of one in it");
}

static void words_secrets_find_file(struct decoder *decoder, struct recipe_secret *secret, const struct node *file,
				    const char *path)
{
	const char *by = source_file_document(decoder, &file->pos)->name;
	bool there = true;

	secret->file_pos = file->pos;
	secret->file = secret->way == RECIPE_WAY_SEND ? source_file_maybe(decoder, file, path, &there)
						      : source_file_own(decoder, file, path);
	if (secret->file)
		secret->shown = source_file_shown(decoder, by, file->text, secret->file);
}

static void words_secrets_complete(struct decoder *decoder, struct recipe_secret *secret, const struct node *node,
				   const char *path)
{
	const struct node *sops = node_get(node, "sopsFile"), *json = node_get(node, "jsonFile"), *file = sops ? sops : json;

	if (!sops == !json) {
		err_at(decoder->err, -EINVAL, &secret->pos, path,
		       sops ? "'sopsFile' and 'jsonFile' cannot be used together" : "expected 'sopsFile' or 'jsonFile'");
		err_hint(decoder->err, sops ? "to replace the file of another recipe file, write '!replace' before the map"
					    : "name the encrypted file that has the value: sopsFile: secrets/NAME.yaml");
		return;
	}
	secret->json = !sops;
	if (secret->json && !node_get(node, "deliver"))
		secret->way = RECIPE_WAY_SEND;
	words_secrets_find_file(decoder, secret, file, path);
	if (!secret->json && !secret->format)
		secret->format = sops_format_name(sops_format_of(file->text));
	if (!node_get(node, "key"))
		secret->key = words_secrets_default_key(decoder->arena, secret);
	if (secret->json)
		words_secrets_check_json(decoder, secret, node, path);
	else if (secret->key.count && strcmp(secret->format, "binary") == 0)
		err_at(decoder->err, -EINVAL, &node_get(node, "key")->pos, path,
		       "a file of the format 'binary' has no keys: leave 'key' out");
}

static void words_secrets_check(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "secrets");
	const struct recipe *recipe = decoder->recipe;

	if (recipe->n_secrets && recipe->kinds == KIND_TOOLS && !problem_known(decoder, "kinds"))
		err_at(decoder->err, -EINVAL, &map->pos, "secrets", "a recipe of the kind 'tools' cannot have secrets");
	for (size_t i = 0; i < recipe->n_secrets; i++) {
		struct recipe_secret *secret = &recipe->secrets[i];
		const char *path = problem_path(decoder->arena, "secrets", secret->name);

		if (!problem_known(decoder, path))
			words_secrets_complete(decoder, secret, node_get(map, secret->name), path);
	}
	word_check_sops(decoder, map);
}

const struct schema word_secrets = {
	VALUE_TABLE,
	.element = &schema_secret,
	.size = sizeof(struct recipe_secret),
	.key_rule = &word_rule_secret,
	.key_offset = WORD_OF(recipe_secret, name),
	.pos_offset = WORD_OF(recipe_secret, pos),
	.prepare = words_secrets_prepare,
	.check = words_secrets_check,
};
