/* Secrets of servers: where they are found, and that they are nowhere else. */
#include <string.h>

#include "recipe/words/words.h"

static const struct rule auth_env_rule = {"the name of an environment variable", "[A-Za-z_][A-Za-z0-9_]*"};
static const struct rule auth_file_rule = {"the absolute path of a file of this machine, or one below ~/",
					   "(~/|/)[^[:cntrl:]]+"};
static const struct rule auth_header_rule = {"the name of a header, like PRIVATE-TOKEN", "[A-Za-z0-9-]+"};
static const struct rule auth_user_rule = {"the name of a user, without ':'", "[^:[:cntrl:]]+"};
static const struct rule auth_host_rule = {"a registry's host, like ghcr.io or registry.example:5000",
					   "[a-z0-9.-]+(:[0-9]+)?"};
static const struct schema schema_env = {VALUE_TEXT, .rule = &auth_env_rule};
static const struct schema schema_file = {VALUE_TEXT, .rule = &auth_file_rule};
static const struct schema schema_header = {VALUE_TEXT, .rule = &auth_header_rule};
static const struct schema schema_user = {VALUE_TEXT, .rule = &auth_user_rule};

static const struct field auth_fields[] = {
	{"env", &schema_env, 0, WORD_OF(recipe_auth, env), 0, "environment variable with the token or password"},
	{"file", &schema_file, 0, WORD_OF(recipe_auth, file), 0,
	 "file of this machine with it, or with lines like those of .netrc"},
	{"user", &schema_user, 0, WORD_OF(recipe_auth, user), 0, "user whose password it is (none: a bearer token)"},
	{"header", &schema_header, 0, WORD_OF(recipe_auth, header), 0, "header that has it as its value (Authorization)"},
	WORD_END,
};
const struct schema word_auth = {VALUE_RECORD, .fields = auth_fields};

static const struct field registry_fields[] = {
	{"auth", &word_auth, FIELD_REQUIRED, WORD_OF(recipe_registry, auth), 0, "how this machine is known to it"},
	WORD_END,
};
static const struct schema schema_registry = {VALUE_RECORD, .fields = registry_fields};

void word_check_auth(struct decoder *decoder, struct recipe_auth *auth, const struct node *node, const char *path)
{
	const struct node *own = node_get(node, "auth");

	path = problem_path(decoder->arena, path, "auth");
	if (!own || problem_known(decoder, path))
		return;
	auth->pos = own->pos;
	if (!auth->env == !auth->file) {
		err_at(decoder->err, -EINVAL, &own->pos, path, "expected one of 'env' and 'file'");
		err_hint(decoder->err, "the secret itself does not belong into a recipe: 'env' names an environment variable, "
				       "'file' a file of this machine that has it");
	}
	if (auth->user && auth->header)
		err_at(decoder->err, -EINVAL, &own->pos, path, "use only one of 'user' and 'header'");
	if (auth->env && strv_has(&decoder->recipe->env, auth->env)) {
		err_at(decoder->err, -EINVAL, &own->pos, path, "'%s' is listed in 'env', whose values are part of the lock",
		       auth->env);
		err_hint(decoder->err, "remove it from 'env': 'auth' needs no entry there");
	}
	if (auth->file && path_is_below(auth->file, decoder->recipe->root)) {
		err_at(decoder->err, -EINVAL, &own->pos, path, "the secret's file '%s' is in the repository", auth->file);
		err_hint(decoder->err, "keep it elsewhere, where nobody commits it");
	}
}

/* Whether a query has what looks like a secret. */
static bool words_auth_has_secret(const char *url)
{
	static const char *const names[] = {"token=", "password=", "passwd=", "secret=", "api_key=", "apikey=", "sig=",
					    "signature="};
	const char *query = strchr(url, '?');

	for (size_t i = 0; query && i < sizeof names / sizeof *names; i++)
		if (strcasestr(query, names[i]))
			return true;
	return false;
}

void word_check_url(struct decoder *decoder, const struct node *url, const char *path)
{
	const char *host, *end, *at;

	for (size_t i = 0; url && url->type == NODE_LIST && i < url->count; i++)
		word_check_url(decoder, url->items[i], path);
	host = url && url->type == NODE_SCALAR ? strstr(url->text, "://") : NULL;
	if (!host)
		return;
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memchr(host, '@', (size_t)(end - host));
	if (at) {
		err_at(decoder->err, -EINVAL, &url->pos, path,
		       "a URL must not have a user or password in it: it would stand in the lock, the plan and the log");
		err_hint(decoder->err, "take out what stands before the '@', and write beside it: "
				       "auth: { user: NAME, env: VARIABLE } (or file: PATH)");
	} else if (words_auth_has_secret(url->text)) {
		err_warn(decoder->err, &url->pos, path,
			 "this URL seems to have a secret in it: it will stand in the lock, the plan and the log");
		err_hint(decoder->err,
			 "if the server takes it as a header, write it as 'auth': { header: NAME, env: VARIABLE }");
	}
}

static void words_auth_check_registries(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "registries");
	struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; map && i < recipe->n_registries; i++)
		word_check_auth(decoder, &recipe->registries[i].auth, node_get(map, recipe->registries[i].name),
				problem_path(decoder->arena, "registries", recipe->registries[i].name));
}

const struct schema word_registries = {
	VALUE_TABLE, .element = &schema_registry, .size = sizeof(struct recipe_registry), .key_rule = &auth_host_rule,
	.key_offset = WORD_OF(recipe_registry, name), .pos_offset = WORD_OF(recipe_registry, pos),
	.check = words_auth_check_registries,
};
