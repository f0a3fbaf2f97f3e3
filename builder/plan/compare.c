/* Two plans held against each other, item by item. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "plan/json.h"

/* A list of the plan's, and how its items are told from each other and shown. */
struct compared_list {
	const char *list, *part;     /* its key; the list's own key in that object, or NULL */
	const char *what, *layer;
	const char *keys;            /* what names an item, one word; or several, one of which each item has; NULL: its text */
	const char *after_name;      /* told with the name, or NULL */
	const char *shown;           /* what to show of it; NULL: that it is there */
	const char *fields;          /* what else there is to say of it, in words */
};

struct comparison {
	struct arena *arena;
	struct plan_change *changes;
	size_t n;
	struct compared_list list;   /* the one that is being compared */
};

/* --- values as people write them ------------------------------------------------------------------------------------- */

/* NULL for null. */
static const char *text_of(const struct comparison *c, const struct json *value)
{
	const char *text = json_text_of(value);
	_cleanup_buf_ struct buf joined = {0};

	if (text || !value)
		return text;
	if (json_count(value) == 0 || !json_text_of(json_item(value, 0))) {
		text = json_print(c->arena, value, false);
		return strcmp(text, "null") == 0 ? NULL : text;
	}
	for (size_t i = 0; i < json_count(value); i++) {
		text = text_of(c, json_item(value, i));
		buf_printf(&joined, "%s%s", i ? " " : "", text ? text : "null");
	}
	return arena_strdup(c->arena, joined.data);
}

/* Takes the next of the words at `*words`; false at their end. */
static bool next_word(const char **words, char out[32])
{
	size_t n = *words ? strcspn(*words, " ") : 0;

	if (n == 0 || n >= 32)
		return false;
	memcpy(out, *words, n);
	out[n] = 0;
	*words += n + ((*words)[n] == ' ');
	return true;
}

static const char *name_of(const struct comparison *c, const struct json *item)
{
	const char *keys = c->list.keys, *name = NULL, *kind = "";
	char key[32];

	while (!name && next_word(&keys, key)) {
		name = json_get_text(json_get(item, key), "url"); /* of what is asked by HTTP */
		name = name ? name : text_of(c, json_get(item, key));
		kind = name && strchr(c->list.keys, ' ') ? arena_printf(c->arena, "%s ", key) : "";
	}
	if (!name)
		name = text_of(c, item);
	return arena_printf(c->arena, "%s%s%s", kind, name ? name : "?", c->list.after_name ? c->list.after_name : "");
}

static const char *show(const struct comparison *c, const struct json *item)
{
	const char *shown = c->list.shown ? json_get_text(item, c->list.shown) : NULL;

	return shown ? shown : "there";
}

/* --- lists ----------------------------------------------------------------------------------------------------------- */

static struct plan_change *note(struct comparison *c, const char *name, const char *before, const char *after)
{
	struct plan_change *change = arena_push(c->arena, c->changes, c->n);

	*change = (struct plan_change){
		.what = c->list.what, .layer = c->list.layer, .name = arena_strdup(c->arena, name),
		.before = arena_strdup(c->arena, before), .after = arena_strdup(c->arena, after),
	};
	return change;
}

static void note_fields(struct comparison *c, struct plan_change *change, const struct json *old, const struct json *new)
{
	const char *fields = c->list.fields;
	char field[32];

	while (next_word(&fields, field)) {
		const char *was = text_of(c, json_get(old, field)), *is = text_of(c, json_get(new, field));

		if (strcmp(was ? was : "", is ? is : "") == 0)
			continue;
		*arena_push(c->arena, change->fields, change->n_fields) = (struct plan_field){
			arena_strdup(c->arena, field), arena_strdup(c->arena, was), arena_strdup(c->arena, is),
		};
	}
}

/* An item of a list. Nothing keeps a file from having two of a name: the first is held against the first, and so on. */
struct item {
	const char *name;
	size_t nth;
	const struct json *value;
};

static int by_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->nth > y->nth) - (x->nth < y->nth);
}

static struct item *items_of(const struct comparison *c, const struct json *list)
{
	struct item *items = arena_array(c->arena, struct item, json_count(list) + 1);

	for (size_t i = 0; i < json_count(list); i++)
		items[i] = (struct item){name_of(c, json_item(list, i)), i, json_item(list, i)};
	return items;
}

/* The items by their names: `nth` becomes the place among those of the same name, in `items` too. */
static struct item *sort_items(const struct comparison *c, struct item *items, size_t n)
{
	struct item *sorted = arena_array(c->arena, struct item, n + 1);

	memcpy(sorted, items, n * sizeof *items);
	qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0; i < n; i++) {
		bool again = i && strcmp(sorted[i].name, sorted[i - 1].name) == 0;
		struct item *item = &items[sorted[i].nth];

		item->nth = sorted[i].nth = again ? sorted[i - 1].nth + 1 : 0;
	}
	return sorted;
}

