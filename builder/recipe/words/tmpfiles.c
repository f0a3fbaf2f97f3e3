/* Files and folders that are made, changed or removed at boot: tmpfiles.d(5). */
#include <string.h>

#include "recipe/words/words.h"

static const struct rule type_rule = {"a type of tmpfiles.d(5), like d, f, L or z", "[fwdDevqQpLcbCxXrRzZtThHaA][-+!=~^$?]*"};
static const struct rule age_rule = {"an age of tmpfiles.d(5), like 10d or 12h",
				     "~?([aAbBcCmM]+:)?([0-9]+(us|ms|s|m|min|h|d|w)?)+|-"};
static const struct schema word_type = {VALUE_TEXT, .rule = &type_rule};
static const struct schema word_age = {VALUE_TEXT, .rule = &age_rule};

static const struct field tmpfile_fields[] = {
	{"type", &word_type, FIELD_REQUIRED, WORD_OF(recipe_tmpfile, type), 0, "what is done: d (a folder), f (a file), …"},
	{"mode", &word_mode, 0, WORD_OF(recipe_tmpfile, mode), 0, "permissions, quoted octal (as the type has it)"},
	{"user", &word_account, 0, WORD_OF(recipe_tmpfile, user), 0, "user (root)"},
	{"group", &word_account, 0, WORD_OF(recipe_tmpfile, group), 0, "group (root)"},
	{"age", &word_age, 0, WORD_OF(recipe_tmpfile, age), 0, "what is older is removed from it"},
	{"argument", &word_line, 0, WORD_OF(recipe_tmpfile, argument), 0, "where a link leads, what a file has in it, …"},
	WORD_END,
};

static const struct schema schema_tmpfile = {VALUE_RECORD, .fields = tmpfile_fields};

static void words_tmpfiles_prepare(void *element)
{
	((struct recipe_tmpfile *)element)->mode = TMPFILE_NO_MODE;
}

/* Where a virtual machine can be written to. All else is of the root image; x and X only except from cleaning. */
static bool words_tmpfiles_is_writable(const struct recipe *recipe, const struct recipe_tmpfile *from)
{
	static const char *const writable[] = {"/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var"};

	for (size_t i = 0; i < sizeof writable / sizeof *writable; i++)
		if (path_is_below(from->path, writable[i]))
			return true;
	return strchr("xX", *from->type) || strchr(from->path, '%') || recipe->kind != KIND_VM ||
	       word_is_home(recipe, from->path);
}

static void words_tmpfiles_check(struct decoder *decoder, const struct node *root)
{
	const struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_tmpfiles; i++) {
		const struct recipe_tmpfile *from = &recipe->tmpfiles[i];
		const char *path = problem_path(decoder->arena, "tmpfiles", from->path);

		if (problem_known(decoder, path) || problem_known(decoder, "partitions") ||
		    words_tmpfiles_is_writable(recipe, from))
			continue;
		err_at(decoder->err, -EINVAL, &from->pos, path, "it is in the root image, which cannot be written to");
		err_hint(decoder->err, "'files' put files there when the image is built; at boot they can be made below /var, "
				       "/run, /tmp and /etc");
	}
}

const struct schema word_tmpfiles = {
	VALUE_TABLE,
	.element = &schema_tmpfile,
	.size = sizeof(struct recipe_tmpfile),
	.key_rule = &word_rule_path,
	.key_offset = WORD_OF(recipe_tmpfile, path),
	.pos_offset = WORD_OF(recipe_tmpfile, pos),
	.prepare = words_tmpfiles_prepare,
	.check = words_tmpfiles_check,
};
