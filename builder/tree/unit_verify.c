#include "tree/unit_verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sandbox.h"
#include "plan/config.h"
#include "recipe/problem.h"
#include "tree/inside.h"

static const char TRIED[] = "aether"; /* the instance that a template is tried with */

static bool unit_verify_is_template(const char *name)
{
	return strstr(name, "@.") != NULL;
}

/* The name that is given to systemd-analyze. */
static const char *unit_verify_name(struct arena *arena, const char *name)
{
	const char *at = strstr(name, "@.");

	return at ? arena_printf(arena, "%.*s%s%s", (int)(at - name) + 1, name, TRIED, at + 1) : name;
}

/* `user-.slice` and the like are names for drop-ins alone. */
static bool unit_verify_can(const struct plan_unit *unit)
{
	return unit->text && !unit->mask && strrchr(unit->name, '.')[-1] != '-';
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

/* The unit of the recipe whose file or drop-in a line begins with, and the line in it. */
static const struct plan_unit *unit_verify_by_path(const struct step *step, const struct unit_scope *scope, const char *line,
						   unsigned *ret_line)
{
	size_t length = strlen(scope->own);
	const char *name = text_has_prefix(line, scope->own) && line[length] == '/' ? line + length + 1 : NULL;

	for (size_t i = 0; name && i < step->plan->n_units; i++) {
		const char *of = step->plan->units[i].name, *rest = name + strlen(of);

		if (!text_has_prefix(name, of))
			continue;
		if (text_has_prefix(rest, ".d/50-recipe.conf"))
			rest += strlen(".d/50-recipe.conf");
		if (*rest == ':' && strtoul(rest + 1, NULL, 10)) {
			*ret_line = (unsigned)strtoul(rest + 1, NULL, 10);
			return &step->plan->units[i];
		}
	}
	return NULL;
}

static const struct plan_unit *unit_verify_by_name(struct arena *arena, const struct step *step, const char *line)
{
	for (size_t i = 0; i < step->plan->n_units; i++) {
		const char *name = unit_verify_name(arena, step->plan->units[i].name);

		if (text_has_prefix(line, arena_printf(arena, "%s: ", name)) ||
		    text_has_prefix(line, arena_printf(arena, "Unit %s ", name)))
			return &step->plan->units[i];
	}
	return NULL;
}

static const char *unit_verify_key(struct arena *arena, const struct plan_unit *unit, const struct recipe_setting *setting)
{
	return setting ? arena_printf(arena, "units.%s.%s.%s", unit->name, setting->section, setting->key)
		       : arena_printf(arena, "units.%s", unit->name);
}

/* The setting whose command has the program `name`. */
static const struct recipe_setting *unit_verify_command(const struct plan_unit *unit, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; unit->words && i < unit->words->count; i++) {
		const struct recipe_setting *setting = &unit->words->items[i];
		const char *program = setting->value + strspn(setting->value, "@-:+!|");

		if (text_has_prefix(setting->key, "Exec") && strncmp(program, name, length) == 0 &&
		    (!program[length] || program[length] == ' '))
			return setting;
	}
	return NULL;
}

struct programs {
	struct arena *arena;
	struct strv names;
};

static int unit_verify_note(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct programs *known = data;

	(void)folder_fd, (void)path, (void)type, (void)err;
	strv_push(known->arena, &known->names, name);
	return 0;
}

/* The program of the tree nearest to one that is not there: in its folder, or where programs are. */
static const char *unit_verify_near(struct arena *arena, const struct step *step, const char *program)
{
	const char *name = path_last(program), *own = arena_strndup(arena, program, (size_t)(name - program));
	const char *const folders[] = {own, "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"};

	for (size_t i = *own ? 0 : 1; name[0] && name[1] && name[2] && i < sizeof folders / sizeof *folders; i++) {
		struct programs known = {.arena = arena};
		struct err ignored = {0};
		const char *near;

		inside_each(step->root_fd, folders[i], unit_verify_note, &known, &ignored);
		err_free(&ignored);
		near = text_nearest(name, known.names.items, known.names.count);
		if (near)
			return arena_printf(arena, "%s%s", folders[i], near);
	}
	return NULL;
}

