/* aether-build secrets list|check RECIPE: what there is, and whether it can be opened. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "edge/jval.h"
#include "lock/lock.h"
#include "verb/options/table.h"
#include "verb/secrets.h"

static const char *secrets_look_way(const struct recipe_secret *secret)
{
	return secret->way == RECIPE_WAY_IMAGE ? "image" : "send";
}

/* NULL for an empty one: a table and JSON say that in ways of their own. */
static const char *secrets_look_join(struct arena *arena, const struct strv *list)
{
	return list->count ? strv_join(arena, list, ", ") : NULL;
}

/* --- list ------------------------------------------------------------------------------------------------------------ */

enum { SECRETS_COLUMNS = 9, SECRETS_SHORT = 14 };

static const char *secrets_look_key(struct arena *arena, const struct recipe_secret *secret)
{
	return secret->key.count ? strv_join(arena, &secret->key, "/") : "(all)";
}

static const char *secrets_look_units(struct arena *arena, const struct strv *restart, const struct strv *reload)
{
	struct strv units = {0};

	for (size_t i = 0; i < restart->count; i++)
		strv_push(arena, &units, restart->items[i]);
	for (size_t i = 0; i < reload->count; i++)
		strv_push(arena, &units, arena_printf(arena, "%s (reload)", reload->items[i]));
	return secrets_look_join(arena, &units);
}

/* Enough of each to be known by. */
static const char *secrets_look_recipients(struct arena *arena, const struct recipe_secret *secret)
{
	struct strv names = {0};

	for (size_t i = 0; secret->sops && i < secret->sops->recipients.count; i++) {
		const char *name = secret->sops->recipients.items[i];

		if (strlen(name) > SECRETS_SHORT)
			name = arena_printf(arena, "%.*s…", SECRETS_SHORT, name);
		strv_push(arena, &names, name);
	}
	return secrets_look_join(arena, &names);
}

static struct jval *secrets_look_json(struct arena *arena, const struct recipe_secret *secret)
{
	static const struct strv nobody = {0};
	struct jval *top = jval_new_object();

	jval_set(top, "name", jval_text(secret->name));
	jval_set(top, "way", jval_text(secrets_look_way(secret)));
	jval_set(top, "file", jval_text(secret->shown));
	jval_set(top, "format", jval_text(secret->json ? NULL : secret->format));
	jval_set(top, "key", jval_texts(&secret->key));
	jval_set(top, "place", jval_text(recipe_secret_place(arena, secret)));
	jval_set(top, "path", jval_text(secret->path));
	jval_set(top, "owner", jval_text(secret->owner));
	jval_set(top, "group", jval_text(secret->group));
	jval_set(top, "mode", jval_text(arena_printf(arena, "%04o", (unsigned)secret->mode)));
	jval_set(top, "restart", jval_texts(&secret->restart));
	jval_set(top, "reload", jval_texts(&secret->reload));
	jval_set(top, "recipients", jval_texts(secret->sops ? &secret->sops->recipients : &nobody));
	return top;
}

static void secrets_look_print_list(const struct keeping *k)
{
	static const char *const head[SECRETS_COLUMNS] = {"NAME",  "WAY",  "FILE",  "KEY",	 "PATH",
							  "OWNER", "MODE", "UNITS", "RECIPIENTS"};
	struct strv cells = {0};

	for (size_t c = 0; c < SECRETS_COLUMNS; c++)
		*arena_push(k->arena, cells.items, cells.count) = head[c];
	for (size_t i = 0; i < k->recipe->n_secrets; i++) {
		const struct recipe_secret *s = &k->recipe->secrets[i];
		const char *row[SECRETS_COLUMNS] = {
			s->name, secrets_look_way(s), s->shown, secrets_look_key(k->arena, s),
			s->path ? s->path : recipe_secret_place(k->arena, s),
			arena_printf(k->arena, "%s:%s", s->owner, s->group), arena_printf(k->arena, "%04o", (unsigned)s->mode),
			secrets_look_units(k->arena, &s->restart, &s->reload), secrets_look_recipients(k->arena, s),
		};

		for (size_t c = 0; c < SECRETS_COLUMNS; c++)
			*arena_push(k->arena, cells.items, cells.count) = row[c];
	}
	table_print(cells.items, k->recipe->n_secrets + 1, SECRETS_COLUMNS);
}

