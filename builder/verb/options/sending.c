#include "verb/options/sending.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "keeper/roll.h"

/* --- the recipe -------------------------------------------------------------------------------------------------------- */

static bool sending_is_recipe(const char *argument)
{
	return text_has_suffix(argument, ".recipe");
}

/* Whether that is the recipe of the generation; problems of others are none. */
static bool sending_load(struct sending *s, const struct sending_how *how, const struct generation *generation,
			 const char *path)
{
	struct project_options options = *how->recipe;
	struct err ignored = {0};
	bool found;

	options.kind = generation->manifest->kind;
	found = project_load(path, 0, &options, &s->project, &ignored) == 0 &&
		strcmp(s->project.recipe->name, generation->manifest->name) == 0;
	err_free(&ignored);
	if (!found)
		project_close(&s->project);
	return found;
}

static int sending_find_recipe(struct sending *s, const struct sending_how *how, const struct generation *generation,
			       struct err *err)
{
	const struct manifest *manifest = generation->manifest;

	if (sending_is_recipe(how->argument))
		return project_load(how->argument, 0, how->recipe, &s->project, err);
	for (size_t i = 0; i < manifest->n_inputs; i++) {
		const char *path = arena_printf(s->arena, "%s/%s", s->root, manifest->inputs[i].name);

		if (sending_is_recipe(path) && path_exists(path) && sending_load(s, how, generation, path))
			return 0;
	}
	err_set(err, -ENOENT,
		"%s/%u has secrets that are sent, and the recipe of '%s', which says where they are, is not in '%s'",
		generation->name, generation->number, manifest->name, s->root);
	return err_hint(err, "run it in the repository of its recipe, or name the recipe in the generation's place");
}

/* --- the values -------------------------------------------------------------------------------------------------------- */

/* A secret that the generation waits for, and the recipe of today no longer names, would never come. */
static int sending_check_names(const struct sending *s, struct err *err)
{
	const struct recipe *recipe = s->project.recipe;

	for (size_t i = 0; i < s->errand.sent.count; i++) {
		const char *name = s->errand.sent.items[i];
		bool found = false;

		for (size_t j = 0; j < recipe->n_secrets; j++)
			found |= recipe->secrets[j].way == RECIPE_WAY_SEND && strcmp(recipe->secrets[j].name, name) == 0;
		if (found)
			continue;
		err_set(err, -ENOENT, "the generation waits for the secret '%s', which %s does not send", name, recipe->path);
		return err_hint(err, "build the recipe as it is now, or get back the one that was built");
	}
	return 0;
}

static int sending_seal(struct sending *s, const struct sending_how *how, struct err *err)
{
	const struct recipe *recipe = s->project.recipe;
	struct sources sources = {0};
	struct strv recipients = {0};
	struct operator operator;
	size_t n;
	int r = sending_check_names(s, err);

	for (size_t i = 0; i < recipe->n_recipients; i++)
		strv_push(s->arena, &recipients, roll_bare(s->arena, recipe->recipients[i].text));
	if (r == 0)
		r = identity_open(s->pool, how->identity, recipe->name, &operator, err);
	sources.operator = &operator;
	log_step("opening the secrets of %s", recipe->name);
	return r == 0 ? letter_write(&sources, recipe->name, recipe->secrets, recipe->n_secrets, &recipients, time(NULL),
				     &s->errand.sealed, &n, err)
		      : r;
}

/* With --force it is told, and gone on with. */
static int sending_judge(const struct sending *s, struct err *problem, struct err *err)
{
	if (!s->force) {
		err_take(err, problem);
		return err_result(err);
	}
	for (const struct err_item *item = problem->first; item; item = item->next)
		log_warn("%s", item->text);
	err_free(problem);
	return 0;
}

int sending_prepare(struct arena *arena, const struct sending_how *how, const struct generation *generation,
		    const struct remote *remote, struct sending *ret_sending, struct err *err)
{
	struct sending s = {.arena = arena, .remote = remote, .dry_run = how->dry_run, .force = how->force};
	struct err problem = {0};
	int r = errand_read(arena, generation, &s.errand, err);

	if (r == 0)
		r = recipe_root_here(arena, &s.root, err);
	if (r < 0)
		return r;
	s.pool = pool_new();
	if (s.errand.sent.count || (s.errand.n_files && sending_is_recipe(how->argument)))
		r = sending_find_recipe(&s, how, generation, &problem);
	if (r == 0 && s.project.recipe)
		s.root = s.project.recipe->root;
	if (r == 0 && s.errand.sent.count)
		r = sending_seal(&s, how, &problem);
	r = sending_judge(&s, &problem, err);
	if (r == 0)
		*ret_sending = s;
	else
		sending_close(&s);
	return r;
}

int sending_run(void *data, struct err *err)
{
	const struct sending *s = data;
	struct err problem = {0};

	errand_run(s->arena, s->remote, &s->errand, s->root, s->dry_run, &problem);
	return sending_judge(s, &problem, err);
}

void sending_close(struct sending *sending)
{
	pool_free(sending->pool);
	project_close(&sending->project);
	sending->pool = NULL;
}
