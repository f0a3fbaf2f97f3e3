/* Archives, and the packages that come from them. */
#include <string.h>

#include "recipe/words/words.h"

static const struct rule package_rule = {"the name of a Debian package", "[a-z0-9][a-z0-9+.-]+"};
static const struct rule packages_rule = {"the name of a Debian package, with the wildcards * and ?",
					  "[a-z0-9*?][a-z0-9+.*?-]*"};
static const struct rule version_rule = {"a version like '1.2-3', with the wildcards * and ?", "[A-Za-z0-9.+~:*?-]+"};
static const struct rule glob_rule = {"an absolute path, with the wildcards of glob(7)", "/[^[:cntrl:]]*"};
static const struct rule fingerprint_rule = {"a key's fingerprint: 40 hexadecimal digits",
					     "(0x)?( *[0-9A-Fa-f]){40}!?"};
static const struct rule suite_rule = {"a suite like 'trixie', or a folder that ends in '/'",
				       "([A-Za-z0-9+._~/:%-]|\\$\\(ARCH\\))+"};
static const struct rule component_rule = {"a component like 'main'", "[A-Za-z0-9+._~:%-]+(/[A-Za-z0-9+._~:%-]+)*"};

static const struct schema schema_fingerprints = {VALUE_WORDS, .rule = &fingerprint_rule};
static const struct schema schema_suites = {VALUE_WORDS, .rule = &suite_rule};
static const struct schema schema_components = {VALUE_WORDS, .rule = &component_rule};

static const struct schema schema_prefer = {VALUE_WORDS, .rule = &packages_rule};
static const struct schema schema_priority = {VALUE_INT, .min = -RECIPE_PRIORITY_MAX, .max = RECIPE_PRIORITY_MAX};
static const struct schema schema_version = {VALUE_TEXT, .rule = &version_rule};

static const struct field repository_fields[] = {
	{"url", &word_url, FIELD_REQUIRED, WORD_OF(recipe_repository, url), 0, "URL of the first mirror to use"},
	{"mirrors", &word_urls, 0, WORD_OF(recipe_repository, mirrors), 0,
	 "further mirrors, used in order when the first lacks a file"},
	{"suites", &schema_suites, FIELD_REQUIRED, WORD_OF(recipe_repository, suites), 0,
	 "trixie, trixie-updates, …; or a folder that ends in `/`, of an archive without components"},
	{"components", &schema_components, 0, WORD_OF(recipe_repository, components), 0,
	 "main, contrib, …; not for folders"},
	{"releaseName", &word_line, 0, WORD_OF(recipe_repository, release_name), 0,
	 "the Suite or Codename that its Release has (the suite)"},
	{"key", &word_file, FIELD_REQUIRED, WORD_OF(recipe_repository, key), 0,
	 "file with the archive's OpenPGP public keys"},
	{"fingerprints", &schema_fingerprints, FIELD_REQUIRED, WORD_OF(recipe_repository, fingerprints), 0,
	 "fingerprints of primary keys, one of which must have signed"},
	{"prefer", &schema_prefer, 0, WORD_OF(recipe_repository, prefer), 0,
	 "packages that come from it, whatever other archives have; with * and ?"},
	{"priority", &schema_priority, 0, WORD_OF(recipe_repository, priority), 0,
	 "Pin-Priority of all its packages, as in apt_preferences(5)"},
	{"auth", &word_auth, 0, WORD_OF(recipe_repository, auth), 0, "how this machine is known to the server of `url`"},
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

/* As sources.list(5) has it: a suite that is a folder has no components, any other has. */
static void words_packages_check_archive(struct decoder *decoder, struct recipe_repository *repository,
					 const struct node *node, const char *path)
{
	size_t flat = 0;

	if (!node || problem_known(decoder, path))
		return;
	word_check_url(decoder, node_get(node, "url"), problem_path(decoder->arena, path, "url"));
	word_check_url(decoder, node_get(node, "mirrors"), problem_path(decoder->arena, path, "mirrors"));
	word_check_auth(decoder, &repository->auth, node, path);
	if (node_get(node, "priority") && repository->priority == 0) {
		err_at(decoder->err, -EINVAL, &node_get(node, "priority")->pos,
		       problem_path(decoder->arena, path, "priority"), "0 has no meaning for apt");
		err_hint(decoder->err, "500 is what archives have by themselves, 100 backports; with less than 0 nothing is "
				       "taken from it");
	}
	for (size_t i = 0; i < repository->suites.count; i++)
		flat += text_has_suffix(repository->suites.items[i], "/");
	if (flat && flat < repository->suites.count) {
		err_at(decoder->err, -EINVAL, &node_get(node, "suites")->pos, problem_path(decoder->arena, path, "suites"),
		       "suites that end in '/' are folders and have no components: they cannot stand beside others");
		err_hint(decoder->err, "write two archives, one for each form");
	} else if (flat && repository->components.count) {
		err_at(decoder->err, -EINVAL, &node_get(node, "components")->pos,
		       problem_path(decoder->arena, path, "components"),
		       "a suite that ends in '/' is a folder and has no components");
		err_hint(decoder->err, "remove 'components'; or, if the archive has a folder 'dists/%.*s', write the suite "
				       "without its last '/'",
			 (int)strlen(repository->suites.items[0]) - 1, repository->suites.items[0]);
	} else if (!flat && repository->components.count == 0) {
		err_at(decoder->err, -EINVAL, &node->pos, problem_path(decoder->arena, path, "components"),
		       "required and not set");
		err_hint(decoder->err, "an archive without components has its folder as the suite, with a '/' at its end: "
				       "suites: [\"./\"]");
	}
}

static void words_packages_check_repositories(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "repositories");
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; map && i < recipe->n_repositories; i++)
		words_packages_check_archive(decoder, &recipe->repositories[i],
					     node_get(map, recipe->repositories[i].name),
					     problem_path(decoder->arena, "repositories", recipe->repositories[i].name));
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
	words_packages_check_archive(decoder, distribution, node, "distribution");
}

const struct schema word_globs = {VALUE_WORDS, .rule = &glob_rule};

const struct schema word_inclusions = {
	VALUE_TABLE, .element = &word_globs, .size = sizeof(struct recipe_inclusion), .key_rule = &packages_rule,
	.key_offset = WORD_OF(recipe_inclusion, package), .pos_offset = WORD_OF(recipe_inclusion, pos),
};

const struct schema word_repositories = {
	VALUE_TABLE, .element = &schema_repository, .size = sizeof(struct recipe_repository), .key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_repository, name), .pos_offset = WORD_OF(recipe_repository, pos),
	.check = words_packages_check_repositories,
};
const struct schema word_versions = {
	VALUE_TABLE, .element = &schema_version, .size = sizeof(struct recipe_version), .key_rule = &packages_rule,
	.key_offset = WORD_OF(recipe_version, package), .pos_offset = WORD_OF(recipe_version, pos),
};
const struct schema word_packages = {VALUE_WORDS, .rule = &package_rule, .decode = words_packages_decode};

const struct schema word_distribution = {VALUE_RECORD, .fields = repository_fields,
					 .check = words_packages_check_distribution};
