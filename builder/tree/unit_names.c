#include "tree/unit_names.h"

#include <errno.h>
#include <string.h>

#include "tree/inside.h"
#include "tree/name.h"
#include "tree/quadlet_said.h"
#include "tree/unit_there.h"

/* INSTALLED: what starts the unit; a template can do that, too. */
enum weight { MENTIONED, WANTED, NEEDED, INSTALLED };

static const struct key {
	const char *section, *key;
	enum weight weight;
	bool translated;             /* by newer podmans, when it names a quadlet (podman-systemd.unit(5)) */
} keys[] = {
	{"Unit", "Requires", NEEDED, true}, {"Unit", "Requisite", NEEDED, true}, {"Unit", "BindsTo", NEEDED, true},
	{"Unit", "Wants", WANTED, true}, {"Unit", "Upholds", WANTED, true}, {"Unit", "PartOf", WANTED, true},
	{"Unit", "OnFailure", WANTED, false}, {"Unit", "OnSuccess", WANTED, false},
	{"Unit", "After", MENTIONED, true}, {"Unit", "Before", MENTIONED, true}, {"Unit", "Conflicts", MENTIONED, true},
	{"Install", "WantedBy", INSTALLED, false}, {"Install", "RequiredBy", INSTALLED, false},
	{"Install", "UpheldBy", INSTALLED, false},
	{"Timer", "Unit", NEEDED, false}, {"Path", "Unit", NEEDED, false}, {"Socket", "Service", NEEDED, false}, {0},
};

static const struct key *unit_names_key(const struct recipe_setting *setting)
{
	const struct key *key = keys;

	while (key->key && (strcmp(key->key, setting->key) != 0 || strcmp(key->section, setting->section) != 0))
		key++;
	return key->key ? key : NULL;
}

/* Kinds of units that come into being while the machine runs. */
static bool unit_names_is_made_later(const char *name)
{
	static const char *const suffixes[] = {".device", ".scope", ".slice", ".mount", ".automount", ".swap"};

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (text_has_suffix(name, suffixes[i]))
			return true;
	return strchr(name, '%') || !strchr(name, '.');
}

/* --- quadlets, by the names of their files --------------------------------------------------------------------------- */

static const struct recipe_quadlet *unit_names_quadlet(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++)
		if (strcmp(recipe->quadlets[i].name, name) == 0)
			return &recipe->quadlets[i];
	return NULL;
}

static const struct recipe_quadlet *unit_names_near_quadlet(const struct recipe *recipe, struct arena *arena, const char *name)
{
	struct strv names = {0};
	const char *near;

	for (size_t i = 0; i < recipe->n_quadlets; i++)
		strv_push(arena, &names, recipe->quadlets[i].name);
	near = text_nearest(name, names.items, names.count);
	return near ? unit_names_quadlet(recipe, near) : NULL;
}

