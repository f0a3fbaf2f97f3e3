#include "plan/json.h"

#include <string.h>

#include "plan/fields.h"

static struct jval *plan_json_of_words(const struct strv *list)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < list->count; i++)
		jval_add(array, jval_text(list->items[i]));
	return array;
}

static void plan_json_put_field(struct jval *object, const struct plan_field *field, const void *item);

static struct jval *plan_json_of_record(const struct plan_field *fields, const void *item)
{
	struct jval *object = jval_new_object();

	for (; !plan_field_ends(fields); fields++)
		plan_json_put_field(object, fields, item);
	return object;
}

static struct jval *plan_json_of_value(const struct plan_field *field, const void *item)
{
	struct plan_value value;

	plan_value_of(field, item, &value);
	switch (value.form) {
	case SAYS_TEXT:
	case SAYS_LINES:
		return jval_text(value.text);
	case SAYS_BOOL:
		return jval_bool(value.number);
	case SAYS_NUMBER:
		return jval_number(value.number);
	case SAYS_WORDS:
		return plan_json_of_words(value.words);
	case SAYS_RECORD:
		return plan_json_of_record(field->inside, item);
	case SAYS_NOTHING:
		break;
	}
	return field->flags & PLAN_MAYBE ? NULL : jval_text(NULL);
}

static void plan_json_put_field(struct jval *object, const struct plan_field *field, const void *item)
{
	struct jval *value = plan_json_of_value(field, item);

	if (value)
		jval_set(object, field->name, value);
}

static struct jval *plan_json_of_list(const struct plan_list *list, const void *base)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < plan_count(list, base); i++) {
		const void *item = plan_item(list, base, i);

		jval_add(array, list->fields[0].name ? plan_json_of_record(list->fields, item)
						     : plan_json_of_value(&list->fields[0], item));
	}
	return array;
}

static struct jval *plan_json_of_tree(const struct plan_tree *tree)
{
	struct jval *object = jval_new_object(), *layers = jval_new_array();

	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		struct jval *layer = jval_new_object();

		jval_set(layer, "name", jval_text(debian_layer_names[l]));
		jval_set(layer, "key", jval_text(tree->layers[l].key));
		if (plan_count(&plan_excepted, &tree->layers[l]))
			jval_set(layer, plan_excepted.key, plan_json_of_list(&plan_excepted, &tree->layers[l]));
		jval_set(layer, plan_packages.key, plan_json_of_list(&plan_packages, &tree->layers[l]));
		jval_add(layers, layer);
	}
	jval_set(object, "layers", layers);
	jval_set(object, plan_excluded.key, plan_json_of_list(&plan_excluded, tree->recipe));
	jval_set(object, plan_included.key, plan_json_of_list(&plan_included, tree->recipe));
	return object;
}

struct jval *plan_json(const struct plan *plan)
{
	struct jval *object = jval_new_object(), *parts = NULL;

	for (const struct plan_single *single = plan_singles; single->field.name; single++)
		plan_json_put_field(object, &single->field, plan);
	for (const struct plan_list *list = plan_lists; list->key; list++) {
		struct jval *array;

		if (list->maybe && plan_count(list, plan_base(plan, list)) == 0)
			continue;
		array = plan_json_of_list(list, plan_base(plan, list));
		if (!list->part) {
			jval_set(object, list->key, array);
			continue;
		}
		if (list == plan_lists || strcmp(list[-1].key, list->key) != 0) /* its parts follow each other */
			jval_set(object, list->key, parts = jval_new_object());
		jval_set(parts, list->part, array);
	}
	jval_set(object, "image", plan_json_of_tree(&plan->image));
	if (plan->tools.recipe)
		jval_set(object, "tools", plan_json_of_tree(&plan->tools));
	return object;
}
