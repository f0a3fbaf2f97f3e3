/* Users, and who may log in. */
#include <inttypes.h>
#include <string.h>

#include "recipe/words/words.h"

static const struct rule principal_rule = {"a principal without spaces or commas", "[^[:cntrl:][:space:],]+"};
static const char *const sudo_choices[] = {"nopasswd", "password", NULL};
static const struct schema schema_sudo = {VALUE_TEXT, .choices = sudo_choices};
static const struct schema schema_uid = {VALUE_INT, .min = 1, .max = 60000};
static const struct schema schema_accounts = {VALUE_WORDS, .rule = &word_rule_account};

static const struct field user_fields[] = {
	{"uid", &schema_uid, 0, WORD_OF(recipe_user, uid), 0, "user id (the next free one from 1000)"},
	{"groups", &schema_accounts, 0, WORD_OF(recipe_user, groups), 0, "additional groups"},
	{"shell", &word_image_path, 0, WORD_OF(recipe_user, shell), 0, "login shell (/bin/bash)"},
	{"home", &word_image_path, 0, WORD_OF(recipe_user, home), 0, "home folder (/home/NAME), on persistent storage"},
	{"comment", &word_line, 0, WORD_OF(recipe_user, comment), 0, "full name"},
	{"sudo", &schema_sudo, 0, WORD_OF(recipe_user, sudo), 0, "may become root by sudo, without or with a password"},
	{"linger", &word_bool, 0, WORD_OF(recipe_user, linger), 0, "the user's services run without a login"},
	{"system", &word_bool, 0, WORD_OF(recipe_user, system), 0,
	 "account of a service: id below 1000, no home folder"},
	WORD_END,
};

static void users_prepare_user(void *element)
{
	struct recipe_user *new = element;

	new->uid = -1;
	new->comment = "";
}

static const struct schema schema_user = {VALUE_RECORD, .fields = user_fields};

static const struct schema schema_principal_names = {VALUE_WORDS, .rule = &principal_rule};

static int users_decode_principals(struct decoder *decoder, const struct node *node, const char *path, void *out)
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
	.decode = users_decode_principals,
};

static const struct field ssh_fields[] = {
	{"ca", &word_file, 0, WORD_OF(recipe, ssh_ca), 0, "public key of the CA whose certificates may log in"},
	{"principals", &schema_principals, 0, 0, 0, "user: principals whose certificates may log in as the user"},
	WORD_END,
};

/* The accounts of Debian's base-passwd: on every system. */
static const char *const system_accounts[] = {
	"root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail",
	"news", "uucp", "proxy", "www-data", "backup", "list", "irc", "_apt", "nobody",
};

static bool users_is_system_account(const char *name)
{
	for (size_t i = 0; i < sizeof system_accounts / sizeof *system_accounts; i++)
		if (strcmp(system_accounts[i], name) == 0)
			return true;
	return false;
}

static void users_check_user(struct decoder *decoder, struct recipe_user *user, size_t n_before)
{
	const char *path = problem_path(decoder->arena, "users", user->name);
	const struct recipe *recipe = decoder->recipe;

	if (!user->home)
		user->home = user->system ? "/nonexistent" : arena_printf(decoder->arena, "/home/%s", user->name);
	if (!user->shell)
		user->shell = user->system ? "/usr/sbin/nologin" : "/bin/bash";
	if (problem_known(decoder, path))
		return;
	if (users_is_system_account(user->name))
		err_at(decoder->err, -EINVAL, &user->pos, path, "'%s' already exists on every Debian system",
		       user->name);
	if (user->uid >= 0 && user->system != (user->uid < 1000))
		err_at(decoder->err, -EINVAL, &user->pos, path,
		       user->system ? "the id of a 'system' user must be below 1000"
				    : "the id of a user must be 1000 or more, except for 'system' users");
	if (!user->system && !word_is_home(recipe, user->home)) {
		err_at(decoder->err, -EINVAL, &user->pos, path, "the home folder '%s' is not on persistent storage",
		       user->home);
		err_hint(decoder->err, "put it below /home or /var");
	}
	for (size_t i = 0; i < n_before && user->uid >= 0; i++)
		if (recipe->users[i].uid == user->uid)
			err_at(decoder->err, -EINVAL, &user->pos, path, "the id %" PRId64 " is already in use by '%s'",
			       user->uid, recipe->users[i].name);
}

static void users_check_principals(struct decoder *decoder, const struct recipe_principals *principals)
{
	const struct recipe *recipe = decoder->recipe;
	const char **known = arena_array(decoder->arena, const char *, recipe->n_users + 1), *near;

	if (users_is_system_account(principals->user) || problem_known(decoder, "ssh.principals"))
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

static void users_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_users; i++)
		users_check_user(decoder, &recipe->users[i], i);
}

static void users_check_ssh(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_principals; i++)
		users_check_principals(decoder, &recipe->principals[i]);
}

const struct schema word_users = {
	VALUE_TABLE,
	.element = &schema_user,
	.size = sizeof(struct recipe_user),
	.key_rule = &word_rule_account,
	.key_offset = WORD_OF(recipe_user, name),
	.pos_offset = WORD_OF(recipe_user, pos),
	.prepare = users_prepare_user,
	.check = users_check,
};
const struct schema word_ssh = {VALUE_RECORD, .fields = ssh_fields, .check = users_check_ssh};
