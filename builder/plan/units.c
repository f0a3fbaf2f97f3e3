/* systemd units, and what else systemd reads at boot: modules-load.d(5), sysctl.d(5), tmpfiles.d(5). */
#include <string.h>

#include "plan/config.h"

/* What a kind of unit is started by where nobody says it (systemd.special(7)), of the system and of a user, and the keys that a
 * whole one has and a drop-in seldom adds to. */
static const struct kind {
	const char *suffix, *target, *user_target;
	const char *section, *keys[3];  /* prefixes */
	const char *also[3];            /* keys with which it can be whole, too, but drop-ins have them as often */
} kinds[] = {
	{".service", "multi-user.target", "default.target", "Service", {"ExecStart"}, {"ExecStop", "SuccessAction"}},
	{".socket", "sockets.target", "sockets.target", "Socket", {"Listen"}, {NULL}},
	{".timer", "timers.target", "timers.target", "Timer", {"On"}, {NULL}},
	{".path", "paths.target", "paths.target", "Path", {"Path", "DirectoryNotEmpty"}, {NULL}},
	{".automount", "local-fs.target", "default.target", "Automount", {"Where"}, {NULL}},
	{".mount", "local-fs.target", "default.target", "Mount", {"What"}, {NULL}},
	{".swap", "swap.target", "default.target", "Swap", {"What"}, {NULL}},
	{".slice", "slices.target", "default.target", NULL, {NULL}, {NULL}},
	{".target", "multi-user.target", "default.target", NULL, {NULL}, {NULL}},
	{0},
};

static const struct kind *plan_units_kind_of(const char *name)
{
	const struct kind *kind = kinds;

	while (kind->suffix && !text_has_suffix(name, kind->suffix))
		kind++;
	return kind->suffix ? kind : NULL;
}

/* The first value of a key whose name begins with `key` (NULL: of any) in a section; NULL for none. */
static const char *plan_units_setting(const struct recipe_settings *settings, const char *section, const char *key)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].section, section) == 0 &&
		    (!key || text_has_prefix(settings->items[i].key, key)))
			return settings->items[i].value;
	return NULL;
}

/* Whether it is the whole of a unit by its looks. (A drop-in that sets a command anew empties the list first.) Only the built
 * tree knows. */
static bool plan_units_is_whole(const struct kind *kind, const struct recipe_settings *settings)
{
	const char *value = settings->count && !kind->section ? "yes" : NULL;

	for (size_t i = 0; !value && i < sizeof kind->keys / sizeof *kind->keys && kind->keys[i]; i++)
		value = plan_units_setting(settings, kind->section, kind->keys[i]);
	return value && *value;
}

static bool plan_units_begins(const char *key, const char *const prefixes[3])
{
	for (size_t i = 0; i < 3 && prefixes[i]; i++)
		if (text_has_prefix(key, prefixes[i]))
			return true;
	return false;
}

bool units_can_be_whole(const char *name, const struct recipe_settings *settings)
{
	const struct kind *kind = plan_units_kind_of(name);

	if (!kind || !kind->section)
		return true;
	for (size_t i = 0; i < settings->count; i++)
		if (plan_units_begins(settings->items[i].key, kind->keys) ||
		    plan_units_begins(settings->items[i].key, kind->also))
			return true;
	return false;
}

/* File systems that need the network, as systemd knows them. */
static bool plan_units_is_remote(const struct recipe *recipe, const struct recipe_unit *unit)
{
	static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "sshfs", "fuse.sshfs", "ceph", "afs",
					    "glusterfs", "gfs", "gfs2", "ocfs2", "lustre", "davfs", "pvfs2", "ncp", "ncpfs"};
	const char *type = plan_units_setting(&unit->settings, "Mount", "Type");
	const char *options = plan_units_setting(&unit->settings, "Mount", "Options");
	size_t stem = (size_t)(strrchr(unit->name, '.') - unit->name);

	for (size_t i = 0; text_has_suffix(unit->name, ".automount") && i < recipe->n_units; i++)
		if (strncmp(recipe->units[i].name, unit->name, stem) == 0 &&
		    strcmp(recipe->units[i].name + stem, ".mount") == 0)
			return plan_units_is_remote(recipe, &recipe->units[i]);
	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return options && strstr(options, "_netdev");
}

