/* Two plans held against each other, item by item. */
#include <string.h>

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
	const char *text = json_text_of(value), *joined = "";

	if (text || !value)
		return text;
	if (json_count(value) == 0 || !json_text_of(json_item(value, 0))) {
		text = json_print(c->arena, value, false);
		return strcmp(text, "null") == 0 ? NULL : text;
	}
	for (size_t i = 0; i < json_count(value); i++)
		joined = arena_printf(c->arena, "%s%s%s", joined, i ? " " : "", text_of(c, json_item(value, i)));
	return joined;
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

/* The items' names, each made once: lists of packages are long. */
static const char **names_of(const struct comparison *c, const struct json *list)
{
	const char **names = arena_array(c->arena, const char *, json_count(list) + 1);

	for (size_t i = 0; i < json_count(list); i++)
		names[i] = name_of(c, json_item(list, i));
	return names;
}

static const struct json *find(const struct json *list, const char *const *names, const char *name)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (strcmp(names[i], name) == 0)
			return json_item(list, i);
	return NULL;
}

/* What is in one list and not in the other, or is there and differs. */
static void compare_lists(struct comparison *c, const struct json *before, const struct json *after)
{
	const char **old_names = names_of(c, before), **new_names = names_of(c, after);

	for (size_t i = 0; i < json_count(before); i++) {
		const struct json *old = json_item(before, i), *new = find(after, new_names, old_names[i]);
		const char *was = show(c, old), *is = new ? show(c, new) : NULL;

		if (!new)
			note(c, old_names[i], was, NULL);
		else if (strcmp(json_print(c->arena, old, false), json_print(c->arena, new, false)) != 0)
			note_fields(c, note(c, old_names[i], was, strcmp(was, is) == 0 ? "changed" : is), old, new);
	}
	for (size_t i = 0; i < json_count(after); i++)
		if (!find(before, old_names, new_names[i]))
			note(c, new_names[i], NULL, show(c, json_item(after, i)));
}

static void compare_trees(struct comparison *c, const char *tree, const struct json *before, const struct json *after)
{
	const struct json *old = json_get(before, "layers"), *new = json_get(after, "layers");

	c->list = (struct compared_list){.what = "path of packages", .layer = arena_printf(c->arena, "%s/base", tree)};
	compare_lists(c, json_get(before, "exclude"), json_get(after, "exclude"));
	compare_lists(c, json_get(before, "include"), json_get(after, "include"));
	for (size_t i = 0; i < json_count(new); i++) {
		c->list = (struct compared_list){
			.what = "package", .keys = "name", .shown = "version",
			.layer = arena_printf(c->arena, "%s/%s", tree, json_get_text(json_item(new, i), "name")),
		};
		compare_lists(c, json_get(json_item(old, i), "packages"), json_get(json_item(new, i), "packages"));
	}
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static const struct compared_list lists[] = {
	{"users", NULL, "user", "image", "name", NULL, NULL, "uid groups sudo shell home"},
	{"downloads", NULL, "download", "image", "name", NULL, "sha256",
	 "sha256 fake path member unpack strip decompress mode owner group"},
	{"containers", NULL, "container image", "image", "image", NULL, "sha256", "sha256 fake"},
	{"files", NULL, "file", "image", "path", NULL, "sha256", "sha256 link mode owner group"},
	{"units", NULL, "unit", "image", "name", NULL, NULL, "enable mask text"},
	{"ports", "tcp", "port", "image", NULL, "/tcp", NULL, NULL},
	{"ports", "udp", "port", "image", NULL, "/udp", NULL, NULL},
	{"health", NULL, "health check", "image", "unit tcp http command", NULL, NULL, "http timeout_ms"},
	{"state", NULL, "state", "image", NULL, NULL, NULL, NULL},
	{"partitions", NULL, "partition", "disk", "label", NULL, NULL, "content size start type uuid"},
};

/* Values that are the whole. */
static const struct { const char *value, *layer; } values[] = {
	{"version", "all"}, {"program", "all"}, {"kind", "all"}, {"name", "all"},
	{"epoch", "image"}, {"cmdline", "disk"}, {"init", "disk"},
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
