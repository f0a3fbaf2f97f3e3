/* Names in a recipe that only the image can tell from misspelt ones: each is asked once the tree is made, all at once. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "plan/config.h"
#include "recipe/problem.h"
#include "tree/name.h"
#include "tree/unit_names.h"
#include "tree/unit_there.h"

struct asking {
	const struct step *step;
	struct arena *arena;
	struct err *err;
};

void name_missing(const struct name *name, const char *near, const char *otherwise, struct err *err, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	err_at(err, -ENOENT, &name->pos, name->path, "%s", text);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "%s", otherwise);
}

/* --- units ----------------------------------------------------------------------------------------------------------- */

/* The user whose systemd has the unit; NULL when it is nobody's. */
static const char *names_user_of(struct arena *arena, const struct recipe *recipe, const char *unit)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++)
		if (recipe->quadlets[i].user && strcmp(unit_of_recipe_quadlet(arena, &recipe->quadlets[i]), unit) == 0)
			return recipe->quadlets[i].user;
	for (size_t i = 0; i < recipe->n_units; i++)
		if (recipe->units[i].user && recipe->units[i].settings.count && strcmp(recipe->units[i].name, unit) == 0)
			return recipe->units[i].user;
	return NULL;
}

/* Who has the unit that this manager has not: another one. */
static bool names_tell_elsewhere(const struct step *step, struct arena *arena, const struct unit_scope *scope,
				 const struct name *name, struct err *err)
{
	const char *user = scope->user ? NULL : names_user_of(arena, step->plan->recipe, name->text);

	if (user) {
		err_at(err, -ENOENT, &name->pos, name->path, "'%s' is a unit of the user '%s', not of the system", name->text,
		       user);
		err_hint(err, strcmp(name->path, "health") == 0 ? "add 'user: %s' to the check"
								: "only units of '%s' can name it", user);
	} else if (scope->user && unit_there(step->plan, step->root_fd, name->text) == UNIT_THERE) {
		err_at(err, -ENOENT, &name->pos, name->path, "'%s' is a unit of the system, not of the user '%s'", name->text,
		       scope->user);
		err_hint(err, "leave it out: a user's systemd knows nothing of the system's units");
	} else {
		return false;
	}
	return true;
}

void name_ask_unit_of(const struct step *step, struct arena *arena, const struct unit_scope *scope, const struct name *name,
		      struct err *err)
{
	const char *at = strchr(name->text, '@');

	switch (unit_there_of(step->plan, step->root_fd, scope, name->text)) {
	case UNIT_MISSING:
		if (!names_tell_elsewhere(step, arena, scope, name, err))
			name_missing(name, unit_nearest_of(arena, step->plan, step->root_fd, scope, name->text),
				     "add the package that has it, or define it in 'units'", err,
				     "the image has no unit '%s'", name->text);
		return;
	case UNIT_UNSURE:
		err_warn(err, &name->pos, name->path, "the image has no file of the unit '%s'", name->text);
		err_hint(err, "this is fine if a generator of a package makes it when the machine starts");
		return;
	case UNIT_MASKED:
		err_at(err, -EINVAL, &name->pos, name->path, "the unit '%s' is masked: it can never be active", name->text);
		err_hint(err, "name another unit, or do not mask it");
		return;
	case UNIT_THERE:
		break;
	}
	if (at && at[1] == '.') {
		err_at(err, -EINVAL, &name->pos, name->path, "'%s' is a template: only an instance of it can be active",
		       name->text);
		err_hint(err, "name an instance, like %.*s@NAME%s", (int)(at - name->text), name->text, at + 1);
	}
}

void name_ask_unit(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	name_ask_unit_of(step, arena, &unit_scope_system, name, err);
}

/* --- the words of a recipe ------------------------------------------------------------------------------------------- */

static void names_ask(const struct asking *asking, name_ask *ask, const char *text, const struct pos *pos, const char *path)
{
	ask(asking->step, asking->arena, &(struct name){text, *pos, path}, asking->err);
}

static void names_of_timezone(const struct asking *asking)
{
	const struct recipe *recipe = asking->step->plan->recipe;
	const struct pos pos = recipe_place(recipe, (const char *const[]){"timezone", NULL}, NULL);

	if (strcmp(recipe->timezone, "UTC") != 0)
		names_ask(asking, name_ask_zone, recipe->timezone, &pos, "timezone");
}

static void names_of_modules(const struct asking *asking)
{
	const struct recipe *recipe = asking->step->plan->recipe;

	for (size_t i = 0; i < recipe->modules_load.count; i++) {
		const char *module = recipe->modules_load.items[i];
		const struct pos pos = recipe_place(recipe, (const char *const[]){"modulesLoad", NULL}, module);

		names_ask(asking, name_ask_module, module, &pos, "modulesLoad");
	}
}

