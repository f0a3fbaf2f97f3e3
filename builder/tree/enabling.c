#include "tree/enabling.h"

#include <errno.h>
#include <string.h>

#include "tree/inside.h"

enum { UNIT_BYTES_MAX = 1 << 20 };

static bool enabling_is_asked(const struct plan_unit *unit)
{
	return unit->enable != UNSET && !unit->mask;
}

static void enabling_check_name(const struct unit_index *index, const struct plan_unit *unit, struct err *err)
{
	const char *path = arena_printf(index->arena, "units.%s", unit->name);
	const char *other = unit_index_alias_of(index, unit->name);
	const struct unit_file *file = unit_index_find(index, unit->name);

	if (other && unit->mask) {
		err_warn(err, &unit->pos, path, "'%s' is another name of '%s': masked is the name alone", unit->name, other);
		err_hint(err, "write '%s' if the unit is not to start at all", other);
	} else if (other && enabling_is_asked(unit)) {
		err_at(err, -EINVAL, &unit->enable_pos, path, "'%s' is another name of '%s'", unit->name, other);
		err_hint(err, "write '%s'", other);
	} else if (file && unit->enable == YES && unit_index_is_masked(file)) {
		err_at(err, -EINVAL, &unit->enable_pos, path, "'%s' is masked in '%s': it cannot start", unit->name,
		       file->path);
		err_hint(err, "leave 'enable' out");
	}
}

int enabling_check_names(const struct step *step, const struct unit_index *index, struct err *err)
{
	for (size_t i = 0; i < step->plan->n_units; i++)
		enabling_check_name(index, &step->plan->units[i], err);
	return err_result(err);
}

/* Whether something has the unit started: in a folder of links, or by another name. */
static bool enabling_is_linked(const struct unit_index *index, const char *name)
{
	for (size_t i = 0; i < index->n_wants; i++) {
		const struct unit_want *want = &index->wants[i];

		if (strcmp(want->name, name) == 0 || (want->link && strcmp(path_last(want->link), name) == 0))
			return true;
	}
	for (size_t i = 0; i < index->n_files; i++) {
		const struct unit_file *file = &index->files[i];

		if (path_is_below(file->path, index->scope->own) && file->link && strcmp(path_last(file->link), name) == 0 &&
		    strcmp(file->name, name) != 0)
			return true;
	}
	return false;
}

/* Whether the unit's file, or a drop-in of it in the recipe, has text in it that begins a line. */
static int enabling_has_line(const struct step *step, const struct unit_file *file, const struct plan_unit *unit,
			     const char *line, bool *ret_has, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r;

	buf_puts(&text, "\n");
	r = file ? inside_read(step->root_fd, file->path, UNIT_BYTES_MAX, &text, err) : 0;
	if (r < 0)
		return r;
	buf_printf(&text, "\n%s", unit->text ? unit->text : "");
	*ret_has = strstr(text.data, line) != NULL;
	return 0;
}

static int enabling_refuse(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
			   struct err *err)
{
	const char *path = arena_printf(index->arena, "units.%s", unit->name);
	const struct unit_file *file = unit_index_find(index, unit->name);
	bool also, installed;
	int r = enabling_has_line(step, file, unit, "\nAlso=", &also, err);

	if (r == 0)
		r = enabling_has_line(step, file, unit, "\n[Install]", &installed, err);
	if (r < 0)
		return r;
	if (also) /* it stands for others */
		return 0;
	if (strstr(unit->name, "@.")) {
		err_at(err, -EINVAL, &unit->enable_pos, path,
		       "'%s' is a template: there is nothing to start before it has an instance", unit->name);
		return err_hint(err, "enable an instance, '%.*sNAME%s', or write 'Install: { DefaultInstance: NAME }'",
				(int)(strchr(unit->name, '@') - unit->name) + 1, unit->name, strrchr(unit->name, '.'));
	}
	if (installed)
		return err_at(err, -EINVAL, &unit->enable_pos, path,
			      "'%s' cannot be enabled: its section 'Install' names nothing that wants it", unit->name);
	err_at(err, -EINVAL, &unit->enable_pos, path, "'%s' cannot be enabled: it has no section 'Install'", unit->name);
	return err_hint(err, "leave 'enable' out if something else starts it; else write 'Install: { WantedBy: … }', "
			     "for a service %s", index->scope->user ? "default.target" : "multi-user.target");
}

/* Links of /etc are there although the preset disables it when another unit that is enabled has it in `Also=`. */
static int enabling_disable(const struct step *step, const struct unit_index *index, const struct plan_unit *unit,
			    struct err *err)
{
	for (size_t i = 0; i < index->n_wants; i++) {
		const struct unit_want *want = &index->wants[i];

		if (strcmp(want->name, unit->name) != 0)
			continue;
		if (path_is_below(want->path, index->scope->own)) {
			inside_remove(step->root_fd, want->path, err);
			continue;
		}
		err_at(err, -EINVAL, &unit->enable_pos, arena_printf(index->arena, "units.%s", unit->name),
		       "'%s' cannot be disabled: '%s' has it started", unit->name, want->path);
		return err_hint(err, "write 'mask: true' instead: then nothing starts it");
	}
	return err_result(err);
}

int enabling_check_links(const struct step *step, const struct unit_index *index, struct err *err)
{
	for (size_t i = 0; i < step->plan->n_units; i++)
		if (!enabling_is_asked(&step->plan->units[i]))
			continue;
		else if (step->plan->units[i].enable == NO)
			enabling_disable(step, index, &step->plan->units[i], err);
		else if (!enabling_is_linked(index, step->plan->units[i].name))
			enabling_refuse(step, index, &step->plan->units[i], err);
	return err_result(err);
}
