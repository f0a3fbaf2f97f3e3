#include "suite.h"

#include <string.h>

#include "edge/yaml.h"

static struct node *read_text(struct arena *arena, const char *text)
{
	struct node *node = NULL;
	struct err err = {0};

	ck_assert_msg(yaml_read(arena, "t.yaml", text, strlen(text), &node, &err) == 0, "%s",
		      err.first ? err.first->text : "?");
	return node;
}

static void refused(const char *text, size_t size, unsigned line, unsigned column, const char *words)
{
	struct arena *arena = arena_new();
	struct node *node = NULL;
	struct err err = {0};

	ck_assert_int_lt(yaml_read(arena, "t.yaml", text, size, &node, &err), 0);
	ck_assert_ptr_null(node);
	ck_assert_uint_eq(err.first->line, line);
	ck_assert_uint_eq(err.first->column, column);
	ck_assert_msg(strstr(err.first->text, words) != NULL, "%s", err.first->text);
	err_free(&err);
	arena_free(arena);
}

START_TEST(nodes_know_their_places)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct node *root = read_text(arena, "a: 1\nb:\n  - x\n  - {c: 'true'}\n");
	const struct node *list = node_get(root, "b"), *value = node_get(list->items[1], "c");

	ck_assert_uint_eq(root->count, 2);
	ck_assert_uint_eq(root->key_pos[1].line, 2);
	ck_assert_uint_eq(list->items[0]->pos.line, 3);
	ck_assert_uint_eq(list->items[0]->pos.column, 5);
	ck_assert_str_eq(value->text, "true");
	ck_assert(!value->plain);
	ck_assert(node_get(root, "a")->plain);
	ck_assert_str_eq(value->pos.file, "t.yaml");
}
END_TEST

START_TEST(nothing_is_an_empty_map)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	ck_assert_int_eq(read_text(arena, "")->type, NODE_MAP);
	ck_assert_int_eq(read_text(arena, "# a comment\n")->type, NODE_MAP);
}
END_TEST

START_TEST(the_tags_of_the_language_are_known)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct node *root = read_text(arena, "a: !replace [x]\nb: !remove x\nc: !remove\nd: ! 12\ne: !!str 12\n");

	ck_assert_int_eq(node_get(root, "a")->tag, TAG_REPLACE);
	ck_assert_int_eq(node_get(root, "b")->tag, TAG_REMOVE);
	ck_assert(node_is_null(node_get(root, "c")));
	ck_assert_int_eq(node_get(root, "d")->tag, TAG_NONE);
}
END_TEST

START_TEST(equal_nodes_say_the_same)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct node *one = read_text(arena, "a: {x: 1, y: [2, 3]}\n"),
			  *other = read_text(arena, "a:\n  y: ['2', \"3\"]\n  x: 1\n");

	ck_assert(node_equal(one, other));
	ck_assert(!node_equal(one, read_text(arena, "a: {x: 1, y: [3, 2]}\n")));
	ck_assert(!node_equal(one, read_text(arena, "a: {x: 1}\n")));
	ck_assert(!node_equal(one, read_text(arena, "a: [x, y]\n")));
}
END_TEST

START_TEST(what_yaml_has_beyond_is_refused)
{
	refused("a: &x 1\n", 8, 1, 4, "anchors and aliases");
	refused("a: 1\nb: *x\n", 11, 2, 4, "anchors and aliases");
	refused("a: !include x\n", 14, 1, 4, "unknown tag");
	refused("a: 1\n---\nb: 2\n", 14, 3, 1, "more than one YAML document");
	refused("a: 1\na: 2\n", 10, 2, 1, "defined twice");
	refused("{a: 1}: 2\n", 10, 1, 1, "a key must be a single word");
	refused("a: [1, 2\n", 9, 2, 1, "expected");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused_where_they_are)
{
	refused("a: 1\nb: \xff\n", 10, 2, 4, "UTF-8");
	refused("a: 1\nb: x\0y\n", 12, 2, 5, "control characters");
	refused("a: \"x\\0y\"\n", 10, 1, 4, "NUL");
}
END_TEST

START_TEST(what_is_too_deep_is_refused)
{
	static char text[200000];

	memset(text, '[', sizeof text);
	refused(text, sizeof text, 1, 65, "nested too deeply");
}
END_TEST

START_TEST(what_is_too_large_is_refused)
{
	static char text[(4 << 20) + 1];

	memset(text, 'a', sizeof text);
	refused(text, sizeof text, 0, 0, "larger than 4 MiB");
}
END_TEST

SUITE(yaml, nodes_know_their_places, nothing_is_an_empty_map, the_tags_of_the_language_are_known,
      equal_nodes_say_the_same, what_yaml_has_beyond_is_refused, bytes_that_are_no_text_are_refused_where_they_are,
      what_is_too_deep_is_refused, what_is_too_large_is_refused)
