#include "tree/unit_preset.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "host/sandbox.h"
#include "tree/inside.h"

/* Where systemctl(1) enables units of users, and what it reads to know which. */
#define GLOBAL "/etc/systemd/user"
static const char PRESET[] = "/usr/lib/systemd/user-preset/00-recipe.preset";

static bool unit_preset_is_asked(const struct plan_unit *unit)
{
	return unit->enable != UNSET && !unit->mask;
}

/* `systemctl preset` and the names of the units; false when there are none. */
static bool unit_preset_command(const struct step *step, struct arena *arena, const struct unit_scope *scope,
				struct strv *ret_argv)
{
	struct strv argv = {0};
	size_t words;

	strv_push(arena, &argv, "/usr/bin/systemctl");
	strv_push(arena, &argv, "--root=/");
	strv_push(arena, &argv, scope->user ? "--global" : "--system");
	strv_push(arena, &argv, "preset");
	words = argv.count;
	for (size_t i = 0; i < step->plan->n_units; i++)
		if (unit_preset_is_asked(&step->plan->units[i]))
			strv_push(arena, &argv, step->plan->units[i].name);
	*arena_push(arena, argv.items, argv.count) = NULL;
	argv.count--;
	*ret_argv = argv;
	return argv.count > words;
}

static int unit_preset_system(const struct step *step, const struct unit_scope *scope, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv argv;

	return unit_preset_command(step, arena, scope, &argv) ? step_run(step, argv.items, STEP_PATIENCE_S, err) : 0;
}

/* --- a user's -------------------------------------------------------------------------------------------------------- */

/* A link to where systemctl(1) has seen a unit of this folder leads to where it is. */
static int unit_preset_mend_link(struct arena *arena, int root_fd, const char *path, const char *target, bool in_folder,
				 struct err *err)
{
	if (!text_has_prefix(target, GLOBAL "/"))
		return 0;
	return inside_link(root_fd, path, arena_printf(arena, "%s%s", in_folder ? "../" : "", target + strlen(GLOBAL "/")),
			   err);
}

struct mending {
	struct arena *arena;
	int root_fd;
	bool in_folder;              /* NAME.wants, … */
};

static int unit_preset_mend(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	const struct mending *mending = data;
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder_fd, name, target, sizeof target - 1);

	if (type == DT_DIR && !mending->in_folder)
		return inside_each(mending->root_fd, path, unit_preset_mend,
				   &(struct mending){mending->arena, mending->root_fd, true}, err);
	if (length < 0)
		return 0;
	target[length] = '\0';
	return unit_preset_mend_link(mending->arena, mending->root_fd, path, target, mending->in_folder, err);
}

static int unit_preset_write(const struct step *step, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < step->plan->n_units; i++)
		if (unit_preset_is_asked(&step->plan->units[i]))
			buf_printf(&text, "%s %s\n", step->plan->units[i].enable == YES ? "enable" : "disable",
				   step->plan->units[i].name);
	return inside_write(step->root_fd, PRESET, text.data, text.size, &INSIDE_PLAIN, err);
}

/* systemctl(1) knows the units of all users alone: the folder of the one stands in for theirs. */
static int unit_preset_user(const struct step *step, const struct unit_scope *scope, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct sandbox_op own = {SANDBOX_BIND, arena_printf(arena, "%s%s", step->root, scope->own), GLOBAL, NULL};
	const struct sandbox sandbox = {.root = step->root, .ops = &own, .n_ops = 1};
	struct strv argv;
	int r;

	if (!unit_preset_command(step, arena, scope, &argv))
		return 0;
	r = inside_folder(step->root_fd, scope->own, err);
	if (r == 0)
		r = inside_folder(step->root_fd, GLOBAL, err);
	if (r == 0)
		r = unit_preset_write(step, err);
	if (r == 0)
		r = sandbox_check(&sandbox, &(struct proc){.argv = argv.items, .env = step_env,
							   .deadline_s = STEP_PATIENCE_S}, err);
	if (r == 0)
		r = inside_remove(step->root_fd, PRESET, err);
	return r == 0 ? inside_each(step->root_fd, scope->own, unit_preset_mend,
				    &(struct mending){arena, step->root_fd, false}, err) : r;
}

int unit_preset(const struct step *step, const struct unit_scope *scope, struct err *err)
{
	int r = scope->user ? unit_preset_user(step, scope, err) : unit_preset_system(step, scope, err);

	return r < 0 ? err_wrap(err, "while enabling and disabling the units of the recipe") : 0;
}
