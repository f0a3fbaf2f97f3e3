#include "tree/unit_names.h"

#include <errno.h>
#include <string.h>

#include "tree/inside.h"

enum weight { MENTIONED, WANTED, NEEDED };

static const struct key {
	const char *section, *key;
	enum weight weight;
} keys[] = {
	{"Unit", "Requires", NEEDED}, {"Unit", "Requisite", NEEDED}, {"Unit", "BindsTo", NEEDED}, {"Unit", "Wants", WANTED},
	{"Unit", "Upholds", WANTED}, {"Unit", "OnFailure", WANTED}, {"Unit", "OnSuccess", WANTED}, {"Unit", "PartOf", WANTED},
	{"Unit", "After", MENTIONED}, {"Unit", "Before", MENTIONED}, {"Unit", "Conflicts", MENTIONED},
	{"Install", "WantedBy", NEEDED}, {"Install", "RequiredBy", NEEDED}, {"Install", "UpheldBy", NEEDED},
	{"Timer", "Unit", NEEDED}, {"Path", "Unit", NEEDED}, {"Socket", "Service", NEEDED}, {0},
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

/* Podman's generator makes NAME.service, NAME-pod.service, … of a quadlet, or what it says itself. */
static bool unit_names_is_quadlet(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		const struct recipe_quadlet *quadlet = &recipe->quadlets[i];
		size_t stem = (size_t)(strrchr(quadlet->name, '.') - quadlet->name);

		if (strncmp(name, quadlet->name, stem) == 0 &&
		    (name[stem] == '.' || name[stem] == '-' || name[stem - 1] == '@'))
			return true;
		for (size_t n = 0; n < quadlet->settings.count; n++)
			if (strcmp(quadlet->settings.items[n].key, "ServiceName") == 0 &&
			    text_has_prefix(name, quadlet->settings.items[n].value))
				return true;
	}
	return false;
}

static bool unit_names_has(const struct step *step, const struct unit_index *index, const char *name)
{
	const char *script = arena_printf(index->arena, "/etc/init.d/%.*s", (int)(strrchr(name, '.') - name), name);

	return unit_index_find(index, name) || inside_exists(step->root_fd, script) ||
	       unit_names_is_quadlet(step->plan->recipe, name);
}

static void unit_names_tell(const struct unit_index *index, const struct plan_unit *unit, const struct recipe_setting *setting,
			    const char *name, enum weight weight, struct err *err)
{
	const char *path = arena_printf(index->arena, "units.%s.%s.%s", unit->name, setting->section, setting->key);
	const char *near = unit_index_near(index, name);

	if (weight == MENTIONED && !near)
		return; /* it may well be there on another machine */
	if (weight == NEEDED)
		err_at(err, -ENOENT, &setting->pos, path, "the image has no unit '%s'", name);
	else
		err_warn(err, &setting->pos, path, "the image has no unit '%s'", name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "add the package that has it, or leave it out");
}

static void unit_names_check_unit(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
				  struct err *err)
{
	for (size_t i = 0; i < unit->words->count; i++) {
		const struct recipe_setting *setting = &unit->words->items[i];
		const struct key *key = unit_names_key(setting);
		char *rest = key ? arena_strdup(index->arena, setting->value) : NULL, *name;

		while ((name = strsep(&rest, " \t")))
			if (*name && !unit_names_is_made_later(name) && !unit_names_has(step, index, name))
				unit_names_tell(index, unit, setting, name, key->weight, err);
	}
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
	if (unit_names_has(step, index, service))
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

/* Where the machine can make its folders itself. */
static bool unit_names_is_writable(const char *path)
{
	static const char *const places[] = {"/var", "/home", "/root", "/run", "/tmp", "/dev", "/proc", "/sys"};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (path_is_below(path, places[i]))
			return true;
	return false;
}

int unit_names_make_mount_points(const struct step *step, struct err *err)
{
	for (size_t i = 0; i < step->plan->n_units; i++) {
		const struct plan_unit *unit = &step->plan->units[i];
		const char *where = unit_names_value(unit, "Mount", "Where");

		where = where ? where : unit_names_value(unit, "Automount", "Where");
		if (unit->mask || !where || *where != '/' || strchr(where, '%') || unit_names_is_writable(where) ||
		    inside_exists(step->root_fd, where))
			continue;
		if (inside_folder(step->root_fd, where, err) < 0)
			return err_at(err, -EINVAL, &unit->pos, NULL, "'%s' cannot be a mount point", where);
	}
	return 0;
}
