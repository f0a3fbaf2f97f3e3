/* Secrets and templates as a recipe says them: where files are, what is left out, what text comes to. */
#include "suite.h"

#include <string.h>

#include "recipes.h"
#include "scratch.h"
#include "sops_file.h"

#define FROM "from: base.recipe\n"

static const struct recipe *load(const char *words)
{
	recipes_write("secrets/box.yaml", SOPS_FILE);
	return recipes_load_as(arena_printf(scratch_arena(), FROM "%s", words), KIND_VM);
}

static const struct recipe_secret *secret_of(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_secrets; i++)
		if (strcmp(recipe->secrets[i].name, name) == 0)
			return &recipe->secrets[i];
	ck_abort_msg("no secret %s", name);
}

START_TEST(modules_and_facts_declare_secrets_beside_themselves)
{
	const struct recipe *recipe;

	recipes_write("m/secrets/own.yaml", SOPS_FILE);
	recipes_write("m/m.recipe", "secrets: { db/user: { sopsFile: secrets/own.yaml, group: '472',\n"
				    "  restartUnits: one.service } }\n"
				    "templates: { t: { file: t.conf } }\n");
	recipes_write("m/t.conf", "user=${secrets.db/user} on ${name}\n");
	recipes_write("f/facts.yaml", "pw: { sopsFile: ../secrets/box.yaml, deliver: send }\n");
	recipe = load("use: m/m.recipe\nfacts: f/facts.yaml\n"
		      "secrets: { db/user: { owner: aether, restartUnits: two.service }, db/password: '${facts.pw}' }\n");
	ck_assert(text_has_suffix(secret_of(recipe, "db/user")->file, "/m/secrets/own.yaml"));
	ck_assert_str_eq(secret_of(recipe, "db/user")->owner, "aether");
	ck_assert_str_eq(secret_of(recipe, "db/user")->group, "472");
	ck_assert_str_eq(recipes_words(&secret_of(recipe, "db/user")->restart), "one.service two.service");
	ck_assert(text_has_suffix(secret_of(recipe, "db/password")->file, "/secrets/box.yaml"));
	ck_assert_str_eq(recipe->templates[0].parts[2].text, " on base\n");
}
END_TEST

START_TEST(a_whole_map_of_secrets_can_be_a_fact)
{
	const struct recipe *recipe;

	recipes_write("f/secrets/own.yaml", SOPS_FILE);
	recipes_write("f/facts.yaml", "box: { db/user: { sopsFile: secrets/own.yaml, owner: aether } }\n");
	recipe = load("facts: f/facts.yaml\nsecrets: ${facts.box}\n");
	ck_assert_uint_eq(recipe->n_secrets, 1);
	ck_assert(text_has_suffix(recipe->secrets[0].file, "/f/secrets/own.yaml"));
	ck_assert_ptr_nonnull(recipe->secrets[0].sops);
}
END_TEST

static const struct from {
	const char *name, *words, *key, *format;
	enum recipe_way way;
} froms[] = {
	{"db/user", "sopsFile: secrets/box.yaml", "db user", "yaml", RECIPE_WAY_IMAGE},
	{"a", "sopsFile: secrets/box.yaml, key: db/user", "db user", "yaml", RECIPE_WAY_IMAGE},
	{"a", "sopsFile: secrets/box.yaml, key: [db, user]", "db user", "yaml", RECIPE_WAY_IMAGE},
	{"a", "sopsFile: secrets/box.yaml, key: tokens/0", "tokens 0", "yaml", RECIPE_WAY_IMAGE},
	{"a", "sopsFile: secrets/box.yaml, key: ''", "", "yaml", RECIPE_WAY_IMAGE},
	{"port", "sopsFile: secrets/box.yaml, deliver: send", "port", "yaml", RECIPE_WAY_SEND},
	{"a/b", "sopsFile: secrets/none.env, deliver: send", "a b", "dotenv", RECIPE_WAY_SEND},
	{"a", "sopsFile: secrets/none.json, deliver: send", "a", "json", RECIPE_WAY_SEND},
	{"a", "sopsFile: secrets/none.ini, deliver: send", "a", "ini", RECIPE_WAY_SEND},
	{"a", "sopsFile: secrets/none.key, deliver: send", "", "binary", RECIPE_WAY_SEND},
	{"a", "sopsFile: secrets/none.key, format: yaml, deliver: send", "a", "yaml", RECIPE_WAY_SEND},
	{"a", "jsonFile: none.json", "a value", NULL, RECIPE_WAY_SEND},
	{"a", "jsonFile: none.json, key: x/y", "x y", NULL, RECIPE_WAY_SEND},
};

