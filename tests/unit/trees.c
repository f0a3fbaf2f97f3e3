/* `json:` and `yaml:` of a file: a tree of values keeps its types, for every reader of what is written. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "edge/yaml.h"
#include "recipes.h"
#include "scratch.h"

#define FROM "from: base.recipe\n"

/* As it stands in a recipe, and as JSON. */
static const struct row {
	const char *written, *means;
} rows[] = {
	/* numbers, with all their digits */
	{"8", "8"}, {"-8", "-8"}, {"+8", "8"}, {"0", "0"}, {"-0", "0"},
	{"12345678901234567890123", "12345678901234567890123"}, {"-9223372036854775809", "-9223372036854775809"},
	{"0x1F", "31"}, {"0o17", "15"}, {"0xffffffffffffffff", "18446744073709551615"}, {"1.5", "1.5"},
	{"1.50", "1.5"}, {".5", "0.5"}, {"-.5", "-0.5"}, {"5.", "5.0"}, {"1e3", "1000.0"}, {"1E3", "1000.0"},
	{"1e-3", "0.001"}, {"1.5e+3", "1500.0"}, {".5e1", "5.0"}, {"5.e0", "5.0"}, {"0.1", "0.1"},
	{"3.141592653589793238462643383279", "3.141592653589793"},
	/* yes, no and nothing */
	{"true", "true"}, {"false", "false"}, {"True", "true"}, {"FALSE", "false"}, {"null", "null"}, {"~", "null"},
	{"Null", "null"}, {"{a: }", "{\"a\": null}"},
	/* texts that look like something else */
	{"'8'", "\"8\""}, {"\"8\"", "\"8\""}, {"! 8", "\"8\""}, {"!!str 8", "\"8\""}, {"'true'", "\"true\""},
	{"'null'", "\"null\""}, {"'~'", "\"~\""}, {"''", "\"\""}, {"'no'", "\"no\""}, {"'No'", "\"No\""},
	{"'on'", "\"on\""}, {"'y'", "\"y\""}, {"'N'", "\"N\""}, {"'yes'", "\"yes\""}, {"'off'", "\"off\""},
	{"'OFF'", "\"OFF\""}, {"'1e3'", "\"1e3\""}, {"'0x1f'", "\"0x1f\""}, {"'012'", "\"012\""},
	{"'0o17'", "\"0o17\""}, {"'0b101'", "\"0b101\""}, {"0b101", "\"0b101\""}, {"'1:30'", "\"1:30\""},
	{"1:30", "\"1:30\""}, {"22:22", "\"22:22\""}, {"1_000", "\"1_000\""}, {"'1_000'", "\"1_000\""},
	{"-0x1f", "\"-0x1f\""}, {"2024-01-01", "\"2024-01-01\""}, {"'2024-01-01'", "\"2024-01-01\""},
	{"2024-01-01T10:00:00Z", "\"2024-01-01T10:00:00Z\""}, {"'.inf'", "\".inf\""}, {"'.nan'", "\".nan\""},
	{"'-.inf'", "\"-.inf\""}, {"'<<'", "\"<<\""}, {"'='", "\"=\""}, {"'+'", "\"+\""}, {"'.'", "\".\""},
	{"1.2.3", "\"1.2.3\""}, {"10.0.2.2", "\"10.0.2.2\""}, {"'10.0.2.2/24'", "\"10.0.2.2/24\""}, {"1e", "\"1e\""},
	{"5m", "\"5m\""}, {"'0.0'", "\"0.0\""}, {"'+1'", "\"+1\""}, {"'.5'", "\".5\""}, {"'1.'", "\"1.\""},
	{"'685_230.15'", "\"685_230.15\""},
	/* texts with signs that mean something in YAML */
	{"'- a'", "\"- a\""}, {"'a: b'", "\"a: b\""}, {"'a #b'", "\"a #b\""}, {"'#a'", "\"#a\""}, {"'a:'", "\"a:\""},
	{"'&a'", "\"&a\""}, {"'*a'", "\"*a\""}, {"'!a'", "\"!a\""}, {"'%a'", "\"%a\""}, {"'@a'", "\"@a\""},
	{"'`a'", "\"`a\""}, {"'|'", "\"|\""}, {"'>'", "\">\""}, {"'?'", "\"?\""}, {"'? a'", "\"? a\""},
	{"'[a]'", "\"[a]\""}, {"'{a}'", "\"{a}\""}, {"'a, b'", "\"a, b\""}, {"'---'", "\"---\""}, {"'...'", "\"...\""},
	{"' a'", "\" a\""}, {"'a '", "\"a \""}, {"\"it's\"", "\"it's\""}, {"'\"'", "\"\\\"\""}, {"'\\'", "\"\\\\\""},
	{"\"a\\nb\"", "\"a\\nb\""}, {"\"a\\n\"", "\"a\\n\""}, {"\"\\n a\\n\\n\"", "\"\\n a\\n\\n\""},
	{"\"a\\tb\"", "\"a\\tb\""}, {"\"a\\r\\nb\"", "\"a\\r\\nb\""}, {"\"\\x01\\x7f\"", "\"\\u0001\\u007f\""},
	{"\"\\u0085\\u2028\\ufeff\"", "\"\\u0085\\u2028\\ufeff\""}, {"'żółć → 😀'", "\"żółć → 😀\""},
	{"http://localhost:80/", "\"http://localhost:80/\""}, {"/var/log/*.log", "\"/var/log/*.log\""},
	/* what ${…} makes */
	{"'${facts.port}'", "8080"}, {"'${facts.text}'", "\"8080\""}, {"'${facts.on}'", "true"},
	{"'${facts.none}'", "null"}, {"'${facts.list}'", "[1, \"2\", {\"a\": 3.5}]"},
	{"'${facts.map}'", "{\"b\": 1, \"a\": [true]}"}, {"'${facts.list.1}'", "\"2\""},
	{"'${facts.list.2.a}'", "3.5"}, {"'0.0.0.0:${facts.port}'", "\"0.0.0.0:8080\""}, {"80${facts.one}", "\"801\""},
	{"'${facts.one}${facts.one}'", "\"11\""}, {"'$${env:HOME}'", "\"${env:HOME}\""},
	/* shapes */
	{"{}", "{}"}, {"[]", "[]"}, {"[[], {}, [[1]]]", "[[], {}, [[1]]]"},
	{"{b: 1, a: {d: [], c: 2}}", "{\"b\": 1, \"a\": {\"d\": [], \"c\": 2}}"},
	{"{80: a, 'no': b, '': c, 'a b': d, '~': e, true: f, 1.5: g}",
	 "{\"80\": \"a\", \"no\": \"b\", \"\": \"c\", \"a b\": \"d\", \"~\": \"e\", \"true\": \"f\", \"1.5\": \"g\"}"},
};

