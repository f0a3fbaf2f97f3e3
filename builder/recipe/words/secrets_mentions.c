/* Paths of secrets in the words of units: what is misspelt there fails when the unit starts, on the machine. */
#include <ctype.h>
#include <string.h>

#include "contract/secrets.h"
#include "recipe/words/words.h"

/* All that there is below the folders of secrets. */
static struct strv secrets_mentions_places(struct decoder *decoder)
{
	const struct recipe *recipe = decoder->recipe;
	struct strv places = {0};

	for (size_t i = 0; i < recipe->n_secrets; i++)
		strv_push(decoder->arena, &places, recipe_secret_place(decoder->arena, &recipe->secrets[i]));
	for (size_t i = 0; i < recipe->n_templates; i++)
		strv_push(decoder->arena, &places, recipe_template_place(decoder->arena, &recipe->templates[i]));
	return places;
}

/* The first path below such a folder in a value; NULL for none. */
static const char *secrets_mentions_path(struct arena *arena, const char *value)
{
	static const char *const folders[] = {SECRETS_RUN "/", SECRETS_RUN_USERS "/"};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		const char *at = strstr(value, folders[i]);
		size_t n = 0;

		if (!at || (at > value && (isalnum((unsigned char)at[-1]) || at[-1] == '/')))
			continue;
		while (isalnum((unsigned char)at[n]) || (at[n] && strchr("/._-", at[n])))
			n++;
		while (at[n - 1] == '/' || at[n - 1] == '.')
			n--;
		if (n >= strlen(folders[i]) && at[n] != '%' && at[n] != '*')
			return arena_strndup(arena, at, n);
	}
	return NULL;
}

static void secrets_mentions_check(struct decoder *decoder, const struct strv *places, const struct recipe_setting *setting,
				   const char *key_path)
{
	const char *path = secrets_mentions_path(decoder->arena, setting->value), *near;
	bool known = !path;

	for (size_t i = 0; !known && i < places->count; i++)
		known = recipe_mentions(path, places->items[i]);
	if (known)
		return;
	near = text_nearest(path, places->items, places->count);
	for (size_t i = 0; !near && i < places->count; i++) /* it is in the other folder */
		if (strcmp(path_last(places->items[i]), path_last(path)) == 0)
			near = places->items[i];
	err_warn(decoder->err, &setting->pos, key_path, "there is no secret at '%s'", path);
	if (near)
		err_hint(decoder->err, "did you mean '%s'?", near);
	else
		err_hint(decoder->err, "add it to 'secrets' or 'templates'");
}

/* Within a container podman has secrets of its own at such paths; these keys are about the machine's. */
static bool secrets_mentions_of_machine(const struct recipe_setting *setting)
{
	static const char *const keys[] = {"Volume", "Mount", "EnvironmentFile", "AuthFile"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(setting->key, keys[i]) == 0)
			return true;
	return false;
}

void word_check_mentions(struct decoder *decoder)
{
	const struct recipe *recipe = decoder->recipe;
	const struct strv places = secrets_mentions_places(decoder);

	for (size_t u = 0; u < recipe->n_units; u++)
		for (size_t i = 0; i < recipe->units[u].settings.count; i++)
			secrets_mentions_check(decoder, &places, &recipe->units[u].settings.items[i],
					       problem_path(decoder->arena, "units", recipe->units[u].name));
	for (size_t q = 0; q < recipe->n_quadlets; q++)
		for (size_t i = 0; i < recipe->quadlets[q].settings.count; i++)
			if (secrets_mentions_of_machine(&recipe->quadlets[q].settings.items[i]))
				secrets_mentions_check(decoder, &places, &recipe->quadlets[q].settings.items[i],
						       problem_path(decoder->arena, "quadlets", recipe->quadlets[q].name));
}