/* "Command /a is not executable: REASON", of a unit's line; whether it was that. */
static bool unit_verify_tell_command(struct arena *arena, const struct step *step, const struct plan_unit *unit,
				     const char *message, struct err *err)
{
	static const char begin[] = "Command ", end[] = " is not executable";
	const char *rest = text_has_prefix(message, begin) ? strstr(message, end) : NULL, *near, *program;
	const struct recipe_setting *setting;

	if (!rest)
		return false;
	program = arena_strndup(arena, message + strlen(begin), (size_t)(rest - message) - strlen(begin));
	if (unit_verify_is_template(unit->name) && strstr(program, TRIED))
		return true; /* it hangs on the instance */
	setting = unit_verify_command(unit, program);
	near = unit_verify_near(arena, step, program);
	if (strstr(rest, "No such file"))
		err_at(err, -ENOENT, setting ? &setting->pos : &unit->pos, unit_verify_key(arena, unit, setting),
		       "the image has no program '%s'", program);
	else
		err_at(err, -EACCES, setting ? &setting->pos : &unit->pos, unit_verify_key(arena, unit, setting),
		       "'%s' cannot be executed", program);
	if (strstr(rest, "No such file"))
		err_hint(err, near ? "did you mean '%s'?" : "add the package that has it, or put it there with 'files'", near);
	else
		err_hint(err, "give it the mode \"0755\"");
	return true;
}

static void unit_verify_tell_line(struct arena *arena, const struct step *step, const struct unit_scope *scope,
				  const char *line, struct err *err)
{
	unsigned at = 0;
	const struct plan_unit *unit = unit_verify_by_path(step, scope, line, &at);
	const struct recipe_setting *setting = unit && unit->words ? config_setting_at(unit->words, at) : NULL;
	const char *message = strstr(line, ": ");

	message = message ? message + 2 : line;
	if (!unit)
		unit = unit_verify_by_name(arena, step, line);
	if (!unit)
		err_set(err, -EINVAL, "systemd says: %s", line);
	else if (text_has_prefix(line, "Unit ") && err->count)
		return; /* why, it has said */
	else if (at || !unit_verify_tell_command(arena, step, unit, message, err))
		err_at(err, -EINVAL, setting ? &setting->pos : &unit->pos, unit_verify_key(arena, unit, setting),
		       "systemd says: %s", message);
}

int unit_verify_tell(const struct step *step, const struct unit_scope *scope, const char *said, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *rest = arena_strdup(arena, said), *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			unit_verify_tell_line(arena, step, scope, text_plain(arena, line), err);
	problem_sort(err);
	if (!*said)
		err_set(err, -EINVAL, "systemd-analyze refuses the units of the recipe without a message");
	return err_result(err);
}

/* A user's own folder is not among those where systemd looks by itself. */
static const char *const *unit_verify_environment(struct arena *arena, const struct unit_scope *scope)
{
	struct strv env = {0};

	strv_push(arena, &env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	strv_push(arena, &env, "LC_ALL=C.UTF-8");
	strv_push(arena, &env, "SYSTEMD_LOG_COLOR=0");
	if (scope->user) {
		strv_push(arena, &env, arena_printf(arena, "SYSTEMD_UNIT_PATH=%s:", scope->own));
		strv_push(arena, &env, "XDG_RUNTIME_DIR=/run");
		strv_push(arena, &env, "HOME=/root");
	}
	*arena_push(arena, env.items, env.count) = NULL;
	return env.items;
}

int unit_verify(const struct step *step, const struct unit_scope *scope, struct err *err)
{
	static const char *const words[] = {"/usr/bin/systemd-analyze", "verify", "--man=no", "--recursive-errors=no"};
	const struct sandbox sandbox = {.root = step->root};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf said = {0};
	struct strv argv = {0};
	size_t n = sizeof words / sizeof *words;
	int status;

	for (size_t i = 0; i < n; i++)
		strv_push(arena, &argv, words[i]);
	strv_push(arena, &argv, scope->user ? "--user" : "--system");
	for (size_t i = 0; i < step->plan->n_units; i++)
		if (unit_verify_can(&step->plan->units[i]))
			strv_push(arena, &argv, unit_verify_name(arena, step->plan->units[i].name));
	if (argv.count == n + 1)
		return 0;
	*arena_push(arena, argv.items, argv.count) = NULL;
	status = sandbox_run(&sandbox, &(struct proc){.argv = argv.items, .env = unit_verify_environment(arena, scope),
						      .diagnostics = &said,
						      .deadline_s = STEP_PATIENCE_S}, err);
	if (status < 0)
		return err_wrap(err, "while checking the units of the recipe");
	return status == 0 ? 0 : unit_verify_tell(step, scope, said.data ? said.data : "", err);
}