/* Arguments of systemd and modprobe that have names as their values (kernel-command-line(7), modprobe(8)). */
static void names_of_kernel_args(const struct asking *asking)
{
	static const struct {
		const char *key;
		name_ask *ask;
	} known[] = {
		{"systemd.unit=", name_ask_unit}, {"systemd.wants=", name_ask_unit},
		{"modprobe.blacklist=", name_ask_blacklist}, {"module_blacklist=", name_ask_blacklist},
	};
	const struct recipe *recipe = asking->step->plan->recipe;

	for (size_t i = 0; i < recipe->kernel_args.count; i++)
		for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
			const char *word = recipe->kernel_args.items[i];
			const struct pos pos = recipe_place(recipe, (const char *const[]){"kernelArgs", NULL}, word);
			char *rest, *value;

			if (!text_has_prefix(word, known[k].key))
				continue;
			rest = arena_strdup(asking->arena, word + strlen(known[k].key));
			while ((value = strsep(&rest, ",")))
				if (*value)
					names_ask(asking, known[k].ask, value, &pos, "kernelArgs");
		}
}

static void names_ask_health(const struct asking *asking, const struct recipe_health *health)
{
	const struct name name = {health->unit, health->pos, "health"};
	const struct plan_account *account = health->user ? numbers_of(asking->step->plan, health->user) : NULL;
	const struct unit_scope scope =
		account ? unit_scope_of_user(asking->arena, health->user, account->uid) : unit_scope_system;

	name_ask_unit_of(asking->step, asking->arena, &scope, &name, asking->err);
}

static void names_of_health(const struct asking *asking)
{
	const struct recipe *recipe = asking->step->plan->recipe;

	for (size_t i = 0; i < recipe->n_health; i++) {
		const struct recipe_health *health = &recipe->health[i];

		if (health->unit)
			names_ask_health(asking, health);
		if (health->command.count)
			names_ask(asking, name_ask_program, health->command.items[0], &health->pos, "health");
	}
}

/* The program that a text for the shell begins with, when that is plain to see; NULL. */
static const char *names_shell_program(struct arena *arena, const char *shell)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
	size_t length = strspn(shell, plain);

	return *shell == '/' && (!shell[length] || strchr(" \t\n;|&", shell[length])) ? arena_strndup(arena, shell, length)
											: NULL;
}

/* Whoever expects that a program is not there, or cannot be run, gets these from the shell. */
static void names_of_tests(const struct asking *asking)
{
	enum { CANNOT_RUN = 126, NOT_FOUND = 127 };
	const struct recipe *recipe = asking->step->plan->recipe;

	for (size_t i = 0; i < recipe->n_tests; i++) {
		const struct recipe_test *test = &recipe->tests[i];
		const char *program =
			test->shell ? names_shell_program(asking->arena, test->shell) : test->command.items[0];

		if (program && test->status != CANNOT_RUN && test->status != NOT_FOUND)
			names_ask(asking, name_ask_program, program, &test->pos, "tests");
	}
}

/* --- secrets --------------------------------------------------------------------------------------------------------- */

static void names_of_owner(const struct asking *asking, const char *word, const char *name, const char *key, name_ask *ask,
			   const char *text)
{
	const struct pos pos = recipe_place(asking->step->plan->recipe, (const char *const[]){word, name, key, NULL}, NULL);

	names_ask(asking, ask, text, &pos, arena_printf(asking->arena, "%s.%s.%s", word, name, key));
}

static void names_of_changed(const struct asking *asking, const char *word, const char *name, const char *key,
			     const struct strv *units)
{
	for (size_t i = 0; i < units->count; i++) {
		const struct recipe *recipe = asking->step->plan->recipe;
		const struct pos pos = recipe_place(recipe, (const char *const[]){word, name, key, NULL}, units->items[i]);

		names_ask(asking, name_ask_unit, units->items[i], &pos,
			  arena_printf(asking->arena, "%s.%s.%s", word, name, key));
	}
}

static void names_of_secrets(const struct asking *asking)
{
	const struct recipe *recipe = asking->step->plan->recipe;

	for (size_t i = 0; i < recipe->n_secrets; i++) {
		const struct recipe_secret *secret = &recipe->secrets[i];

		names_of_owner(asking, "secrets", secret->name, "owner", name_ask_user, secret->owner);
		names_of_owner(asking, "secrets", secret->name, "group", name_ask_group, secret->group);
		names_of_changed(asking, "secrets", secret->name, "restartUnits", &secret->restart);
		names_of_changed(asking, "secrets", secret->name, "reloadUnits", &secret->reload);
	}
	for (size_t i = 0; i < recipe->n_templates; i++) {
		const struct recipe_template *template = &recipe->templates[i];

		names_of_owner(asking, "templates", template->name, "owner", name_ask_user, template->owner);
		names_of_owner(asking, "templates", template->name, "group", name_ask_group, template->group);
		names_of_changed(asking, "templates", template->name, "restartUnits", &template->restart);
		names_of_changed(asking, "templates", template->name, "reloadUnits", &template->reload);
	}
}

