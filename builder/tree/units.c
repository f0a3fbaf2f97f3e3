#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "plan/config.h"
#include "tree/enabling.h"
#include "tree/inside.h"
#include "tree/known_keys.h"
#include "tree/unit_names.h"
#include "tree/unit_preset.h"
#include "tree/unit_there.h"
#include "tree/unit_verify.h"

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
	const char *called = tree_units_called(step, index, unit->name);
	const char *near = unit_nearest_of(index->arena, step->plan, step->root_fd, index->scope, unit->name);
	bool elsewhere = unit->user && unit_there(step->plan, step->root_fd, unit->name) == UNIT_THERE;

	err_at(err, -ENOENT, &unit->pos, NULL,
	       "no package of the image has the unit '%s', and the recipe does not define %sit", unit->name,
	       unit->text ? "all of " : "");
	if (called)
		return err_hint(err, "it is another name of '%s': write that", called);
	if (elsewhere)
		return err_hint(err, "it is a unit of the system, not of users: leave 'user' out");
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "add the package that has it, or write its sections");
}

/* A mask of what nobody has does nothing: most likely nobody needs it, unless it is misspelt. */
static int tree_units_mask(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
			   struct err *err)
{
	const char *near = unit_index_find(index, unit->name)
				   ? NULL
				   : unit_nearest_of(index->arena, step->plan, step->root_fd, index->scope, unit->name);

	if (near && err_warn(err, &unit->pos, arena_printf(index->arena, "units.%s", unit->name),
			     "no package of the image has the unit '%s' that is masked", unit->name) == 0)
		err_hint(err, "did you mean '%s'?", near);
	return inside_link(step->root_fd, arena_printf(index->arena, "%s/%s", index->scope->own, unit->name), "/dev/null", err);
}

/* Whether what the recipe says of a unit adds to one that is there: of a package, of `files`, of its template, of all whose
 * names begin so (`user-.slice`, systemd.unit(5)). */
static bool tree_units_is_addition(const struct step *step, const struct unit_index *index, const char *name)
{
	const char *template = unit_template(index->arena, name), *dot = strrchr(name, '.');

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
	const char *text = unit->text, *path = arena_printf(arena, "%s/%s", index->scope->own, unit->name);

	if (unit->mask)
		return tree_units_mask(step, index, unit, err);
	if (!text)
		return added ? 0 : tree_units_refuse_unknown(step, index, unit, err);
	if (!added && unit->words && !units_can_be_whole(unit->name, unit->words))
		return tree_units_refuse_unknown(step, index, unit, err);
	if (added)
		return inside_write(step->root_fd, arena_printf(arena, "%s.d/50-recipe.conf", path), text, strlen(text),
				    &INSIDE_PLAIN, err);
	if (unit->wanted_by)
		text = arena_printf(arena, "%s\n[Install]\nWantedBy=%s\n", text, unit->wanted_by);
	return inside_write(step->root_fd, path, text, strlen(text), &INSIDE_PLAIN, err);
}

/* --- one manager's --------------------------------------------------------------------------------------------------- */

static int tree_units_put(const struct step *step, const struct unit_scope *scope, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct unit_index index;
	int r = unit_index_read(arena, step->root_fd, scope, &index, err);

	if (r == 0)
		r = enabling_check_names(step, &index, err);
	for (size_t i = 0; r == 0 && i < step->plan->n_units; i++)
		tree_units_put_unit(step, &index, &step->plan->units[i], err);
	return err_result(err);
}

static int tree_units_check(const struct step *step, const struct unit_scope *scope, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct unit_index index;
	int r = unit_index_read(arena, step->root_fd, scope, &index, err);

	if (r < 0)
		return r;
	enabling_check_links(step, &index, err);
	unit_names_check(step, &index, err);
	unit_names_make_mount_points(step, err);
	return err->count ? err_result(err) : unit_verify(step, scope, err);
}

/* The step with the units of one manager alone. */
struct part {
	struct plan plan;
	struct step step;
	struct unit_scope scope;
};

static void tree_units_take(struct arena *arena, const struct step *step, const struct unit_scope *scope, struct part *ret_part)
{
	const struct plan *plan = step->plan;
	struct plan_unit *units = NULL;
	size_t n_units = 0;

	for (size_t i = 0; i < plan->n_units; i++)
		if (plan->units[i].uid == scope->uid)
			*arena_push(arena, units, n_units) = plan->units[i];
	ret_part->plan = *plan;
	ret_part->plan.units = units;
	ret_part->plan.n_units = n_units;
	ret_part->step = *step;
	ret_part->step.plan = &ret_part->plan;
	ret_part->scope = *scope;
}

/* The system's units, then those of each user that has some. */
static size_t tree_units_parts(struct arena *arena, const struct step *step, struct part **ret_parts)
{
	const struct plan *plan = step->plan;
	struct part *parts = arena_array(arena, struct part, plan->n_units + 1);
	size_t n = 0;

	tree_units_take(arena, step, &unit_scope_system, &parts[n++]);
	for (size_t i = 0; i < plan->n_units; i++) {
		const struct plan_unit *unit = &plan->units[i];
		struct unit_scope scope;
		size_t seen = 0;

		while (seen < n && parts[seen].scope.uid != unit->uid)
			seen++;
		if (seen < n)
			continue;
		scope = unit_scope_of_user(arena, unit->user, unit->uid);
		tree_units_take(arena, step, &scope, &parts[n++]);
	}
	*ret_parts = parts;
	return n;
}

int step_units(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct part *parts;
	size_t n = tree_units_parts(arena, step, &parts);
	int r = 0;

	for (size_t i = 0; i < n; i++)
		tree_units_put(&parts[i].step, &parts[i].scope, err);
	known_keys_check_units(step, err);
	known_keys_check_networks(step, err);
	if (err->count)
		return err_result(err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = unit_preset(&parts[i].step, &parts[i].scope, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		tree_units_check(&parts[i].step, &parts[i].scope, err);
	return r == 0 ? err_result(err) : r;
}
