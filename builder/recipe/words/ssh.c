/* Who may log in. */
#include <string.h>

#include "recipe/words/words.h"

static const struct rule principal_rule = {"a principal without spaces or commas", "[^[:cntrl:][:space:],]+"};
static const struct schema schema_principal_names = {VALUE_WORDS, .rule = &principal_rule};

static int words_ssh_decode_principals(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_MAP)
		return problem_expected(decoder, node, path, "a map of users and their principals");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_principals *principals =
			arena_push(decoder->arena, recipe->principals, recipe->n_principals);

		principals->user = node->keys[i];
		principals->pos = node->key_pos[i];
		if (!decode_matches(&word_rule_account, node->keys[i]))
			err_at(decoder->err, -EINVAL, &node->key_pos[i], path, "expected %s, found '%s'",
			       word_rule_account.expected, node->keys[i]);
		decode(decoder, &schema_principal_names, node->items[i], problem_path(decoder->arena, path, node->keys[i]),
		       &principals->names);
	}
	return 0;
}

static const struct schema schema_principals = {
	VALUE_MAP,
	.element = &schema_principal_names,
	.key_rule = &word_rule_account,
	.decode = words_ssh_decode_principals,
};

static int words_ssh_decode_ca(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	decoder->recipe->ssh_ca_pos = node->pos;
	return decode(decoder, &word_file, node, path, out);
}

static const struct schema schema_ca = {VALUE_FILE, .decode = words_ssh_decode_ca};

static const struct field ssh_fields[] = {
	{"ca", &schema_ca, 0, WORD_OF(recipe, ssh_ca), 0, "public keys of the CA whose certificates may log in"},
	{"principals", &schema_principals, 0, 0, 0, "user: principals whose certificates may log in as the user"},
	WORD_END,
};

static void words_ssh_check_principals(struct decoder *decoder, const struct recipe_principals *principals)
{
	const struct recipe *recipe = decoder->recipe;
	const char **known = arena_array(decoder->arena, const char *, recipe->n_users + 1), *near;

	if (recipe_system_user(principals->user) || problem_known(decoder, "ssh.principals"))
		return;
	for (size_t i = 0; i < recipe->n_users; i++) {
		known[i] = recipe->users[i].name;
		if (strcmp(known[i], principals->user) == 0)
			return;
	}
	near = text_nearest(principals->user, known, recipe->n_users);
	err_at(decoder->err, -EINVAL, &principals->pos, "ssh.principals", "the user '%s' does not exist", principals->user);
	err_hint(decoder->err, near ? "did you mean '%s'?" : "add it to 'users'", near);
}

static void words_ssh_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_principals; i++)
		words_ssh_check_principals(decoder, &recipe->principals[i]);
}

const struct schema word_ssh = {VALUE_RECORD, .fields = ssh_fields, .check = words_ssh_check};
