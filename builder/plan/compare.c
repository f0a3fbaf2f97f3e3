/* Compares two plans, item by item. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "plan/fields.h"
#include "plan/json.h"

struct comparison {
	struct arena *arena;
	struct plan_change *changes;
	size_t n;
	const struct plan_list *list; /* the one that is being compared, … */
	const char *layer;            /* … and the layer that a change of it makes stale */
};

/* --- values as people write them ------------------------------------------------------------------------------------- */

/* NULL for null. */
static const char *compare_text_of(const struct comparison *c, const struct jval *value)
{
	const char *text = jval_text_of(value);
	_cleanup_buf_ struct buf joined = {0};

	if (text || !value)
		return text;
	if (jval_count(value) == 0 || !jval_text_of(jval_item(value, 0))) {
		text = jval_print(c->arena, value, false);
		return strcmp(text, "null") == 0 ? NULL : text;
	}
	for (size_t i = 0; i < jval_count(value); i++) {
		text = compare_text_of(c, jval_item(value, i));
		buf_printf(&joined, "%s%s", i ? " " : "", text ? text : "null");
	}
	return arena_strdup(c->arena, joined.data);
}

/* What an item is called: by the first of the fields that name it. Where there are several, the name says which. */
static const char *compare_name_of(const struct comparison *c, const struct jval *item)
{
	const struct plan_field *fields = c->list->fields;
	bool several = plan_several_names(c->list);
	const char *name = NULL, *kind = "";

	for (; fields->name && (fields->flags & PLAN_NAMES) && !name; fields++) {
		const struct jval *value = jval_get(item, fields->name);

		name = fields->inside ? jval_get_text(value, fields->inside->name) : NULL;
		name = name ? name : compare_text_of(c, value);
		kind = name && several ? arena_printf(c->arena, "%s ", fields->name) : "";
	}
	if (!name)
		name = compare_text_of(c, item);
	return arena_printf(c->arena, "%s%s%s", kind, name ? name : "?", c->list->after ? c->list->after : "");
}

static const char *compare_show(const struct comparison *c, const struct jval *item)
{
	for (const struct plan_field *field = c->list->fields; !plan_field_ends(field); field++)
		if ((field->flags & PLAN_SHOWN) && jval_get_text(item, field->name))
			return jval_get_text(item, field->name);
	return "there";
}

/* --- lists ----------------------------------------------------------------------------------------------------------- */

static struct plan_change *compare_note(struct comparison *c, const char *name, const char *before, const char *after)
{
	struct plan_change *change = arena_push(c->arena, c->changes, c->n);

	*change = (struct plan_change){
		.what = c->list->what, .layer = c->layer, .name = arena_strdup(c->arena, name),
		.before = arena_strdup(c->arena, before), .after = arena_strdup(c->arena, after),
	};
	return change;
}

static void compare_note_fields(struct comparison *c, struct plan_change *change, const struct jval *old,
				const struct jval *new)
{
	for (const struct plan_field *field = c->list->fields; field->name; field++) {
		const char *was = compare_text_of(c, jval_get(old, field->name)),
			   *is = compare_text_of(c, jval_get(new, field->name));

		if ((field->flags & PLAN_HIDDEN) || strcmp(was ? was : "", is ? is : "") == 0)
			continue;
		*arena_push(c->arena, change->fields, change->n_fields) = (struct plan_difference){
			field->name, arena_strdup(c->arena, was), arena_strdup(c->arena, is),
		};
	}
}

/* An item of a list. Nothing keeps a file from having two of a name: the first is held against the first, and so on. */
struct item {
	const char *name;
	size_t nth;
	const struct jval *value;
};

static int compare_by_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->nth > y->nth) - (x->nth < y->nth);
}

static struct item *compare_items_of(const struct comparison *c, const struct jval *list)
{
	struct item *items = arena_array(c->arena, struct item, jval_count(list) + 1);

	for (size_t i = 0; i < jval_count(list); i++)
		items[i] = (struct item){compare_name_of(c, jval_item(list, i)), i, jval_item(list, i)};
	return items;
}

/* The items by their names: `nth` becomes the place among those of the same name, in `items` too. */
static struct item *compare_sort_items(const struct comparison *c, struct item *items, size_t n)
{
	struct item *sorted = arena_array(c->arena, struct item, n + 1);