/* A recipe with all of them in a list, as YAML and as JSON, and the list that they mean. */
static const struct recipe *all_rows(const char **ret_means)
{
	struct arena *arena = scratch_arena();
	const char *list = "", *means = "";

	recipes_write("facts.yaml", "port: 8080\ntext: '8080'\non: true\nnone: ~\none: 1\n"
				    "list: [1, '2', {a: 3.5}]\nmap: {b: 1, a: [true]}\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		list = arena_printf(arena, "%s    - %s\n", list, rows[i].written);
		means = arena_printf(arena, "%s%s%s", means, i ? ",\n" : "", rows[i].means);
	}
	*ret_means = arena_printf(arena, "[%s]", means);
	return recipes_load(arena_printf(arena, FROM "facts: facts.yaml\nfiles:\n  /y:\n   yaml:\n%s  /j:\n   json:\n%s",
					 list, list));
}

START_TEST(other_readers_see_what_was_written)
{
	static const char judge[] =
		"import json, sys, yaml\n"
		"means, by_json, by_yaml = json.load(open('means')), json.load(open('j')), yaml.safe_load(open('y'))\n"
		"bad = [(m, j, y) for m, j, y in zip(means, by_json, by_yaml)\n"
		"       if not (json.dumps(m) == json.dumps(j) == json.dumps(y, default=str))]\n"
		"print(bad, file=sys.stderr) if bad else None\n"
		"sys.exit(bool(bad) or not len(means) == len(by_json) == len(by_yaml))\n";
	const char *means;
	const struct recipe *recipe = all_rows(&means);

	recipes_write("means", means);
	recipes_write("j", recipes_text(recipe, "/j"));
	recipes_write("y", recipes_text(recipe, "/y"));
	recipes_write("judge.py", judge);
	ck_assert_msg(system(arena_printf(scratch_arena(), "cd '%s' && python3 judge.py", scratch())) == 0,
		      "python3-yaml and json read what was meant");
}
END_TEST