static const struct json *find_item(const struct item *sorted, size_t n, const struct item *like)
{
	const struct item *found = bsearch(like, sorted, n, sizeof *sorted, by_name);

	return found ? found->value : NULL;
}

static void compare_items(struct comparison *c, const char *name, const struct json *old, const struct json *new)
{
	const char *was = show(c, old), *is = show(c, new);

	if (strcmp(json_print(c->arena, old, false), json_print(c->arena, new, false)) != 0)
		note_fields(c, note(c, name, was, strcmp(was, is) == 0 ? "changed" : is), old, new);
}

/* What is in one list and not in the other, or is there and differs. */
static void compare_lists(struct comparison *c, const struct json *before, const struct json *after)
{
	size_t n_old = json_count(before), n_new = json_count(after);
	struct item *old = items_of(c, before), *new = items_of(c, after);
	const struct item *old_sorted = sort_items(c, old, n_old), *new_sorted = sort_items(c, new, n_new);

	for (size_t i = 0; i < n_old; i++) {
		const struct json *now = find_item(new_sorted, n_new, &old[i]);

		if (now)
			compare_items(c, old[i].name, old[i].value, now);
		else
			note(c, old[i].name, show(c, old[i].value), NULL);
	}
	for (size_t i = 0; i < n_new; i++)
		if (!find_item(old_sorted, n_old, &new[i]))
			note(c, new[i].name, NULL, show(c, new[i].value));
}

static void compare_trees(struct comparison *c, const char *tree, const struct json *before, const struct json *after)
{
	const struct json *old = json_get(before, "layers"), *new = json_get(after, "layers");

	c->list = (struct compared_list){.what = "path of packages", .layer = arena_printf(c->arena, "%s/base", tree)};
	compare_lists(c, json_get(before, "exclude"), json_get(after, "exclude"));
	compare_lists(c, json_get(before, "include"), json_get(after, "include"));
	for (size_t i = 0; i < json_count(new); i++) {
		const char *name = json_get_text(json_item(new, i), "name");

		c->list = (struct compared_list){
			.what = "package", .keys = "name", .shown = "version",
			.layer = arena_printf(c->arena, "%s/%s", tree, name ? name : "?"),
		};
		compare_lists(c, json_get(json_item(old, i), "packages"), json_get(json_item(new, i), "packages"));
	}
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static const struct compared_list lists[] = {
	{"users", NULL, "user", "image", "name", NULL, NULL, "uid groups sudo shell home comment linger system"},
	{"downloads", NULL, "download", "image", "name", NULL, "sha256",
	 "sha256 fake path member unpack strip decompress mode owner group"},
	{"containers", NULL, "container image", "image", "image", NULL, "sha256", "sha256 fake"},
	{"files", NULL, "file", "image", "path", NULL, "sha256", "sha256 link mode owner group"},
	{"units", NULL, "unit", "image", "name", NULL, NULL, "enable mask text"},
	{"ports", "tcp", "port", "image", NULL, "/tcp", NULL, NULL},
	{"ports", "udp", "port", "image", NULL, "/udp", NULL, NULL},
	{"health", NULL, "health check", "image", "unit tcp http command", NULL, NULL, "http timeout_ms"},
	{"state", NULL, "state", "image", NULL, NULL, NULL, NULL},
	{"partitions", NULL, "partition", "disk", "label", NULL, NULL, "content size start type uuid attributes mkfs"},
	{"configure", NULL, "hook", "image", NULL, NULL, NULL, NULL},
};

/* Values that are the whole. */
static const struct { const char *value, *layer; } values[] = {
	{"version", "all"}, {"program", "all"}, {"kind", "all"}, {"name", "all"},
	{"epoch", "image"}, {"cmdline", "disk"}, {"init", "disk"}, {"disk_size", "disk"},
};

static const struct json *list_of(const struct compared_list *list, const struct json *plan)
{
	const struct json *value = json_get(plan, list->list);

	return list->part ? json_get(value, list->part) : value;
}

static void compare_values(struct comparison *c, const char *name, const struct json *before, const struct json *after)
{
	const char *was = text_of(c, before), *is = text_of(c, after);

	if (strcmp(was ? was : "", is ? is : "") != 0)
		note(c, name, was, is);
}

void plan_compare(struct arena *arena, const struct json *before, const struct json *after, struct plan_change **ret_changes,
		  size_t *ret_n)
{
	struct comparison c = {.arena = arena};

	compare_trees(&c, "tools", json_get(before, "tools"), json_get(after, "tools"));
	compare_trees(&c, "image", json_get(before, "image"), json_get(after, "image"));
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		c.list = lists[i];
		compare_lists(&c, list_of(&lists[i], before), list_of(&lists[i], after));
	}
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		c.list = (struct compared_list){.what = "setting", .layer = values[i].layer};
		compare_values(&c, values[i].value, json_get(before, values[i].value), json_get(after, values[i].value));
	}
	*ret_changes = c.changes;
	*ret_n = c.n;
}