START_TEST(what_is_left_out_follows_from_the_name_and_the_file)
{
	const struct from *row = &froms[_i];
	const struct recipe *recipe = load(arena_printf(scratch_arena(), "secrets: { %s: { %s } }\n", row->name, row->words));
	const struct recipe_secret *secret = &recipe->secrets[0];

	ck_assert_str_eq(recipes_words(&secret->key), row->key);
	ck_assert_pstr_eq(secret->format, row->format);
	ck_assert_int_eq(secret->way, row->way);
	ck_assert_int_eq(secret->mode, 0400);
	ck_assert_str_eq(secret->owner, "root");
	ck_assert_str_eq(secret->group, "root");
}
END_TEST

START_TEST(the_machines_recipients_are_those_of_its_name)
{
	recipes_write("keys/hosts/base.age", "# a\n  " SOPS_FILE_OTHER "  \r\n\n" SOPS_FILE_RECIPIENT "\n");

	const struct recipe *recipe = load("secrets: { db/user: { sopsFile: secrets/box.yaml } }\n");

	ck_assert_uint_eq(recipe->n_recipients, 2);
	ck_assert_str_eq(recipe->recipients[0].text, SOPS_FILE_OTHER);
	ck_assert_uint_eq(recipe->recipients[1].pos.line, 4);
	ck_assert(recipe->secrets[0].sops->for_machine);
	ck_assert_str_eq(recipes_words(&recipe->secrets[0].sops->recipients), SOPS_FILE_RECIPIENT);
	recipe = load("recipients: []\n");
	ck_assert_uint_eq(recipe->n_recipients, 0);
}
END_TEST

static const struct mention {
	const char *value, *place;
	bool yes;
} mentions[] = {
	{"/run/secrets/a", "/run/secrets/a", true}, {"/bin/cat /run/secrets/a", "/run/secrets/a", true},
	{"-/run/secrets/a", "/run/secrets/a", true}, {"x:/run/secrets/a", "/run/secrets/a", true},
	{"/run/secrets/a:/x:ro", "/run/secrets/a", true}, {"--file=/run/secrets/a", "/run/secrets/a", true},
	{"/run/secrets/a,x", "/run/secrets/a", true}, {"\"/run/secrets/a\"", "/run/secrets/a", true},
	{"/run/secrets/ab", "/run/secrets/a", false}, {"/run/secrets/a-b", "/run/secrets/a", false},
	{"/run/secrets/a.b", "/run/secrets/a", false}, {"/run/secrets/a/b", "/run/secrets/a", true},
	{"/run/secrets/a", "/run/secrets/a/b", true}, {"/run/secrets", "/run/secrets/a/b", true},
	{"/run/secrets/", "/run/secrets/a/b", true}, {"/run/secrets/b", "/run/secrets/a/b", false},
	{"/run/secrets", "/run/secrets-for-users/a", false}, {"/run/secrets-for-users", "/run/secrets-for-users/a", true},
	{"/run", "/run/secrets/a", false}, {"/etc", "/etc/a", false}, {"/etc/a", "/etc/a", true}, {"", "/etc/a", false},
};

START_TEST(a_value_names_a_place_or_a_folder_of_secrets)
{
	ck_assert_msg(recipe_mentions(mentions[_i].value, mentions[_i].place) == mentions[_i].yes, "%s: %s", mentions[_i].value,
		      mentions[_i].place);
}
END_TEST

SUITE(secret_words, modules_and_facts_declare_secrets_beside_themselves, a_whole_map_of_secrets_can_be_a_fact,
      the_machines_recipients_are_those_of_its_name)
LOOP_SUITE(secret_defaults, what_is_left_out_follows_from_the_name_and_the_file, sizeof froms / sizeof *froms)
LOOP_SUITE(secret_mentions, a_value_names_a_place_or_a_folder_of_secrets, sizeof mentions / sizeof *mentions)