/* libyaml with the core schema of YAML 1.2. */
START_TEST(we_read_what_we_wrote)
{
	const char *means;
	const struct recipe *recipe = all_rows(&means);
	const char *text = recipes_text(recipe, "/y"), *again;
	struct node *read = NULL, *meant = NULL;
	struct err err = {0};

	text = arena_printf(scratch_arena(), "a:\n%s", text);
	means = arena_printf(scratch_arena(), "a: %s", means);
	ck_assert_int_eq(yaml_read(scratch_arena(), "y", text, strlen(text), &read, &err), 0);
	ck_assert_int_eq(yaml_read(scratch_arena(), "m", means, strlen(means), &meant, &err), 0);
	read = node_get(read, "a");
	ck_assert_uint_eq(read->count, sizeof rows / sizeof *rows);
	for (size_t i = 0; i < read->count; i++)
		if (read->items[i]->type == NODE_SCALAR)
			ck_assert_msg(node_scalar(read->items[i]) == node_scalar(node_get(meant, "a")->items[i]),
				      "row %zu: %s", i, rows[i].written);
	ck_assert_int_eq(yaml_write(scratch_arena(), read, &again, &err), 0);
	ck_assert_str_eq(again, text + strlen("a:\n"));
}
END_TEST

START_TEST(numbers_keep_their_digits_and_keys_their_order)
{
	const struct recipe *recipe =
		recipes_load(FROM "files:\n"
				  "  /j: { json: { z: 1.50, a: [12345678901234567890123, 1e3, -0, 'x'],\n"
				  "    m: {}, l: [], n: null } }\n"
				  "  /y: { yaml: { z: 1.50, a: [12345678901234567890123, 1e3, -0, x y],\n"
				  "    m: {}, l: [], n: null } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/j"),
			 "{\n  \"z\": 1.50,\n  \"a\": [\n    12345678901234567890123,\n    1e3,\n    -0,\n    \"x\"\n  ],\n"
			 "  \"m\": {},\n  \"l\": [],\n  \"n\": null\n}\n");
	ck_assert_str_eq(recipes_text(recipe, "/y"),
			 "z: 1.50\na:\n- 12345678901234567890123\n- 1.0e+3\n- -0\n- x y\nm: {}\nl: []\n'n': null\n");
}
END_TEST

START_TEST(trees_are_merged_to_any_depth)
{
	recipes_write("p.recipe", FROM "files: { /j: { mode: '0600', json: {\n"
				       "  receivers: { hostmetrics: { interval: 15s } },\n"
				       "  log: { level: info, keep: 8 }, jobs: [a, 8, {n: 1}], out: [x], gone: 1 } } }\n");
	recipes_write("m.recipe", "files: { /j: { json: { jobs: [b, '8'], receivers: { journald: {} } } } }\n");

	const struct recipe *recipe =
		recipes_load("from: p.recipe\nuse: m.recipe\n"
			     "files: { /j: { json: { log: { level: debug }, jobs: [{n: 1}, c],\n"
			     "  out: !replace [y], gone: !remove } } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/j"),
			 "{\n  \"receivers\": {\n    \"hostmetrics\": {\n      \"interval\": \"15s\"\n    },\n"
			 "    \"journald\": {}\n  },\n"
			 "  \"log\": {\n    \"level\": \"debug\",\n    \"keep\": 8\n  },\n"
			 "  \"jobs\": [\n    \"a\",\n    8,\n    {\n      \"n\": 1\n    },\n"
			 "    \"b\",\n    \"8\",\n    \"c\"\n  ],\n"
			 "  \"out\": [\n    \"y\"\n  ]\n}\n");
	ck_assert_int_eq(recipe->files[0].mode, 0600);
}
END_TEST