	memcpy(sorted, items, n * sizeof *items);
	qsort(sorted, n, sizeof *sorted, compare_by_name);
	for (size_t i = 0; i < n; i++) {
		bool again = i && strcmp(sorted[i].name, sorted[i - 1].name) == 0;
		struct item *item = &items[sorted[i].nth];

		item->nth = sorted[i].nth = again ? sorted[i - 1].nth + 1 : 0;
	}
	return sorted;
}

static const struct jval *compare_find_item(const struct item *sorted, size_t n, const struct item *like)
{
	const struct item *found = bsearch(like, sorted, n, sizeof *sorted, compare_by_name);

	return found ? found->value : NULL;
}

static void compare_items(struct comparison *c, const char *name, const struct jval *old, const struct jval *new)
{
	const char *was = compare_show(c, old), *is = compare_show(c, new);

	if (strcmp(jval_print(c->arena, old, false), jval_print(c->arena, new, false)) != 0)
		compare_note_fields(c, compare_note(c, name, was, strcmp(was, is) == 0 ? "changed" : is), old, new);
}

/* What is in one list and not in the other, or is there and differs. */
static void compare_lists(struct comparison *c, const struct jval *before, const struct jval *after)
{
	size_t n_old = jval_count(before), n_new = jval_count(after);
	struct item *old = compare_items_of(c, before), *new = compare_items_of(c, after);
	const struct item *old_sorted = compare_sort_items(c, old, n_old),
			  *new_sorted = compare_sort_items(c, new, n_new);

	for (size_t i = 0; i < n_old; i++) {
		const struct jval *now = compare_find_item(new_sorted, n_new, &old[i]);

		if (now)
			compare_items(c, old[i].name, old[i].value, now);
		else
			compare_note(c, old[i].name, compare_show(c, old[i].value), NULL);
	}
	for (size_t i = 0; i < n_new; i++)
		if (!compare_find_item(old_sorted, n_old, &new[i]))
			compare_note(c, new[i].name, NULL, compare_show(c, new[i].value));
}

static void compare_list(struct comparison *c, const struct plan_list *list, const char *layer,
			 const struct jval *before, const struct jval *after)
{
	c->list = list;
	c->layer = layer;
	compare_lists(c, before, after);
}

static void compare_trees(struct comparison *c, const char *tree, const struct jval *before, const struct jval *after)
{
	const struct jval *old = jval_get(before, "layers"), *new = jval_get(after, "layers");
	const struct plan_list *const paths[] = {&plan_excluded, &plan_included};

	for (size_t i = 0; i < 2; i++)
		compare_list(c, paths[i], arena_printf(c->arena, "%s/base", tree), jval_get(before, paths[i]->key),
			     jval_get(after, paths[i]->key));
	for (size_t i = 0; i < jval_count(new); i++) {
		const struct plan_list *const lists[] = {&plan_excepted, &plan_packages};
		const char *name = jval_get_text(jval_item(new, i), "name");

		for (size_t k = 0; k < 2; k++)
			compare_list(c, lists[k], arena_printf(c->arena, "%s/%s", tree, name ? name : "?"),
				     jval_get(jval_item(old, i), lists[k]->key), jval_get(jval_item(new, i), lists[k]->key));
	}
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static const struct jval *compare_list_of(const struct plan_list *list, const struct jval *plan)
{
	const struct jval *value = jval_get(plan, list->key);

	return list->part ? jval_get(value, list->part) : value;
}

static void compare_single(struct comparison *c, const struct plan_single *single, const struct jval *before,
			   const struct jval *after)
{
	static const struct plan_list settings = {.what = "setting"};
	const char *name = single->field.name;
	const char *was = compare_text_of(c, jval_get(before, name)), *is = compare_text_of(c, jval_get(after, name));

	c->list = &settings;
	c->layer = single->layer;
	if (single->layer && strcmp(was ? was : "", is ? is : "") != 0)
		compare_note(c, name, was, is);
}

void plan_compare(struct arena *arena, const struct jval *before, const struct jval *after,
		  struct plan_change **ret_changes, size_t *ret_n)
{
	struct comparison c = {.arena = arena};

	compare_trees(&c, "tools", jval_get(before, "tools"), jval_get(after, "tools"));
	compare_trees(&c, "image", jval_get(before, "image"), jval_get(after, "image"));
	for (const struct plan_list *list = plan_lists; list->key; list++)
		compare_list(&c, list, list->layer, compare_list_of(list, before), compare_list_of(list, after));
	for (const struct plan_single *single = plan_singles; single->field.name; single++)
		compare_single(&c, single, before, after);
	*ret_changes = c.changes;
	*ret_n = c.n;
}
