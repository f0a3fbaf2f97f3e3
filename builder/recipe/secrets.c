#include "recipe/secrets.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "contract/secrets.h"
#include "recipe/recipe.h"

const char *recipe_secret_place(struct arena *arena, const struct recipe_secret *secret)
{
	return arena_printf(arena, "%s/%s", secret->for_users ? SECRETS_RUN_USERS : SECRETS_RUN, secret->name);
}

const char *recipe_template_place(struct arena *arena, const struct recipe_template *template)
{
	return arena_printf(arena, SECRETS_RUN "/" SECRETS_RENDERED "/%s", template->name);
}

/* Whether the path that begins at `text` is `place`, or below it. */
static bool recipe_secrets_is_path(const char *text, const char *place)
{
	size_t n = strlen(place);

	return strncmp(text, place, n) == 0 && !isalnum((unsigned char)text[n]) && !(text[n] && strchr("._-", text[n]));
}

bool recipe_mentions(const char *value, const char *place)
{
	static const char *const folders[] = {SECRETS_RUN, SECRETS_RUN_USERS};

	for (const char *at = value; (at = strchr(at, '/')); at++) {
		size_t n = strcspn(at, ": \t,\"'");

		while (n > 1 && at[n - 1] == '/')
			n--;
		if (recipe_secrets_is_path(at, place))
			return true;
		for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
			if (recipe_secrets_is_path(at, folders[i]) && strncmp(at, place, n) == 0 && place[n] == '/')
				return true;
	}
	return false;
}

bool recipe_link_is_made(const struct recipe *recipe, const char *path)
{
	static const char *const kept[] = {"/run", "/var", "/home", "/root"};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (path_is_below(path, kept[i]))
			return true;
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (path_is_below(path, recipe->mounts[i].mountpoint))
			return true;
	return false;
}

/* --- recipients ---------------------------------------------------------------------------------------------------- */

static int recipe_secrets_refuse_unknown(const struct recipe *recipe, const struct recipe_secret *secret, struct err *err)
{
	err_at(err, -EINVAL, &secret->pos, "secrets",
	       "the machine has no recipient yet: nothing in its image could be encrypted to it");
	return err_hint(err,
			"run 'aether-build host add %s', which makes keys/hosts/%s.age; or 'deliver: send': then the value is "
			"not in the image", recipe->name, recipe->name);
}

static int recipe_secrets_refuse_other(struct arena *arena, const struct recipe *recipe, const struct recipe_secret *secret,
				struct err *err)
{
	struct strv machine = {0};

	for (size_t i = 0; i < recipe->n_recipients; i++)
		strv_push(arena, &machine, recipe->recipients[i].text);
	err_at(err, -EINVAL, &secret->file_pos, arena_printf(arena, "secrets.%s", secret->name),
	       "%s is not encrypted to this machine (%s), but to %s", secret->shown, strv_join(arena, &machine, ", "),
	       secret->sops->recipients.count ? strv_join(arena, &secret->sops->recipients, ", ") : "nobody");
	return err_hint(err,
			"run 'aether-build secrets rekey %s'; or 'deliver: send': then whoever deploys opens it, and the file "
			"is not in the image", recipe->path);
}

int recipe_check_recipients(const struct recipe *recipe, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < recipe->n_secrets; i++) {
		const struct recipe_secret *secret = &recipe->secrets[i];
		bool told = false;

		if (secret->way != RECIPE_WAY_IMAGE || !secret->sops)
			continue;
		if (!recipe->n_recipients)
			return recipe_secrets_refuse_unknown(recipe, secret, err);
		for (size_t j = 0; j < i; j++)
			told |= recipe->secrets[j].way == RECIPE_WAY_IMAGE && recipe->secrets[j].sops == secret->sops;
		if (!told && !secret->sops->for_machine)
			recipe_secrets_refuse_other(arena, recipe, secret, err);
	}
	return err_result(err);
}
