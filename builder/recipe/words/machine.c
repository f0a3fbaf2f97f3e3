/* What is made, and what every machine has. */
#include <stdlib.h>
#include <string.h>

#include "recipe/words/words.h"

static const char *const kind_choices[] = {"vm", "lxc", "tools", NULL};

static int words_machine_decode_kinds(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct schema words = word_kinds;
	struct strv names;

	(void)out;
	words.decode = NULL;
	if (decode(decoder, &words, node, path, &names) < 0)
		return -EINVAL;
	for (size_t i = 0; i < names.count; i++)
		decoder->recipe->kinds |= recipe_kind(names.items[i]);
	return 0;
}

static const struct rule var_rule = {"a name of letters, digits, '-' and '_'", "[A-Za-z0-9_-]+"};
static const struct rule variable_rule = {"the name of an environment variable", "[A-Za-z_][A-Za-z0-9_]*"};
static const struct rule module_rule = {"the name of a kernel module", "[A-Za-z0-9_-]+"};
static const struct rule zone_rule = {"a time zone, like Europe/Berlin", "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"};

static void words_machine_check_env(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	(void)root;
	strv_sort(&recipe->env);
	for (size_t i = 0; i < recipe->env.count; i++) {
		const char *name = recipe->env.items[i], *value = getenv(name);

		strv_push(decoder->arena, &recipe->env_values,
			  value ? arena_printf(decoder->arena, "%s=%s", name, value) : name);
	}
}

static void words_machine_check_timezone(struct decoder *decoder, const struct node *root)
{
	(void)root;
	if (!decoder->recipe->timezone)
		decoder->recipe->timezone = "UTC";
}

static int words_machine_not_for_containers(struct decoder *decoder, const struct pos *pos, const char *path,
					    const char *why)
{
	err_at(decoder->err, -EINVAL, pos, path, "%s", why);
	return err_hint(decoder->err, "move it below 'vm' if it is for virtual machines only");
}

static bool words_machine_is_enabled(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_units; i++)
		if (!recipe->units[i].user && strcmp(recipe->units[i].name, name) == 0)
			return recipe->units[i].enable == YES;
	return false;
}

/* A container's interfaces are made, named and given their addresses outside of it. Those that it makes itself (a tunnel) are
 * networkd's, when that is wanted. */
static void words_machine_check_network(struct decoder *decoder, const struct recipe_network *network)
{
	const char *path = problem_path(decoder->arena, "networks", network->name);

	for (size_t i = 0; i < network->match.count; i++)
		if (strcmp(network->match.items[i].key, "Name") != 0) {
			words_machine_not_for_containers(decoder, &network->pos, path,
							 "the 'match' of a container's network can only have 'Name'");
			return;
		}
	if (words_machine_is_enabled(decoder->recipe, "systemd-networkd.service"))
		return;
	err_at(decoder->err, -EINVAL, &network->pos, path, "no service in this container sets up the network");
	err_hint(decoder->err, "the hypervisor configures its interfaces; for those that it makes itself, enable "
			       "systemd-networkd.service");
}

static void words_machine_check_container(struct decoder *decoder, const struct node *root)
{
	static const struct {
		const char *key, *why;
	} missing[] = {
		{"kernelArgs", "a container has no kernel of its own"},
		{"modulesLoad", "a container cannot load kernel modules"},
		{"partitions", "a container has no disk of its own"},
	};
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < root->count; i++)
		for (size_t m = 0; m < sizeof missing / sizeof *missing; m++)
			if (strcmp(root->keys[i], missing[m].key) == 0)
				words_machine_not_for_containers(decoder, &root->key_pos[i], missing[m].key,
								 missing[m].why);
	for (size_t i = 0; i < recipe->n_networks; i++)
		words_machine_check_network(decoder, &recipe->networks[i]);
}

static void words_machine_check_kinds(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *kinds = node_get(root, "kinds");

	if (!kinds || problem_known(decoder, "kinds"))
		return;
	if (!recipe->default_kind) /* 'kinds' contained a ${…} and could not be read before */
		recipe->default_kind = recipe->kinds & -recipe->kinds;
	if (!recipe->kind)
		recipe->kind = recipe->default_kind;
	if (!recipe->kinds) {
		err_at(decoder->err, -EINVAL, &kinds->pos, "kinds", "the list must not be empty");
	} else if (!(recipe->kinds & recipe->kind)) {
		err_at(decoder->err, -EINVAL, &kinds->pos, "kinds", "'%s' is not one of the kinds of this recipe",
		       recipe_kind_name(recipe->kind));
		err_hint(decoder->err, "add it to 'kinds' if the recipe supports it");
	} else if (recipe->kind == KIND_LXC) {
		words_machine_check_container(decoder, root);
	}
}

const struct schema word_kinds = {VALUE_WORDS, .choices = kind_choices, .decode = words_machine_decode_kinds,
				  .check = words_machine_check_kinds};
const struct schema word_vars = {VALUE_MAP, .element = &word_any, .key_rule = &var_rule};

const struct schema word_env = {VALUE_WORDS, .rule = &variable_rule, .check = words_machine_check_env};
const struct schema word_zone = {VALUE_TEXT, .rule = &zone_rule, .check = words_machine_check_timezone};

const struct schema word_modules = {VALUE_WORDS, .rule = &module_rule};
const struct schema word_name = {VALUE_TEXT, .rule = &word_rule_name};