/* `name@instance.service` comes from `name@.service`. */
static bool plan_units_is_instance_of(const char *name, const char *template)
{
	const char *at = strchr(template, '@');

	return at && at[1] == '.' && strncmp(name, template, (size_t)(at - template) + 1) == 0 &&
	       name[at - template + 1] != '.' && text_has_suffix(name, at + 1);
}

/* Whether a unit is to be started, itself or, of a template, one of its instances. */
static bool plan_units_is_enabled(const struct recipe *recipe, const struct recipe_unit *unit)
{
	for (size_t i = 0; i < recipe->n_units; i++)
		if (recipe->units[i].enable == YES && plan_units_is_instance_of(recipe->units[i].name, unit->name))
			return true;
	return unit->enable == YES && !strstr(unit->name, "@.");
}

/* What has an `Install` of its own says itself who wants it. */
static const char *plan_units_target(const struct recipe *recipe, const struct recipe_unit *unit)
{
	const struct kind *kind = plan_units_kind_of(unit->name);

	if (!kind || unit->mask || !plan_units_is_enabled(recipe, unit) || !plan_units_is_whole(kind, &unit->settings) ||
	    plan_units_setting(&unit->settings, "Install", NULL))
		return NULL;
	if (unit->user)
		return kind->user_target;
	return plan_units_is_remote(recipe, unit) ? "remote-fs.target" : kind->target;
}

/* An account of a package, which nobody logs in to. (recipe/words/units.c looks at those of `users`.) */
static void plan_units_warn_sleeping(const struct plan *plan, const struct recipe_unit *unit, const char *path, struct err *err)
{
	for (size_t i = 0; i < plan->recipe->n_users; i++)
		if (strcmp(plan->recipe->users[i].name, unit->user) == 0)
			return;
	if (unit->enable != YES)
		return;
	err_warn(err, &unit->user_pos, path, "'%s' does not start before '%s' logs in", unit->name, unit->user);
	err_hint(err, "if it is to start at boot, add 'users: { %s: { system: true, linger: true } }'", unit->user);
}

/* The number by which a user's units are found; a package's account has it from the lock. */
static int64_t plan_units_uid(struct arena *arena, const struct plan *plan, const struct recipe_unit *unit, struct err *err)
{
	const struct plan_account *account = unit->user ? numbers_of(plan, unit->user) : NULL;
	const char *path = arena_printf(arena, "units.%s", unit->name);

	if (!unit->user)
		return 0;
	config_needs(plan, "libpam-systemd", &unit->user_pos, arena_printf(arena, "'%s', which is a user's,", unit->name), err);
	if (account && account->uid > 0) {
		plan_units_warn_sleeping(plan, unit, path, err);
		return account->uid;
	}
	if (account) {
		err_at(err, -EINVAL, &unit->user_pos, path, "the user '%s' needs a 'uid': its units are found by that number",
		       unit->user);
		return -1;
	}
	err_at(err, -EINVAL, &unit->user_pos, path, "the user '%s' does not exist", unit->user);
	err_hint(err, "add it to 'users'");
	return -1;
}

/* Each user's systemd copies what is in the user's folder to where units are that come after the user's own in ~/.config and
 * before those of packages (systemd.generator(7)). */
void units_put_generator(struct arena *arena, struct plan *plan)
{
	static const char path[] = "/usr/lib/systemd/user-generators/" USER_UNITS_GENERATOR;
	static const char text[] = "#!/bin/sh\n"
				   "# Units of one user, from a recipe's 'units: { NAME: { user: … } }'.\n"
				   "from=" USER_UNITS "/$(id -u)\n"
				   "[ ! -d \"$from\" ] || exec cp -R \"$from/.\" \"$1/\"\n";

	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return;
	config_put(arena, plan, path, 0755, NULL, text);
}

