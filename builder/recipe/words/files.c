/* Files of the image. */
#include <string.h>

#include "base/file.h"
#include "base/valid.h"
#include "recipe/interpolate.h"
#include "recipe/words/words.h"

enum { TEMPLATE_MAX = 4 << 20 };

/* A file that is text and nothing else: names have to be found in it, and what is put in is UTF-8. */
static int words_files_check_template(struct decoder *decoder, const struct buf *text, const char *name, const char *path)
{
	size_t good = text->size ? valid_utf8(text->data, text->size) : 0;
	const char *nul = text->size ? memchr(text->data, 0, text->size) : NULL;
	struct pos pos = {name, 1, 1};

	if (nul && (size_t)(nul - text->data) < good)
		good = (size_t)(nul - text->data);
	if (good == text->size)
		return 0;
	pos_move(&pos, text->data, text->data + good);
	err_at(decoder->err, -EINVAL, &pos, path,
	       nul == text->data + good ? "a NUL byte: this is not a text file" : "this is not UTF-8");
	return err_hint(decoder->err, "'template' needs a text in UTF-8; use 'source' for a file that is taken as it is");
}

int word_read_template(struct decoder *decoder, const struct node *node, const char *path, struct template *ret_template,
		       struct buf *text)
{
	const char *file = source_file_own(decoder, node, path), *by = source_file_document(decoder, &node->pos)->name;
	struct err problem = {0};
	int r;

	if (!file)
		return -EINVAL;
	*ret_template = (struct template){.arena = decoder->arena, .root = decoder->root, .facts = decoder->facts,
					  .name = source_file_shown(decoder, by, node->text, file), .path = path};
	r = file_read(file, TEMPLATE_MAX, text, &problem);
	if (r < 0)
		err_at(decoder->err, r, &node->pos, path, "%s", problem.first->text);
	err_free(&problem);
	return r == 0 ? words_files_check_template(decoder, text, ret_template->name, path) : r;
}

static int words_files_decode_template(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct template template;
	_cleanup_buf_ struct buf text = {0};
	int r = word_read_template(decoder, node, path, &template, &text);

	return r < 0 ? r : interpolate_template(&template, text.data ? text.data : "", out, decoder->err);
}

static const struct schema word_template = {VALUE_FILE, .decode = words_files_decode_template};

static const struct field file_fields[] = {
	{"source", &word_file, 0, WORD_OF(recipe_file, source), 0, "path of a file in the repository with the content"},
	{"text", &word_text, 0, WORD_OF(recipe_file, text), 0, "the content itself"},
	{"template", &word_template, 0, WORD_OF(recipe_file, template), 0,
	 "path of a file in the repository with the content, in which ${…} is replaced"},
	{"json", &word_json, 0, WORD_OF(recipe_file, json), 0, "a tree of values; the file has it as JSON"},
	{"yaml", &word_yaml, 0, WORD_OF(recipe_file, yaml), 0, "a tree of values; the file has it as YAML"},
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

/* A file has its content from one of these words; what that is in text becomes its text. */
static void words_files_take_content(struct decoder *decoder, struct recipe_file *file, const char *path)
{
	const struct {
		const char *word, *value;
	} contents[] = {{"source", file->source}, {"text", file->text}, {"template", file->template},
			{"json", file->json}, {"yaml", file->yaml}};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
		if (!contents[i].value)
			continue;
		if (first) {
			err_at(decoder->err, -EINVAL, &file->pos, path, "'%s' and '%s' cannot be used together",
			       contents[i].word, first);
			err_hint(decoder->err,
				 "to replace the content set by another recipe file, write '!replace' before the map");
			return;
		}
		first = contents[i].word;
		if (strcmp(first, "source") != 0)
			file->text = contents[i].value;
	}
	if (!first)
		err_at(decoder->err, -EINVAL, &file->pos, path, "expected 'text', 'source', 'template', 'json' or 'yaml'");
}

static void words_files_check_file(struct decoder *decoder, struct recipe_file *file)
{
	const char *path = problem_path(decoder->arena, "files", file->path);
	const struct recipe *recipe = decoder->recipe;

	if (problem_known(decoder, path))
		return;
	word_check_place(decoder, &file->pos, path, file->path);
	word_check_reader(decoder, &file->pos, path, file->path, file->mode);
	words_files_take_content(decoder, file, path);
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
