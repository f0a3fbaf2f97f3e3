/* What the search for secrets may find. */
#include <string.h>

#include "leak/forms.h"
#include "leak/search.h"
#include "recipe/words/words.h"

static const struct rule path_rule = {"a path in the image, with the wildcards of glob(7), or a name that the search tells",
				      "[^[:cntrl:]]+"};
static const struct rule form_rule = {"the name of a form", "[a-z0-9-]+"};
static const struct rule reason_rule = {"a reason, of a few words", "[^[:cntrl:]]*[^[:cntrl:][:space:]]{2}[^[:cntrl:]]*"};
static const struct schema schema_path = {VALUE_TEXT, .rule = &path_rule}, schema_form = {VALUE_TEXT, .rule = &form_rule},
			   schema_reason = {VALUE_TEXT, .rule = &reason_rule};

static const struct field leak_fields[] = {
	{"path", &schema_path, FIELD_REQUIRED, WORD_OF(recipe_leak_exception, path), 0,
	 "path in the image, with *, ? and […] (which stand for slashes, too)"},
	{"form", &schema_form, 0, WORD_OF(recipe_leak_exception, form), 0, "the form that is meant (all)"},
	{"reason", &schema_reason, FIELD_REQUIRED, WORD_OF(recipe_leak_exception, reason), 0, "why it may be there"},
	WORD_END,
};
static const struct schema schema_leak = {VALUE_RECORD, .fields = leak_fields};

static void words_leaks_check_form(struct decoder *decoder, const struct node *node, const struct recipe_leak_exception *leak)
{
	const char *near;

	if (!leak->form || strcmp(leak->form, LEAK_VALUE) == 0 || form_is_known(leak->form))
		return;
	near = form_nearest(leak->form);
	err_at(decoder->err, -EINVAL, &node_get(node, "form")->pos, "leaks", "there is no form '%s'", leak->form);
	err_hint(decoder->err, near ? "did you mean '%s'?" : "the search says in its message which form it was", near);
}

static int words_leaks_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of exceptions");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_leak_exception *leak = arena_push(decoder->arena, recipe->leaks, recipe->n_leaks);
		unsigned before = decoder->err->count;

		leak->pos = node->items[i]->pos;
		decode(decoder, &schema_leak, node->items[i], path, leak);
		if (decoder->err->count == before)
			words_leaks_check_form(decoder, node->items[i], leak);
	}
	return err_result(decoder->err);
}

const struct schema word_leaks = {VALUE_LIST, .element = &schema_leak, .decode = words_leaks_decode};
