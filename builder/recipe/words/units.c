/* systemd units, and commands run at the end of a build. */
#include <string.h>

#include "base/escape.h"
#include "recipe/words/words.h"

enum { UNIT_NAME_MAX = 255 };

static const struct field unit_fields[] = {
	{"enable", &word_tristate, 0, WORD_OF(recipe_unit, enable), 0, "start at boot, or not (as the package says)"},
	{"user", &word_account, 0, WORD_OF(recipe_unit, user), 0,
	 "a unit of this user's own systemd; it starts at boot when the user has `linger` (of the system)"},
	{"mask", &word_bool, 0, WORD_OF(recipe_unit, mask), 0, "make it impossible to start"},
	WORD_END,
};

static void words_units_prepare_unit(void *element)
{
	((struct recipe_unit *)element)->enable = UNSET;
}

static const struct schema schema_unit = {
	VALUE_RECORD, .fields = unit_fields, .sections_offset = WORD_OF(recipe_unit, settings), .has_sections = true,
	.sections = word_unit_sections,
};

/* The key that says which path a unit is about: its name has to be that path's. */
static const struct named_after {
	const char *suffix, *section, *key;
} named_after[] = {{".mount", "Mount", "Where"}, {".automount", "Automount", "Where"}, {".swap", "Swap", "What"}};

static void words_units_check_name(struct decoder *decoder, const struct recipe_unit *unit, const struct named_after *after,
				   const char *path)
{
	const struct recipe_setting *setting = NULL;
	const char *right;

	for (size_t i = 0; i < unit->settings.count && text_has_suffix(unit->name, after->suffix); i++)
		if (strcmp(unit->settings.items[i].section, after->section) == 0 &&
		    strcmp(unit->settings.items[i].key, after->key) == 0)
			setting = &unit->settings.items[i];
	if (!setting || *setting->value != '/' || strchr(setting->value, '%'))
		return;
	right = arena_printf(decoder->arena, "%s%s", escape_unit_path(decoder->arena, setting->value), after->suffix);
	if (strcmp(right, unit->name) == 0)
		return;
	err_at(decoder->err, -EINVAL, &unit->pos, path, "the unit of '%s' has to be called '%s'",
	       problem_shown(decoder->arena, setting->value), right);
	if (strchr(right, '\\'))
		err_hint(decoder->err, "write the name in single quotes or without quotes: in double quotes '\\' has a "
				       "meaning of its own");
}

/* Who has the account may be a package: that is known once the recipe is locked. */
static void words_units_check_user(struct decoder *decoder, const struct recipe_unit *unit, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	if (strcmp(unit->user, "root") == 0) {
		err_at(decoder->err, -EINVAL, &unit->user_pos, path, "the units of root are those of the system");
		err_hint(decoder->err, "leave 'user' out");
	}
	for (size_t i = 0; i < recipe->n_users && unit->enable == YES; i++) {
		if (strcmp(recipe->users[i].name, unit->user) != 0 || recipe->users[i].linger)
			continue;
		err_warn(decoder->err, &unit->user_pos, path, "'%s' does not start before '%s' logs in", unit->name,
			 unit->user);
		err_hint(decoder->err, "if it is to start at boot, add 'users: { %s: { linger: true } }'", unit->user);
	}
}

static void words_units_check_unit(struct decoder *decoder, const struct recipe_unit *unit)
{
	const char *path = problem_path(decoder->arena, "units", unit->name);

	if (problem_known(decoder, path))
		return;
	word_check_sections(decoder, WORD_UNIT, unit->name, &unit->settings, path);
	for (size_t i = 0; i < sizeof named_after / sizeof *named_after; i++)
		words_units_check_name(decoder, unit, &named_after[i], path);
	if (strlen(unit->name) > UNIT_NAME_MAX)
		err_at(decoder->err, -EINVAL, &unit->pos, path, "the name of a unit has at most %d characters", UNIT_NAME_MAX);
	if (unit->user)
		words_units_check_user(decoder, unit, path);
	if (unit->mask && unit->enable == YES) {
		err_at(decoder->err, -EINVAL, &unit->pos, path, "'enable' and 'mask' cannot be used together");
		err_hint(decoder->err, "what another file has masked, 'mask: false' makes startable");
	}
}

static void words_units_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *map = node_get(root, "units");

	for (size_t i = 0; i < recipe->n_units; i++) {
		struct recipe_unit *unit = &recipe->units[i];
		const struct node *enable = node_get(node_get(map, unit->name), "enable");
		const struct node *user = node_get(node_get(map, unit->name), "user");

		unit->enable_pos = enable ? enable->pos : unit->pos;
		unit->user_pos = user ? user->pos : unit->pos;
		words_units_check_unit(decoder, unit);
	}
}

static const struct schema schema_command = {.type = VALUE_WORDS};

static int words_units_decode_commands(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of commands");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_hook *hook = arena_push(decoder->arena, recipe->configure, recipe->n_configure);

		hook->pos = node->items[i]->pos;
		if (node->items[i]->type != NODE_LIST || node->items[i]->count == 0) {
			problem_expected(decoder, node->items[i], path, "a command as a list of words");
			err_hint(decoder->err, "no shell is used; write [[/usr/bin/program, argument]]");
		} else if (decode(decoder, &schema_command, node->items[i], path, &hook->argv) == 0) {
			word_check_program(decoder, &hook->pos, path, &hook->argv);
		}
	}
	return 0;
}

static const struct schema schema_commands = {VALUE_LIST, .element = &schema_command,
					      .decode = words_units_decode_commands};

static const struct field hook_fields[] = {
	{"configure", &schema_commands, 0, 0, 0, "commands run in the sandbox (no network) after packages, files and units"},
	WORD_END,
};

const struct schema word_units = {
	VALUE_TABLE,
	.element = &schema_unit,
	.size = sizeof(struct recipe_unit),
	.key_rule = &word_rule_unit,
	.key_offset = WORD_OF(recipe_unit, name),
	.pos_offset = WORD_OF(recipe_unit, pos),
	.prepare = words_units_prepare_unit,
	.check = words_units_check,
};
const struct schema word_hooks = {VALUE_RECORD, .fields = hook_fields};
