/* Files of the image. */
#include "recipe/words/words.h"

static const struct field file_fields[] = {
	{"source", &word_file, 0, WORD_OF(recipe_file, source), 0, "path of a file in the repository with the content"},
	{"text", &word_text, 0, WORD_OF(recipe_file, text), 0, "the content itself"},
	{"mode", &word_mode, 0, WORD_OF(recipe_file, mode), 0, "permissions, quoted octal (\"0644\")"},
	{"owner", &word_account, 0, WORD_OF(recipe_file, owner), 0, "user (root)"},
	{"group", &word_account, 0, WORD_OF(recipe_file, group), 0, "group (root)"},
	WORD_END,
};

static void words_files_prepare_file(void *element)
{
	struct recipe_file *new = element;

	new->mode = 0644;
	new->owner = new->group = "root";
}

static const struct schema schema_file = {VALUE_RECORD, .fields = file_fields};

static void words_files_check_file(struct decoder *decoder, const struct recipe_file *file)
{
	const char *path = problem_path(decoder->arena, "files", file->path);
	const struct recipe *recipe = decoder->recipe;

	if (problem_known(decoder, path))
		return;
	if (file->text && file->source) {
		err_at(decoder->err, -EINVAL, &file->pos, path, "'text' and 'source' cannot be used together");
		err_hint(decoder->err,
			 "to replace the content set by another recipe file, write '!replace' before the map");
	}
	if (!file->text && !file->source)
		err_at(decoder->err, -EINVAL, &file->pos, path, "expected 'text' or 'source'");
	for (size_t i = 0; i < recipe->n_files; i++)
		if (&recipe->files[i] != file && path_is_below(recipe->files[i].path, file->path)) {
			err_at(decoder->err, -EINVAL, &file->pos, path,
			       "this is a file, but '%s' needs a folder of that name", recipe->files[i].path);
			return;
		}
}

static void words_files_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_files; i++)
		words_files_check_file(decoder, &recipe->files[i]);
}

const struct schema word_files = {
	VALUE_TABLE,
	.element = &schema_file,
	.size = sizeof(struct recipe_file),
	.key_rule = &word_rule_path,
	.key_offset = WORD_OF(recipe_file, path),
	.pos_offset = WORD_OF(recipe_file, pos),
	.prepare = words_files_prepare_file,
	.check = words_files_check,
};
