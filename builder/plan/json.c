#include "plan/json.h"

#include <string.h>

#include "plan/fields.h"

static struct json *plan_json_of_words(const struct strv *list)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < list->count; i++)
		json_add(array, json_text(list->items[i]));
	return array;
}

static void plan_json_put_field(struct json *object, const struct plan_field *field, const void *item);

static struct json *plan_json_of_record(const struct plan_field *fields, const void *item)
{
	struct json *object = json_new_object();

	for (; !plan_field_ends(fields); fields++)
		plan_json_put_field(object, fields, item);
	return object;
}

static struct json *plan_json_of_value(const struct plan_field *field, const void *item)
{
	struct plan_value value;

	plan_value_of(field, item, &value);
	switch (value.form) {
	case SAYS_TEXT:
	case SAYS_LINES:
		return json_text(value.text);
	case SAYS_BOOL:
		return json_bool(value.number);
	case SAYS_NUMBER:
		return json_number(value.number);
	case SAYS_WORDS:
		return plan_json_of_words(value.words);
	case SAYS_RECORD:
		return plan_json_of_record(field->inside, item);
	case SAYS_NOTHING:
		break;
	}
	return field->flags & PLAN_MAYBE ? NULL : json_text(NULL);
}

static void plan_json_put_field(struct json *object, const struct plan_field *field, const void *item)
{
	struct json *value = plan_json_of_value(field, item);

	if (value)
		json_set(object, field->name, value);
}

static struct json *plan_json_of_list(const struct plan_list *list, const void *base)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan_count(list, base); i++) {
		const void *item = plan_item(list, base, i);

		json_add(array, list->fields[0].name ? plan_json_of_record(list->fields, item)
						     : plan_json_of_value(&list->fields[0], item));
	}
	return array;
}

static struct json *plan_json_of_tree(const struct plan_tree *tree)
{
	struct json *object = json_new_object(), *layers = json_new_array();

	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		struct json *layer = json_new_object();

		json_set(layer, "name", json_text(debian_layer_names[l]));
		json_set(layer, "key", json_text(tree->layers[l].key));
		json_set(layer, plan_packages.key, plan_json_of_list(&plan_packages, &tree->layers[l]));
		json_add(layers, layer);
	}
	json_set(object, "layers", layers);
	json_set(object, plan_excluded.key, plan_json_of_list(&plan_excluded, tree->recipe));
	json_set(object, plan_included.key, plan_json_of_list(&plan_included, tree->recipe));
	return object;
}

struct json *plan_json(const struct plan *plan)
{
	struct json *object = json_new_object(), *parts = NULL;

	for (const struct plan_single *single = plan_singles; single->field.name; single++)
		plan_json_put_field(object, &single->field, plan);
	for (const struct plan_list *list = plan_lists; list->key; list++) {
		struct json *array = plan_json_of_list(list, plan_base(plan, list));

		if (!list->part) {
			json_set(object, list->key, array);
			continue;
		}
		if (list == plan_lists || strcmp(list[-1].key, list->key) != 0) /* its parts follow each other */
			json_set(object, list->key, parts = json_new_object());
		json_set(parts, list->part, array);
	}
	json_set(object, "image", plan_json_of_tree(&plan->image));
	if (plan->tools.recipe)
		json_set(object, "tools", plan_json_of_tree(&plan->tools));
	return object;
}
