/* The data contract: what a machine has to keep must not be on a partition that a new image replaces. */
#include <ctype.h>
#include <string.h>

#include "recipe/words/words.h"

static bool state_is_below_any(const char *path, const char *const *folders, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (path_is_below(path, folders[i]))
			return true;
	return false;
}
#define BELOW_ANY(path, folders) state_is_below_any(path, folders, sizeof(folders) / sizeof *(folders))

/* --- which service is affected ----------------------------------------------------------------------------------- */

static bool state_mentions(const struct recipe_settings *settings, const char *path)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct recipe_setting *setting = &settings->items[i];
		bool folder = strcmp(setting->key, "StateDirectory") == 0 && text_has_prefix(path, "/var/lib/");
		const char *found = strstr(setting->value, path), *after = found ? found + strlen(path) : "";

		if (found && !isalnum((unsigned char)*after) && *after != '-' && *after != '_')
			return true;
		if (folder && strcmp(path + strlen("/var/lib/"), setting->value) == 0)
			return true;
	}
	return false;
}

/* What of the recipe speaks of `path`, as the end of a sentence; "" when nothing does. */
static const char *state_needed_by(struct decoder *decoder, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_units; i++)
		if (state_mentions(&recipe->units[i].settings, path))
			return arena_printf(decoder->arena, "; '%s' needs it", recipe->units[i].name);
	for (size_t i = 0; i < recipe->n_quadlets; i++)
		if (state_mentions(&recipe->quadlets[i].settings, path))
			return arena_printf(decoder->arena, "; '%s' needs it", recipe->quadlets[i].name);
	return "";
}

/* --- virtual machines ------------------------------------------------------------------------------------------------ */

/* /var, and what lies there under another name; /var/run and /var/lock lie in memory. */
static bool state_is_var(const char *path)
{
	static const char *const memory[] = {"/var/run", "/var/lock"}, *const var[] = {"/var", "/home", "/root"};

	return !BELOW_ANY(path, memory) && BELOW_ANY(path, var);
}

/* The innermost mount that has `path`; NULL when it is the root's. */
static const struct recipe_mount *state_mount_of(const struct recipe *recipe, const char *path)
{
	const struct recipe_mount *found = NULL;

	for (size_t i = 0; i < recipe->n_mounts; i++) {
		const struct recipe_mount *mount = &recipe->mounts[i];

		if (path_is_below(path, mount->mountpoint) && (!found || strlen(mount->mountpoint) > strlen(found->mountpoint)))
			found = mount;
	}
	return found;
}

/* The place where what keeps `path` is mounted; NULL when that is the root's, or in memory. */
static const char *state_mounted_at(const struct recipe *recipe, const char *path)
{
	const struct recipe_mount *mount = state_mount_of(recipe, path);

	return mount && mount->keeps ? mount->mountpoint : NULL;
}

/* Whether a mount point is neither missing nor /var, which has memory within. */
static bool state_is_own(const char *mountpoint)
{
	return mountpoint && strcmp(mountpoint, "/var") != 0;
}

bool word_is_home(const struct recipe *recipe, const char *path)
{
	return state_is_var(path) || state_is_own(state_mounted_at(recipe, path));
}

static void state_check_partitions(struct decoder *decoder, const char *path, const struct pos *pos)
{
	const struct recipe *recipe = decoder->recipe;
	bool keeps_var = recipe->kind != KIND_VM || state_mounted_at(recipe, "/var");
	const struct recipe_mount *mount = state_mount_of(recipe, path);

	if (mount && !mount->keeps) {
		err_at(decoder->err, -EINVAL, pos, "state", "'%s' is not kept: %s is mounted at '%s'%s", path, mount->what,
		       mount->mountpoint, state_needed_by(decoder, path));
		err_hint(decoder->err, "take the mount away ('partitions.nodev'), or let the service store it elsewhere");
		return;
	}
	if (state_is_var(path) ? keeps_var : state_is_own(state_mounted_at(recipe, path)))
		return;
	err_at(decoder->err, -EINVAL, pos, "state", "'%s' is not on persistent storage: the next image would lose it%s",
	       path, state_needed_by(decoder, path));
	err_hint(decoder->err, keeps_var ? "only /var, /home and /root are kept: let the service store it there"
					 : "add a partition 'state', mounted at /var, to the disk");
}

