#include "suite.h"

#include <string.h>

#include "edge/yaml.h"
#include "scratch.h"

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
	refused("a: 1\nb: x\0y\n", 12, 2, 5, "a NUL byte");
	refused("a: \xe9t\xe9\n", 8, 1, 4, "the byte 0xe9 is not UTF-8");
	refused("\xef\xbb\xbf" "a: \xe9\n", 8, 1, 4, "the byte 0xe9 is not UTF-8");
	refused("a: \xc3", 4, 1, 4, "the byte 0xc3 is not UTF-8");
	refused("a: \xed\xa0\x80", 6, 1, 4, "is not UTF-8");
	refused("a: \xc3\xa9\x1b\n", 7, 1, 5, "control characters are not allowed: here is one (0x1b)");
	refused("a: \x7f\n", 5, 1, 4, "(0x7f)");
	refused("a: \xc2\x80\n", 6, 1, 4, "(0x80)");
	refused("a: \xef\xbf\xbf\n", 7, 1, 4, "control characters");
	refused("\xff\xfe" "a\0:\0", 6, 1, 1, "the file is in UTF-16");
	refused("\xfe\xff\0a\0:", 6, 1, 1, "the file is in UTF-16");
	refused("a\0:\0 \0", 6, 1, 1, "the file is in UTF-16");
	refused("\0a\0:\0 ", 6, 1, 1, "the file is in UTF-16");
	refused("\0\0\0\0", 4, 1, 1, "a NUL byte");
	refused("a: 1\n\xef\xbb\xbf" "b: 2\n", 13, 2, 1, "a byte order mark (U+FEFF) within the file");
	refused("\xef\xbb\xbf\xef\xbb\xbf" "a: 1\n", 11, 1, 1, "a byte order mark");
	refused("a:\n  \xc2\xa0 b: 1\n", 13, 2, 3, "a key contains an invisible character");
	refused("\xe2\x80\x8b" "a: 1\n", 8, 1, 1, "a key contains an invisible character");
	refused("a: \"x\\0y\"\n", 10, 1, 4, "NUL");
}
END_TEST

static void hinted(const char *text, const char *words)
{
	struct node *node = NULL;
	struct err err = {0};

	ck_assert_int_lt(yaml_read(scratch_arena(), "t.yaml", text, strlen(text), &node, &err), 0);
	ck_assert_msg(strstr(err.first->hint, words) != NULL, "%s", err.first->hint);
	err_free(&err);
}

START_TEST(a_tab_that_indents_is_named)
{
	hinted("a:\n\tb: 1\n", "this line is indented with a tab");
	hinted("a:\r\n  \tb: 1\r\n", "this line is indented with a tab");
	hinted("a:\n  - b: 1\n  -\tc: 1\n\t  d: 1\n", "this line is indented with a tab");
	hinted("a: b: 1\n", "indent with spaces");
}
END_TEST

/* Files of other systems: a mark at the beginning, lines that end with a carriage return. */
START_TEST(marks_and_line_ends_of_others_change_nothing)
{
	static const char *const texts[] = {
		"a: 1\nb: |\n  x\n  y\nc: [d,\n  e]\n",
		"\xef\xbb\xbf" "a: 1\nb: |\n  x\n  y\nc: [d,\n  e]\n",
		"a: 1\r\nb: |\r\n  x\r\n  y\r\nc: [d,\r\n  e]\r\n",
		"\xef\xbb\xbf" "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: [d,\r\n  e]\r\n",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct node *root = read_text(scratch_arena(), texts[i]);

		ck_assert(node_equal(root, read_text(scratch_arena(), texts[0])));
		ck_assert_uint_eq(root->key_pos[2].line, 5);
		ck_assert_uint_eq(root->key_pos[0].column, 1);
	}
	ck_assert_uint_eq(read_text(scratch_arena(), "\xef\xbb\xbf")->count, 0);
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
      a_tab_that_indents_is_named, marks_and_line_ends_of_others_change_nothing,
      what_is_too_deep_is_refused, what_is_too_large_is_refused)