/* --- quadlets -------------------------------------------------------------------------------------------------------- */

/* Keys of podman-systemd.unit(5) and systemd.exec(5) whose values name something of the machine. */
static const struct quadlet_key {
	const char *section, *key;   /* NULL: of any section */
	enum { OF_FILE, OF_MOUNT, OF_PROGRAM } means;
} quadlet_keys[] = {
	{NULL, "EnvironmentFile", OF_FILE},
	{NULL, "AuthFile", OF_FILE},
	{NULL, "ContainersConfModule", OF_FILE},
	{"Container", "SeccompProfile", OF_FILE},
	{"Container", "Rootfs", OF_MOUNT},
	{"Container", "Volume", OF_MOUNT},
	{"Pod", "Volume", OF_MOUNT},
	{"Build", "Volume", OF_MOUNT},
	{"Build", "File", OF_FILE},
	{"Kube", "Yaml", OF_FILE},
	{"Kube", "ConfigMap", OF_FILE},
	{"Image", "CertDir", OF_FILE},
	{"Image", "DecryptionKey", OF_FILE},
	{"Service", "ExecStartPre", OF_PROGRAM},
	{"Service", "ExecStartPost", OF_PROGRAM},
	{"Service", "ExecStopPost", OF_PROGRAM},
	{"Service", "ExecReload", OF_PROGRAM},
};

/* The path that a value names; NULL for none, or one that only the machine can tell (%h), or that may be missing ('-'). */
static const char *names_quadlet_path(struct arena *arena, const struct plan_quadlet *quadlet, const char *value, bool mount)
{
	const char *path = arena_strndup(arena, value, strcspn(value, mount ? ":" : " \t"));

	if (strchr(path, '%') || *path == '-' || !*path || strstr(path, "://"))
		return NULL;
	if (*path == '/')
		return path;
	if (mount && *path != '.') /* a volume's name */
		return NULL;
	while (text_has_prefix(path, "./"))
		path += 2;
	if (text_has_prefix(path, ".."))
		return NULL;
	return arena_printf(arena, "%.*s%s", (int)(path_last(quadlet->path) - quadlet->path), quadlet->path, path);
}

static void names_of_setting(const struct asking *asking, const struct plan_quadlet *quadlet,
			     const struct recipe_setting *setting, const struct quadlet_key *key)
{
	const char *const keys[] = {"quadlets", quadlet->name, setting->section, setting->key, NULL};
	const struct pos pos = recipe_place(asking->step->plan->recipe, keys, setting->value);
	const char *path = arena_printf(asking->arena, "quadlets.%s.%s.%s", keys[1], keys[2], keys[3]), *value;
	char *rest = arena_strdup(asking->arena, setting->value), *word;

	switch (key->means) {
	case OF_FILE:
	case OF_MOUNT:
		value = names_quadlet_path(asking->arena, quadlet, setting->value, key->means == OF_MOUNT);
		if (value)
			names_ask(asking, name_ask_file, value, &pos, path);
		break;
	case OF_PROGRAM:
		word = strsep(&rest, " \t");
		word += strspn(word, "@+!:|");
		if (*word == '/' && !strchr(word, '%')) /* '-': its failure is no failure */
			names_ask(asking, name_ask_program, word, &pos, path);
		break;
	}
}

static void names_of_quadlet(const struct asking *asking, const struct plan_quadlet *quadlet,
			     const struct recipe_quadlet *words)
{
	const char *of = arena_printf(asking->arena, "quadlets.%s", quadlet->name);
	const struct unit_scope scope =
		words->user ? unit_scope_of_user(asking->arena, words->user, quadlet->uid) : unit_scope_system;

	for (size_t i = 0; i < words->settings.count; i++) {
		const struct recipe_setting *setting = &words->settings.items[i];

		unit_names_check_setting(asking->step, asking->arena, &scope, setting, of, true, asking->err);
		for (size_t k = 0; k < sizeof quadlet_keys / sizeof *quadlet_keys; k++)
			if (strcmp(setting->key, quadlet_keys[k].key) == 0 &&
			    (!quadlet_keys[k].section || strcmp(setting->section, quadlet_keys[k].section) == 0))
				names_of_setting(asking, quadlet, setting, &quadlet_keys[k]);
	}
}

static void names_of_quadlets(const struct asking *asking)
{
	const struct plan *plan = asking->step->plan;

	for (size_t q = 0; q < plan->n_quadlets; q++)
		names_of_quadlet(asking, &plan->quadlets[q], &plan->recipe->quadlets[q]);
}

int step_names(const struct step *step, struct err *err)
{
	static void (*const words[])(const struct asking *) = {
		names_of_timezone, names_of_modules, names_of_kernel_args, names_of_health, names_of_tests, names_of_quadlets,
		names_of_secrets,
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct asking asking = {step, arena, err};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		words[i](&asking);
	names_ask_units(step, arena, err);
	names_ask_paths(step, err);
	problem_sort(err);
	return err_result(err);
}
