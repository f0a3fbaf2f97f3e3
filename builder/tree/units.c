#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "tree/inside.h"
#include "tree/steps.h"

static const char ETC[] = "/etc/systemd/system", LIB[] = "/usr/lib/systemd/system";

/* `name@instance.service` comes from `name@.service`. */
static const char *tree_units_template_of(struct arena *arena, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	return at && dot && dot > at ? arena_printf(arena, "%.*s%s", (int)(at - name) + 1, name, dot) : name;
}

static bool tree_units_shipped(const struct step *step, struct arena *arena, const char *name)
{
	const char *template = tree_units_template_of(arena, name);

	return inside_exists(step->root_fd, arena_printf(arena, "%s/%s", LIB, name)) ||
	       inside_exists(step->root_fd, arena_printf(arena, "%s/%s", LIB, template));
}

/* All names of units that packages ship, for a suggestion. */
static int tree_units_note_name(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				struct err *err)
{
	struct { struct arena *arena; struct strv names; } *known = data;

	(void)folder_fd, (void)path, (void)type, (void)err;
	strv_push(known->arena, &known->names, name);
	return 0;
}

static int tree_units_refuse_unknown(const struct step *step, struct arena *arena, const struct plan_unit *unit,
				     struct err *err)
{
	struct { struct arena *arena; struct strv names; } known = {.arena = arena};
	const char *near;
	int r = inside_each(step->root_fd, LIB, tree_units_note_name, &known, err);

	if (r < 0)
		return r;
	near = text_nearest(unit->name, known.names.items, known.names.count);
	err_at(err, -ENOENT, &unit->pos, NULL,
	       "no package of the image has the unit '%s', and the recipe does not define it", unit->name);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "add the package that has it, or write its sections");
}

/* A drop-in to a unit that packages or `files` brought comes after theirs; anything else is the unit itself. */
static int tree_units_put_unit(const struct step *step, struct arena *arena, const struct plan_unit *unit,
			       struct err *err)
{
	bool known = tree_units_shipped(step, arena, unit->name) ||
		     inside_exists(step->root_fd, arena_printf(arena, "%s/%s", ETC, unit->name));
	const char *path;

	if (unit->mask)
		return inside_link(step->root_fd, arena_printf(arena, "%s/%s", ETC, unit->name), "/dev/null", err);
	if (!unit->text)
		return known ? 0 : tree_units_refuse_unknown(step, arena, unit, err);
	path = known ? arena_printf(arena, "%s/%s.d/50-recipe.conf", ETC, unit->name)
		     : arena_printf(arena, "%s/%s", ETC, unit->name);
	return inside_write(step->root_fd, path, unit->text, strlen(unit->text), &INSIDE_PLAIN, err);
}

/* Runs a program with the names of some of the recipe's units as its last arguments; without names it is not run. */
static int tree_units_run_for(const struct step *step, const char *const *command,
			      bool (*chosen)(const struct plan_unit *), struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv argv = {0};
	size_t words;

	for (words = 0; command[words]; words++)
		strv_push(arena, &argv, command[words]);
	for (size_t i = 0; i < step->plan->n_units; i++)
		if (chosen(&step->plan->units[i]))
			strv_push(arena, &argv, step->plan->units[i].name);
	if (argv.count == words)
		return 0;
	*arena_push(arena, argv.items, argv.count) = NULL;
	return step_run(step, argv.items, STEP_PATIENCE_S, err);
}

static bool tree_units_has_preset(const struct plan_unit *unit)
{
	return unit->enable != UNSET && !unit->mask;
}

/* Templates without an instance cannot be loaded by themselves. */
static bool tree_units_can_verify(const struct plan_unit *unit)
{
	const char *at = strchr(unit->name, '@');

	return unit->text && !unit->mask && !(at && at[1] == '.');
}

int step_units(const struct step *step, struct err *err)
{
	static const char *const preset[] = {"/usr/bin/systemctl", "--root=/", "preset", NULL};
	static const char *const verify[] = {"/usr/bin/systemd-analyze", "verify", "--man=no", "--recursive-errors=no", NULL};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < step->plan->n_units; i++)
		tree_units_put_unit(step, arena, &step->plan->units[i], err);
	if (err->count)
		return err_result(err);
	if (tree_units_run_for(step, preset, tree_units_has_preset, err) < 0)
		return err_wrap(err, "while enabling and disabling the units of the recipe");
	if (tree_units_run_for(step, verify, tree_units_can_verify, err) < 0)
		return err_wrap(err, "while checking the units of the recipe");
	return 0;
}
