/* Two plans held against each other, item by item. */
#include <string.h>

#include "plan/json.h"

struct comparison {
	struct arena *arena;
	struct plan_change *changes;
	size_t n;
	const char *what, *layer;
	const char *key, *shown; /* of each item: its name, and what to show of it (NULL: all of it, in one word) */
};

static void note(struct comparison *c, const char *name, const char *before, const char *after)
{
	*arena_push(c->arena, c->changes, c->n) = (struct plan_change){
		c->what, c->layer, arena_strdup(c->arena, name), arena_strdup(c->arena, before), arena_strdup(c->arena, after),
	};
}

static const char *name_of(const struct comparison *c, const struct json *item)
{
	const char *name = c->key ? json_get_text(item, c->key) : NULL;

	return name ? name : json_print(c->arena, item, false);
}

static const char *show(const struct comparison *c, const struct json *item)
{
	const char *shown = c->shown ? json_get_text(item, c->shown) : NULL;

	return shown ? shown : "there";
}

static const struct json *find(const struct comparison *c, const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (strcmp(name_of(c, json_item(list, i)), name) == 0)
			return json_item(list, i);
	return NULL;
}

/* What is in one list and not in the other, or is there and differs. */
static void compare_lists(struct comparison *c, const struct json *before, const struct json *after)
{
	for (size_t i = 0; i < json_count(before); i++) {
		const struct json *old = json_item(before, i), *new = find(c, after, name_of(c, old));
		const char *was = show(c, old), *is = new ? show(c, new) : NULL;

		if (new && strcmp(json_print(c->arena, old, false), json_print(c->arena, new, false)) == 0)
			continue;
		note(c, name_of(c, old), was, new && strcmp(was, is) == 0 ? "changed" : is);
	}
	for (size_t i = 0; i < json_count(after); i++)
		if (!find(c, before, name_of(c, json_item(after, i))))
			note(c, name_of(c, json_item(after, i)), NULL, show(c, json_item(after, i)));
}

/* One value that is the whole. */
static void compare_values(struct comparison *c, const char *name, const struct json *before, const struct json *after)
{
	const char *was = before ? json_print(c->arena, before, false) : NULL;
	const char *is = after ? json_print(c->arena, after, false) : NULL;

	if (strcmp(was ? was : "", is ? is : "") != 0)
		note(c, name, was, is);
}

static void compare_trees(struct comparison *c, const char *tree, const struct json *before, const struct json *after)
{
	const struct json *old = json_get(before, "layers"), *new = json_get(after, "layers");

	c->layer = arena_printf(c->arena, "%s/base", tree);
	c->what = "path of packages";
	c->key = c->shown = NULL;
	compare_lists(c, json_get(before, "exclude"), json_get(after, "exclude"));
	compare_lists(c, json_get(before, "include"), json_get(after, "include"));
	for (size_t i = 0; i < json_count(new); i++) {
		c->layer = arena_printf(c->arena, "%s/%s", tree, json_get_text(json_item(new, i), "name"));
		c->what = "package";
		c->key = "name";
		c->shown = "version";
		compare_lists(c, json_get(json_item(old, i), "packages"), json_get(json_item(new, i), "packages"));
	}
}

void plan_compare(struct arena *arena, const struct json *before, const struct json *after, struct plan_change **ret_changes,
		  size_t *ret_n)
{
	static const struct { const char *list, *what, *layer, *key, *shown; } lists[] = {
		{"users", "user", "image", "name", NULL},
		{"downloads", "download", "image", "name", "sha256"},
		{"containers", "container image", "image", "image", "sha256"},
		{"files", "file", "image", "path", "sha256"},
		{"units", "unit", "image", "name", NULL},
		{"state", "state", "image", NULL, NULL},
		{"partitions", "partition", "disk", "label", NULL},
	};
	static const struct { const char *value, *layer; } values[] = {
		{"version", "all"}, {"kind", "all"}, {"name", "all"}, {"epoch", "image"}, {"ports", "image"},
		{"health", "image"}, {"cmdline", "disk"}, {"init", "disk"},
	};
	struct comparison c = {.arena = arena};

	compare_trees(&c, "tools", json_get(before, "tools"), json_get(after, "tools"));
	compare_trees(&c, "image", json_get(before, "image"), json_get(after, "image"));
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		c.what = lists[i].what;
		c.layer = lists[i].layer;
		c.key = lists[i].key;
		c.shown = lists[i].shown;
		compare_lists(&c, json_get(before, lists[i].list), json_get(after, lists[i].list));
	}
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		c.what = "setting";
		c.layer = values[i].layer;
		compare_values(&c, values[i].value, json_get(before, values[i].value), json_get(after, values[i].value));
	}
	*ret_changes = c.changes;
	*ret_n = c.n;
}