static void plan_units_make_unit(struct arena *arena, struct plan *plan, const struct recipe_unit *from, struct err *err)
{
	struct plan_unit *unit = arena_push(arena, plan->units, plan->n_units);
	_cleanup_buf_ struct buf text = {0};

	config_settings(&text, &from->settings);
	*unit = (struct plan_unit){
		.name = from->name, .enable = from->enable, .mask = from->mask, .pos = from->pos,
		.enable_pos = from->enable_pos, .user = from->user, .uid = plan_units_uid(arena, plan, from, err),
		.text = text.size ? arena_strdup(arena, text.data) : NULL,
		.wanted_by = plan_units_target(plan->recipe, from), .words = &from->settings,
	};
}

/* One preset for all units of the recipe: what `systemctl preset` will do, now and whenever somebody runs it again. */
static void plan_units_make_preset(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < plan->n_units; i++)
		if (plan->units[i].enable != UNSET && !plan->units[i].user)
			buf_printf(&text, "%s %s\n", plan->units[i].enable == YES ? "enable" : "disable", plan->units[i].name);
	if (text.size)
		config_put(arena, plan, "/usr/lib/systemd/system-preset/00-recipe.preset", 0644, NULL, text.data);
}

/* By its name it comes after those that packages bring. */
static void plan_units_make_sysctl(struct arena *arena, struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < recipe->n_sysctl; i++)
		if (recipe->sysctl[i].value)
			buf_printf(&text, "%s = %s\n", recipe->sysctl[i].key, recipe->sysctl[i].value);
		else
			buf_printf(&text, "%s\n", recipe->sysctl[i].key);
	if (text.size)
		config_put(arena, plan, "/etc/sysctl.d/99-zz-recipe.conf", 0644, &recipe->sysctl[0].pos, text.data);
}

static void plan_units_put_quoted(struct buf *text, const char *path)
{
	bool quotes = strpbrk(path, " \t\"'\\");

	buf_puts(text, quotes ? "\"" : "");
	for (; *path; path++)
		buf_printf(text, "%s%c", strchr("\"\\", *path) ? "\\" : "", *path);
	buf_puts(text, quotes ? "\"" : "");
}

/* One line for each, in their order: the step that has them checked counts on it. */
static void plan_units_make_tmpfiles(struct arena *arena, struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < recipe->n_tmpfiles; i++) {
		const struct recipe_tmpfile *from = &recipe->tmpfiles[i];

		buf_printf(&text, "%s ", from->type);
		plan_units_put_quoted(&text, from->path);
		buf_printf(&text, " %s %s %s %s",
			   from->mode == TMPFILE_NO_MODE ? "-" : arena_printf(arena, "%04o", (unsigned)from->mode),
			   from->user ? from->user : "-", from->group ? from->group : "-", from->age ? from->age : "-");
		buf_printf(&text, "%s%s\n", from->argument ? " " : "", from->argument ? from->argument : "");
	}
	if (text.size)
		config_put(arena, plan, RECIPE_TMPFILES, 0644, &recipe->tmpfiles[0].pos, text.data);
}

int units_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf modules = {0};

	for (size_t i = 0; i < recipe->n_units; i++)
		plan_units_make_unit(arena, plan, &recipe->units[i], err);
	for (size_t i = 0; i < plan->n_units; i++)
		if (plan->units[i].user)
			units_put_generator(arena, plan);
	plan_units_make_preset(arena, plan);
	for (size_t i = 0; i < recipe->modules_load.count; i++)
		buf_printf(&modules, "%s\n", recipe->modules_load.items[i]);
	if (modules.size)
		config_put(arena, plan, "/etc/modules-load.d/50-recipe.conf", 0644, NULL, modules.data);
	plan_units_make_sysctl(arena, plan);
	plan_units_make_tmpfiles(arena, plan);
	return err_result(err);
}
