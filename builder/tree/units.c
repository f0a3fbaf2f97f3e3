#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "tree/enabling.h"
#include "tree/inside.h"
#include "tree/known_keys.h"
#include "tree/unit_names.h"
#include "tree/unit_verify.h"

static const char ETC[] = "/etc/systemd/system";
enum { UNIT_BYTES_MAX = 1 << 20 };

/* The unit that calls itself by this name once it is enabled (`Alias=`), or NULL. */
static const char *tree_units_called(const struct step *step, const struct unit_index *index, const char *name)
{
	for (size_t i = 0; i < index->n_files; i++) {
		_cleanup_buf_ struct buf text = {0};
		struct err ignored = {0};
		char *line, *rest;

		if (!index->files[i].link)
			inside_read(step->root_fd, index->files[i].path, UNIT_BYTES_MAX, &text, &ignored);
		err_free(&ignored);
		for (rest = text.data; rest && (line = strsep(&rest, "\n"));)
			if (text_has_prefix(line, "Alias=") && strcmp(line + strlen("Alias="), name) == 0)
				return index->files[i].name;
	}
	return NULL;
}

static int tree_units_refuse_unknown(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
				     struct err *err)
{
	const char *called = tree_units_called(step, index, unit->name), *near = unit_index_near(index, unit->name);

	err_at(err, -ENOENT, &unit->pos, NULL,
	       "no package of the image has the unit '%s', and the recipe does not define it", unit->name);
	if (called)
		return err_hint(err, "it is another name of '%s': write that", called);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "add the package that has it, or write its sections");
}

/* A mask of what nobody has does nothing: most likely nobody needs it, unless it is misspelt. */
static int tree_units_mask(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
			   struct err *err)
{
	const char *near = unit_index_find(index, unit->name) ? NULL : unit_index_near(index, unit->name);

	if (near && err_warn(err, &unit->pos, arena_printf(index->arena, "units.%s", unit->name),
			     "no package of the image has the unit '%s' that is masked", unit->name) == 0)
		err_hint(err, "did you mean '%s'?", near);
	return inside_link(step->root_fd, arena_printf(index->arena, "%s/%s", ETC, unit->name), "/dev/null", err);
}

/* Whether what the recipe says of a unit adds to one that is there: of a package, of `files`, of its template, of all whose
 * names begin so (`user-.slice`, systemd.unit(5)). */
static bool tree_units_is_addition(const struct step *step, const struct unit_index *index, const char *name)
{
	const char *template = unit_index_template(index->arena, name), *dot = strrchr(name, '.');

	if (unit_index_find(index, name) || (dot > name + 1 && dot[-1] == '-'))
		return true;
	for (size_t i = 0; strcmp(template, name) != 0 && i < step->plan->n_units; i++)
		if (strcmp(step->plan->units[i].name, template) == 0 && step->plan->units[i].text)
			return true;
	return false;
}

static int tree_units_put_unit(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
			       struct err *err)
{
	struct arena *arena = index->arena;
	bool added = tree_units_is_addition(step, index, unit->name);
	const char *text = unit->text;

	if (unit->mask)
		return tree_units_mask(step, index, unit, err);
	if (!text)
		return added ? 0 : tree_units_refuse_unknown(step, index, unit, err);
	if (added)
		return inside_write(step->root_fd, arena_printf(arena, "%s/%s.d/50-recipe.conf", ETC, unit->name), text,
				    strlen(text), &INSIDE_PLAIN, err);
	if (unit->wanted_by)
		text = arena_printf(arena, "%s\n[Install]\nWantedBy=%s\n", text, unit->wanted_by);
	return inside_write(step->root_fd, arena_printf(arena, "%s/%s", ETC, unit->name), text, strlen(text), &INSIDE_PLAIN,
			    err);
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

int step_units(const struct step *step, struct err *err)
{
	static const char *const preset[] = {"/usr/bin/systemctl", "--root=/", "preset", NULL};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct unit_index index;
	int r = unit_index_read(arena, step->root_fd, unit_index_system, &index, err);

	if (r == 0)
		r = enabling_check_names(step, &index, err);
	for (size_t i = 0; r == 0 && i < step->plan->n_units; i++)
		tree_units_put_unit(step, &index, &step->plan->units[i], err);
	known_keys_check_units(step, err);
	known_keys_check_networks(step, err);
	if (err->count)
		return err_result(err);
	if (tree_units_run_for(step, preset, tree_units_has_preset, err) < 0)
		return err_wrap(err, "while enabling and disabling the units of the recipe");
	r = unit_index_read(arena, step->root_fd, unit_index_system, &index, err);
	if (r < 0)
		return r;
	enabling_check_links(step, &index, err);
	unit_names_check(step, &index, err);
	unit_names_make_mount_points(step, err);
	if (err->count)
		return err_result(err);
	return unit_verify(step, err);
}