static bool unit_names_is_quadlet(const char *name)
{
	static const char *const suffixes[] = {".container", ".pod", ".kube", ".volume", ".network", ".image", ".build"};

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (text_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

/* systemd knows the unit that podman makes of a quadlet, not the quadlet. */
static void unit_names_tell_quadlet(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	const struct recipe_quadlet *quadlet = unit_names_quadlet(step->plan->recipe, name->text);
	const struct recipe_quadlet *near = quadlet ? NULL : unit_names_near_quadlet(step->plan->recipe, arena, name->text);

	err_at(err, -EINVAL, &name->pos, name->path, "'%s' is not the name of a unit", name->text);
	if (quadlet)
		err_hint(err, "podman makes the unit '%s' of that quadlet: write that", unit_of_recipe_quadlet(arena, quadlet));
	else if (near)
		err_hint(err, "did you mean '%s', which podman makes of '%s'?", unit_of_recipe_quadlet(arena, near),
			 near->name);
	else
		err_hint(err, "write the name of the unit that podman makes of the quadlet");
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

static void unit_names_warn(const struct step *step, struct arena *arena, const struct unit_scope *scope,
			    const struct name *name, enum weight weight, struct err *err)
{
	const char *near = unit_nearest_of(arena, step->plan, step->root_fd, scope, name->text);
	bool elsewhere = scope->user && unit_there(step->plan, step->root_fd, name->text) == UNIT_THERE;

	if (weight == MENTIONED && !near && !elsewhere)
		return; /* it may well be there on another machine */
	if (elsewhere)
		err_warn(err, &name->pos, name->path, "'%s' is a unit of the system, which the user '%s' does not have",
			 name->text, scope->user);
	else
		err_warn(err, &name->pos, name->path, "the image has no unit '%s'", name->text);
	if (elsewhere)
		err_hint(err, "leave it out: a user's systemd knows nothing of the system's units");
	else if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "add the package that has it, or leave it out");
}

static void unit_names_ask(const struct step *step, struct arena *arena, const struct unit_scope *scope,
			   const struct name *name, enum weight weight, struct err *err)
{
	const char *at = strchr(name->text, '@');

	if (unit_names_is_quadlet(name->text))
		unit_names_tell_quadlet(step, arena, name, err);
	else if (weight == NEEDED || (weight == INSTALLED && !(at && at[1] == '.')))
		name_ask_unit_of(step, arena, scope, name, err);
	else if (unit_there_of(step->plan, step->root_fd, scope, name->text) == UNIT_MISSING)
		unit_names_warn(step, arena, scope, name, weight, err);
}

void unit_names_check_setting(const struct step *step, struct arena *arena, const struct unit_scope *scope,
			      const struct recipe_setting *setting, const char *of, bool quadlet, struct err *err)
{
	const char *path = arena_printf(arena, "%s.%s.%s", of, setting->section, setting->key);
	const struct key *key = unit_names_key(setting);
	char *rest = arena_strdup(arena, setting->value), *name;

	if (!key)
		return;
	while ((name = strsep(&rest, " \t")))
		if (*name && !unit_names_is_made_later(name) &&
		    !(quadlet && key->translated && unit_names_is_quadlet(name) && quadlet_said_translates(step)))
			unit_names_ask(step, arena, scope, &(struct name){name, setting->pos, path}, key->weight, err);
}

static void unit_names_check_unit(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
				  struct err *err)
{
	for (size_t i = 0; i < unit->words->count; i++)
		unit_names_check_setting(step, index->arena, index->scope, &unit->words->items[i],
					 arena_printf(index->arena, "units.%s", unit->name), false, err);
}

const char *unit_names_value(const struct plan_unit *unit, const char *section, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; unit->words && i < unit->words->count; i++)
		if (strcmp(unit->words->items[i].section, section) == 0 && strcmp(unit->words->items[i].key, key) == 0)
			value = unit->words->items[i].value;
	return value;
}

/* A timer and a path of which nobody says what they start, start the service of their name. */
static void unit_names_check_started(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
				     struct err *err)
{
	const char *dot = strrchr(unit->name, '.'), *service;

	if ((strcmp(dot, ".timer") != 0 && strcmp(dot, ".path") != 0) || unit_names_value(unit, "Timer", "Unit") ||
	    unit_names_value(unit, "Path", "Unit") || dot[-1] == '-')
		return;
	service = arena_printf(index->arena, "%.*s.service", (int)(dot - unit->name), unit->name);
	if (unit_there_of(step->plan, step->root_fd, index->scope, service) != UNIT_MISSING)
		return;
	err_at(err, -ENOENT, &unit->pos, arena_printf(index->arena, "units.%s", unit->name),
	       "'%s' starts '%s', which the image does not have", unit->name, service);
	err_hint(err, "define that unit, or name another with 'Unit' in the section '%s'",
		 strcmp(dot, ".timer") == 0 ? "Timer" : "Path");
}

int unit_names_check(const struct step *step, const struct unit_index *index, struct err *err)
{
	for (size_t i = 0; i < step->plan->n_units; i++) {
		const struct plan_unit *unit = &step->plan->units[i];

		if (unit->mask || !unit->text || !unit->words)
			continue;
		unit_names_check_unit(step, index, unit, err);
		unit_names_check_started(step, index, unit, err);
	}
	return err_result(err);
}

/* --- mount points ---------------------------------------------------------------------------------------------------- */

int unit_names_make_mount_points(const struct step *step, struct err *err)
{
	for (size_t i = 0; i < step->plan->n_units; i++) {
		const struct plan_unit *unit = &step->plan->units[i];
		const char *where = unit_names_value(unit, "Mount", "Where");

		where = where ? where : unit_names_value(unit, "Automount", "Where");
		if (unit->mask || !where || *where != '/' || strchr(where, '%') || name_is_written(where) ||
		    inside_exists(step->root_fd, where))
			continue;
		if (inside_folder(step->root_fd, where, err) < 0)
			return err_at(err, -EINVAL, &unit->pos, NULL, "'%s' cannot be a mount point", where);
	}
	return 0;
}
