/* Templates: files that the machine makes of its secrets. */
#include <string.h>

#include "recipe/words/words.h"

static int words_templates_decode_file(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_template *new = out;
	struct template template;
	_cleanup_buf_ struct buf text = {0};
	int r = word_read_template(decoder, node, path, &template, &text);

	return r < 0 ? r : interpolate_parts(&template, text.data ? text.data : "", &new->parts, &new->n_parts, decoder->err);
}

/* What came from elsewhere (a fact) is a text as it is. */
static int words_templates_decode_text(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	const struct template template = {decoder->arena, decoder->root, decoder->facts, NULL, path, &node->pos};
	struct recipe_template *new = out;
	const char *text;

	if (decode(decoder, &word_text, node, path, &text) < 0)
		return -EINVAL;
	if (node->state == STATE_TEMPLATE)
		return interpolate_parts(&template, text, &new->parts, &new->n_parts, decoder->err);
	if (*text)
		arena_push(decoder->arena, new->parts, new->n_parts)->text = text;
	return 0;
}

static const struct schema schema_file = {VALUE_FILE, .decode = words_templates_decode_file};
static const struct schema schema_text = {VALUE_TEXT, .decode = words_templates_decode_text};

static const struct field template_fields[] = {
	{"file", &schema_file, 0, 0, 0, "path of a file in the repository with the text, in which ${…} is replaced"},
	{"text", &schema_text, 0, 0, 0, "the text itself; ${secrets.NAME} in it is the place of a value"},
	{"path", &word_image_path, 0, WORD_OF(recipe_template, path), 0,
	 "where it is found besides /run/secrets/rendered/NAME"},
	{"mode", &word_mode, 0, WORD_OF(recipe_template, mode), 0, "permissions, quoted octal (\"0400\")"},
	{"owner", &word_owner, 0, WORD_OF(recipe_template, owner), 0,
	 "user, or the number of one in a container (root)"},
	{"group", &word_owner, 0, WORD_OF(recipe_template, group), 0, "group (root)"},
	{"restartUnits", &word_unit_names, 0, WORD_OF(recipe_template, restart), 0,
	 "units that are restarted when it has changed, and that do not start without it"},
	{"reloadUnits", &word_unit_names, 0, WORD_OF(recipe_template, reload), 0,
	 "units that are reloaded when it has changed, and that do not start without it"},
	WORD_END,
};
static const struct schema schema_template = {VALUE_RECORD, .fields = template_fields};

static void words_templates_prepare(void *element)
{
	struct recipe_template *new = element;

	new->mode = 0400;
	new->owner = new->group = "root";
}

static bool words_templates_has_secret(const struct recipe_template *template)
{
	for (size_t i = 0; i < template->n_parts; i++)
		if (template->parts[i].secret)
			return true;
	return false;
}

static void words_templates_check_content(struct decoder *decoder, const struct recipe_template *template,
					  const struct node *node, const char *path)
{
	bool file = node_get(node, "file"), text = node_get(node, "text");

	if (file == text) {
		err_at(decoder->err, -EINVAL, &template->pos, path,
		       file ? "'file' and 'text' cannot be used together" : "expected 'text' or 'file'");
		if (file)
			err_hint(decoder->err,
				 "to replace the content set by another recipe file, write '!replace' before the map");
	} else if (!words_templates_has_secret(template)) {
		err_warn(decoder->err, &template->pos, path, "there is no ${secrets.NAME} in this template");
		err_hint(decoder->err, "what is no secret can be in the image: 'files: { PATH: { text: … } }'");
	}
}

static void words_templates_check(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "templates");
	const struct recipe *recipe = decoder->recipe;

	if (recipe->n_templates && recipe->kinds == KIND_TOOLS && !problem_known(decoder, "kinds"))
		err_at(decoder->err, -EINVAL, &map->pos, "templates", "a recipe of the kind 'tools' cannot have secrets");
	for (size_t i = 0; i < recipe->n_templates; i++) {
		const struct recipe_template *template = &recipe->templates[i];
		const char *path = problem_path(decoder->arena, "templates", template->name);

		if (!problem_known(decoder, path))
			words_templates_check_content(decoder, template, node_get(map, template->name), path);
	}
	word_check_secrets(decoder);
}

const struct schema word_templates = {
	VALUE_TABLE,
	.element = &schema_template,
	.size = sizeof(struct recipe_template),
	.key_rule = &word_rule_secret,
	.key_offset = WORD_OF(recipe_template, name),
	.pos_offset = WORD_OF(recipe_template, pos),
	.prepare = words_templates_prepare,
	.check = words_templates_check,
};
