/* systemd units, and commands run at the end of a build. */
#include <string.h>

#include "recipe/words/words.h"

static const struct field unit_fields[] = {
	{"enable", &word_tristate, 0, WORD_OF(recipe_unit, enable), 0, "start at boot, or not (as the package says)"},
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

static void words_units_check_unit(struct decoder *decoder, const struct recipe_unit *unit)
{
	const char *path = problem_path(decoder->arena, "units", unit->name);

	if (problem_known(decoder, path))
		return;
	word_check_sections(decoder, WORD_UNIT, unit->name, &unit->settings, path);
	if (unit->mask && unit->enable == YES)
		err_at(decoder->err, -EINVAL, &unit->pos, path, "'enable' and 'mask' cannot be used together");
}

static void words_units_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_units; i++)
		words_units_check_unit(decoder, &recipe->units[i]);
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