/* --- containers ------------------------------------------------------------------------------------------------------ */

/* Each path becomes a mount point of the container, so it has to be a place that can be one: neither what is made anew at each
 * start, nor where the system itself would be hidden. */
void word_check_mount_point(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path)
{
	static const char *const memory[] = {"/dev", "/proc", "/run", "/sys", "/tmp", "/var/lock", "/var/run"};
	static const char *const system[] = {"/bin", "/boot", "/lib", "/lib64", "/sbin", "/usr"};
	static const char *const whole[] = {"/etc", "/var", "/var/cache", "/var/lib"};
	bool hides = BELOW_ANY(path, system);

	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		hides |= strcmp(path, whole[i]) == 0;
	if (BELOW_ANY(path, memory)) {
		err_at(decoder->err, -EINVAL, pos, key_path,
		       "'%s' is in memory and cannot be kept for the next container%s", path,
		       state_needed_by(decoder, path));
		err_hint(decoder->err, "let the service store it below /var/lib");
	} else if (hides) {
		err_at(decoder->err, -EINVAL, pos, key_path, "a mount point at '%s' would hide the system itself%s",
		       path, state_needed_by(decoder, path));
		err_hint(decoder->err, "name the service's own folder, like /var/lib/NAME");
	}
}

static bool state_is_covered(const struct recipe *recipe, const char *path)
{
	for (size_t i = 0; i < recipe->state.count; i++)
		if (path_is_below(path, recipe->state.items[i]))
			return true;
	return false;
}

/* What a unit itself calls its state (systemd.exec(5)) has to be among the recipe's: else the next container lacks it. */
static void state_check_unit(struct decoder *decoder, const struct recipe_unit *unit)
{
	for (size_t i = 0; i < unit->settings.count && !unit->mask && !unit->user; i++) {
		char *rest = arena_strdup(decoder->arena, unit->settings.items[i].value), *word;

		if (strcmp(unit->settings.items[i].key, "StateDirectory") != 0)
			continue;
		while ((word = strsep(&rest, " "))) {
			const char *path = arena_printf(decoder->arena, "/var/lib/%.*s", (int)strcspn(word, ":"), word);

			if (!*word || strchr(word, '%') || state_is_covered(decoder->recipe, path))
				continue;
			err_at(decoder->err, -EINVAL, &unit->pos, problem_path(decoder->arena, "units", unit->name),
			       "its data in '%s' is not listed in 'state': the next container would lose it", path);
			err_hint(decoder->err,
				 "add the path to 'state' (it becomes a mount point), or use CacheDirectory");
		}
	}
}

static void state_check(struct decoder *decoder, const struct node *root)
{
	const struct node *list = node_get(root, "state");
	const struct recipe *recipe = decoder->recipe;

	if (problem_known(decoder, "state") ||
	    (recipe->kind != KIND_LXC && problem_known(decoder, "partitions")))
		return;
	for (size_t i = 0; i < recipe->state.count; i++) {
		if (recipe->kind == KIND_LXC)
			word_check_mount_point(decoder, problem_item(list, i), "state", recipe->state.items[i]);
		else
			state_check_partitions(decoder, recipe->state.items[i], problem_item(list, i));
	}
	for (size_t i = 0; recipe->kind == KIND_LXC && i < recipe->n_units; i++)
		state_check_unit(decoder, &recipe->units[i]);
}

const struct schema word_state = {VALUE_WORDS, .rule = &word_rule_path, .check = state_check};