int secrets_list(const void *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_keeping_ struct keeping k = {0};
	_cleanup_jval_ struct jval *array = jval_new_array();
	int r = secrets_load(&k, options, arguments[0], err);

	(void)n_arguments;
	if (r < 0)
		return r;
	for (size_t i = 0; i < k.recipe->n_secrets; i++)
		jval_add(array, secrets_look_json(k.arena, &k.recipe->secrets[i]));
	if (k.options->common.json)
		puts(jval_print(k.arena, array, true));
	else if (k.recipe->n_secrets)
		secrets_look_print_list(&k);
	else
		log_note("%s has no secrets", k.recipe->name);
	return 0;
}

/* --- check ----------------------------------------------------------------------------------------------------------- */

/* All that a plan would find; without a lock, as much as can be found. */
static int secrets_look_check_plan(struct keeping *k, struct err *err)
{
	int r = recipe_check_recipients(k->recipe, err);

	if (!path_exists(lock_path(k->arena, k->recipe->path, recipe_suffix(k->arena, k->recipe), k->project.fakes))) {
		log_note("%s is not locked yet: what only a plan can tell is left out", k->recipe->path);
		return r;
	}
	return r == 0 ? project_plan(&k->project, err) : r;
}

/* What is being checked, and what was told of it. */
struct checking {
	struct keeping *k;
	struct strv cells, told;
	struct jval *array;
};

/* What is wrong with a file is told once, however many secrets are in it. */
static void secrets_look_check_one(struct checking *c, const struct recipe_secret *secret, struct err *err)
{
	struct arena *arena = c->k->arena;
	struct err problem = {0};
	struct bytes value;
	int r = source_value(&c->k->sources, secret, &value, &problem);
	const char *reason = r == 0 ? NULL : arena_strdup(arena, problem.first->text);
	const char *row[] = {secret->name, secrets_look_way(secret), secret->shown, secrets_look_key(arena, secret),
			     r == 0 ? "good" : "bad"};
	struct jval *object = jval_new_object();

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		*arena_push(arena, c->cells.items, c->cells.count) = row[i];
	jval_set(object, "name", jval_text(secret->name));
	jval_set(object, "way", jval_text(secrets_look_way(secret)));
	jval_set(object, "file", jval_text(secret->shown));
	jval_set(object, "good", jval_bool(r == 0));
	jval_set(object, "reason", jval_text(reason));
	jval_add(c->array, object);
	if (reason && !strv_has(&c->told, reason)) {
		strv_push(arena, &c->told, reason);
		err_take(err, &problem);
	}
	err_free(&problem);
}

int secrets_check(const void *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	static const char *const head[] = {"NAME", "WAY", "FILE", "KEY", "STATE"};
	enum { COLUMNS = sizeof head / sizeof *head };
	_cleanup_keeping_ struct keeping k = {0};
	_cleanup_jval_ struct jval *array = jval_new_array();
	struct checking checking = {.k = &k, .array = array};
	int r = secrets_load(&k, options, arguments[0], err);

	(void)n_arguments;
	if (r == 0)
		r = secrets_unlock(&k, err);
	if (r < 0)
		return r;
	secrets_look_check_plan(&k, err);
	for (size_t c = 0; c < COLUMNS; c++)
		*arena_push(k.arena, checking.cells.items, checking.cells.count) = head[c];
	for (size_t i = 0; i < k.recipe->n_secrets; i++)
		secrets_look_check_one(&checking, &k.recipe->secrets[i], err);
	if (k.options->common.json)
		puts(jval_print(k.arena, array, true));
	else if (k.recipe->n_secrets)
		table_print(checking.cells.items, k.recipe->n_secrets + 1, COLUMNS);
	else
		log_note("%s has no secrets", k.recipe->name);
	return err_result(err);
}