START_TEST(modules_that_disagree_about_a_type_are_told)
{
	recipes_write("m.recipe", "files: { /j: { json: { a: { port: 8 } } } }\n");
	recipes_write("n.recipe", "files: { /j: { json: { a: { port: '8' } } } }\n");
	recipes_refused(FROM "use: [m.recipe, n.recipe]\n", 0,
			"files./j.json.a.port: two modules disagree: '8' here, '8' at ");
}
END_TEST

START_TEST(what_cannot_be_written_is_refused)
{
	static const struct {
		const char *written, *words;
	} cases[] = {
		{"json: { a: 010 }", "x.recipe:2:27: files./a.json.a: '010' is not the same number for all programs\n"
				     "  hint: write \"010\" in quotes for the text, 10 for the number, or 8 if it is octal\n"},
		{"yaml: [00]", "'00' is not the same number"},
		{"yaml: { mode: 0644 }", "'0644' is not the same number"},
		{"yaml: [-012]", "'-012' is not the same number"},
		{"yaml: [01.5]", "'01.5' is not the same number"},
		{"yaml: [08]", "'08' is not the same number"},
		{"yaml: [0x10000000000000000]", "is not the same number"},
		{"json: { a: .inf }", "files./a.json.a: JSON has no number '.inf'"},
		{"json: [-.INF]", "JSON has no number '-.INF'"},
		{"json: [.nan]", "JSON has no number '.nan'"},
		{"json: parts/a.json", "expected a map or a list with the values of the file, "
					"found 'parts/a.json'"},
		{"yaml: ", "expected a map or a list with the values of the file, found nothing"},
		{"json: 8", "expected a map or a list"},
		{"json: { a: [{ b: !replace [1] }] }", "a tag is not allowed within an item of a list"},
		{"json: { a: [!remove 1] }", "cannot remove '1', which does not exist"},
		{"json: { a: !remove }", "cannot remove it: it is not set"},
		{"json: { a: '${facts.x}' }", "the recipe has no 'facts'"},
		{"json: { a: '${vars.lst}' }", "did you mean ${vars.list}?"},
		{"json: { a: 'x${vars.list}' }", "a list cannot be put into a text"},
		{"json: { '${vars.k}': 1 }", "'${' is not allowed in a key"},
		{"json: { a: 1, a: 2 }", "'a' is defined twice"},
		{"json: {}, text: x", "'json' and 'text' cannot be used together"},
		{"json: {}, yaml: {}", "'yaml' and 'json' cannot be used together"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		recipes_refused(arena_printf(scratch_arena(), FROM "files: { /a: { %s } }\nvars: { list: [1] }\n",
					     cases[i].written),
				0, cases[i].words);
}
END_TEST

START_TEST(single_value_over_a_map_is_a_clash)
{
	recipes_write("p.recipe", FROM "files: { /j: { json: { a: { b: 1 } } } }\n");
	recipes_refused("from: p.recipe\nfiles: { /j: { json: { a: 1 } } }\n", 0, "write '!replace' before the value");
}
END_TEST

START_TEST(infinite_numbers_are_yaml)
{
	const struct recipe *recipe = recipes_load(FROM "files: { /y: { yaml: [.inf, -.Inf, .NaN, +.INF] } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/y"), "- .inf\n- -.inf\n- .nan\n- .inf\n");
}
END_TEST

SUITE(trees, other_readers_see_what_was_written, we_read_what_we_wrote, numbers_keep_their_digits_and_keys_their_order,
      trees_are_merged_to_any_depth, modules_that_disagree_about_a_type_are_told, what_cannot_be_written_is_refused,
      single_value_over_a_map_is_a_clash, infinite_numbers_are_yaml)
