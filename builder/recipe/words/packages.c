/* Archives, and the packages that come from them. */
#include <string.h>

#include "recipe/words/words.h"

static const struct rule package_rule = {"the name of a Debian package", "[a-z0-9][a-z0-9+.-]+"};
static const struct rule packages_rule = {"the name of a Debian package, with the wildcards * and ?",
					  "[a-z0-9*?][a-z0-9+.*?-]+"};
static const struct rule glob_rule = {"an absolute path, with the wildcards of glob(7)", "/[^[:cntrl:]]*"};
static const struct rule fingerprint_rule = {"a key's fingerprint: 40 upper-case hexadecimal digits", "[0-9A-F]{40}"};

static const struct schema schema_fingerprints = {VALUE_WORDS, .rule = &fingerprint_rule};

static const struct field repository_fields[] = {
	{"url", &word_url, FIELD_REQUIRED, WORD_OF(recipe_repository, url), 0, "URL of the first mirror to use"},
	{"mirrors", &word_urls, 0, WORD_OF(recipe_repository, mirrors), 0,
	 "further mirrors, used in order when the first lacks a file"},
	{"suites", &word_plain_list, FIELD_REQUIRED, WORD_OF(recipe_repository, suites), 0,
	 "trixie, trixie-updates, …"},
	{"components", &word_plain_list, FIELD_REQUIRED, WORD_OF(recipe_repository, components), 0, "main, contrib, …"},
	{"key", &word_file, FIELD_REQUIRED, WORD_OF(recipe_repository, key), 0,
	 "file with the archive's OpenPGP public keys"},
	{"fingerprints", &schema_fingerprints, FIELD_REQUIRED, WORD_OF(recipe_repository, fingerprints), 0,
	 "fingerprints of primary keys, one of which must have signed"},
	WORD_END,
};

static const struct schema schema_repository = {VALUE_RECORD, .fields = repository_fields};

static void words_packages_add_package(struct decoder *decoder, const struct node *node)
{
	struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_packages; i++)
		if (strcmp(recipe->packages[i].name, node->text) == 0)
			return;
	*arena_push(decoder->arena, recipe->packages, recipe->n_packages) = (struct recipe_package){
		.name = node->text, .origin = source_file_document(decoder, &node->pos)->origin, .pos = node->pos,
	};
}

static int words_packages_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct schema words = word_packages;
	struct strv names;

	(void)out;
	words.decode = NULL;
	if (decode(decoder, &words, node, path, &names) < 0)
		return -EINVAL;
	if (node->type == NODE_SCALAR)
		words_packages_add_package(decoder, node);
	for (size_t i = 0; node->type == NODE_LIST && i < node->count; i++)
		words_packages_add_package(decoder, node->items[i]);
	return 0;
}

static void words_packages_check_distribution(struct decoder *decoder, const struct node *root)
{
	struct recipe_repository *distribution = &decoder->recipe->distribution;
	const struct node *node = node_get(root, "distribution");

	if (!node) {
		err_at(decoder->err, -EINVAL, &root->pos, "distribution", "no archive of packages was named");
		err_hint(decoder->err, "extend a recipe that names one: 'from: aether:trixie'");
		return;
	}
	distribution->name = "debian";
	distribution->pos = node->pos;
}

const struct schema word_globs = {VALUE_WORDS, .rule = &glob_rule};

const struct schema word_inclusions = {
	VALUE_TABLE, .element = &word_globs, .size = sizeof(struct recipe_inclusion), .key_rule = &packages_rule,
	.key_offset = WORD_OF(recipe_inclusion, package), .pos_offset = WORD_OF(recipe_inclusion, pos),
};

const struct schema word_repositories = {
	VALUE_TABLE, .element = &schema_repository, .size = sizeof(struct recipe_repository), .key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_repository, name), .pos_offset = WORD_OF(recipe_repository, pos),
};
const struct schema word_packages = {VALUE_WORDS, .rule = &package_rule, .decode = words_packages_decode};

const struct schema word_distribution = {VALUE_RECORD, .fields = repository_fields,
					 .check = words_packages_check_distribution};
