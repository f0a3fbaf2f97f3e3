/* Files of SOPS: each vector gets its verdict and its values; values by their keys; the rules and numbers of Go. */
#include "suite.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "sealed/sops/details.h"
#include "sealed/sops/scalar.h"
#include "vectors.h"

/* The bytes of an expected value; of large ones there is only a digest, and the length has to do. */
static bool same_value(json_t *expected, const struct sops_leaf *leaf)
{
	json_t *text = json_object_get(expected, "text"), *hex = json_object_get(expected, "hex");
	json_t *length = json_object_get(expected, "length");

	if (text)
		return json_string_length(text) == leaf->value.size &&
		       memcmp(json_string_value(text), leaf->value.data, leaf->value.size) == 0;
	for (size_t i = 0; hex && i < leaf->value.size; i++) {
		char digits[3] = "";

		snprintf(digits, sizeof digits, "%02x", leaf->value.data[i]);
		if (strncmp(json_string_value(hex) + 2 * i, digits, 2) != 0)
			return false;
	}
	return !length || (size_t)json_integer_value(length) == leaf->value.size;
}

static bool same_path(json_t *expected, const struct sops_leaf *leaf)
{
	json_t *step;
	size_t i;

	if (json_array_size(expected) != leaf->n_path)
		return false;
	json_array_foreach(expected, i, step) {
		const struct sops_step *ours = &leaf->path[i];

		if (json_is_string(step) ? !ours->key || strcmp(json_string_value(step), ours->key) != 0 :
					   ours->key || (size_t)json_integer_value(step) != ours->index)
			return false;
	}
	return true;
}

static bool same_leaf(json_t *expected, const struct sops_leaf *leaf)
{
	const char *type = leaf->type == SOPS_BYTES ? "str" : sops_type_name(leaf->type); /* Go sees no difference */

	return same_path(json_object_get(expected, "path"), leaf) && same_value(expected, leaf) &&
	       strcmp(json_string_value(json_object_get(expected, "type")), type) == 0 &&
	       json_boolean_value(json_object_get(expected, "encrypted")) == leaf->encrypted;
}

static void check_leaves(const struct vector *vector, const struct sops_file *file)
{
	json_t *root = json_load_file(vector->expected, JSON_ALLOW_NUL, NULL), *document, *leaf;
	size_t d, i, n = 0;

	ck_assert_msg(root != NULL, "%s: no expected.json", vector->name);
	json_array_foreach(json_object_get(root, "documents"), d, document) {
		json_array_foreach(document, i, leaf) {
			ck_assert_msg(n < file->n_leaves && file->leaves[n].document == d && same_leaf(leaf, &file->leaves[n]),
				      "%s: value %zu is another", vector->name, n);
			n++;
		}
	}
	ck_assert_msg(n == file->n_leaves, "%s: %zu values, not %zu", vector->name, file->n_leaves, n);
	json_decref(root);
}

START_TEST(each_vector_gets_its_verdict_and_its_values)
{
	_cleanup_pool_ struct pool *all = pool_new();
	size_t n;
	struct vector *vectors = vectors_load(all, &n);

	for (size_t i = 0; i < n; i++) {
		const struct vector *vector = &vectors[i];
		_cleanup_pool_ struct pool *pool = pool_new();
		struct sops_file *file = NULL;
		struct fault fault;
		int r = vectors_open(pool, vector, vector->text, &file, &fault);

		ck_assert_msg(r == 0 || r == -EBADMSG, "%s: %d", vector->name, r);
		ck_assert_msg((r == 0) == (fault.kind == FAULT_NONE), "%s: a result and a fault disagree", vector->name);
		if (strcmp(vector->want, "either") != 0)
			ck_assert_msg((r == 0) == (strcmp(vector->want, "valid") == 0), "%s: %s", vector->name, fault.text);
		if (r < 0)
			ck_assert_msg(!*vector->class || strcmp(vector->class, fault_kind_name(fault.kind)) == 0, "%s: %s: %s",
				      vector->name, fault_kind_name(fault.kind), fault.text);
		else
			check_leaves(vector, file);
		if (r < 0 && file)
			ck_assert_msg(!file->opened, "%s: is opened with a fault", vector->name);
	}
}
END_TEST

START_TEST(a_file_that_fails_its_mac_hands_out_no_value)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct vector vector = vectors_named(pool, "bad-list-reordered");
	struct sops_file *file;
	struct fault fault;

	ck_assert_int_eq(vectors_open(pool, &vector, vector.text, &file, &fault), -EBADMSG);
	ck_assert_int_eq(fault.kind, FAULT_MAC);
	for (size_t i = 0; i < file->n_leaves; i++)
		ck_assert(!file->leaves[i].encrypted || file->leaves[i].value.size == 0);
}
END_TEST

/* A vector, keys with blanks between them, and the value that is found, or (after a "!") what the fault says. */
static const struct find_row {
	const char *vector, *keys, *found;
} find_rows[] = {
	{"ok-base", "db user", "alice"},
	{"ok-base", "tokens 1", "two"},
	{"ok-base", "tokens 3", "!no '3' in 'tokens', but: 0, 1, 2"},
	{"ok-base", "tokens -1", "!no '-1'"},
	{"ok-base", "tokens 01", "two"},
	{"ok-base", "db", "!'db' is no value, but has others in it: user, password"},
	{"ok-base", "db usr", "!no 'usr' in 'db', but: user, password"},
	{"ok-base", "db user more", "!no 'more' in 'db/user', which is a value"},
	{"ok-base", "nothing", "!no 'nothing' in it, but: db, tokens"},
	{"ok-base", "", "!others in it: db"},
	{"ok-list-comment", "items 0", "real@example.com"},
	{"ok-list-comment", "items 1", "!no '1'"},
	{"ok-types", "nothing", "!'nothing' is null"},
	{"ok-types", "empty", ""},
	{"ok-merge-key", "c_unencrypted k", "!no 'k'"},
	{"ok-merge-key", "c_unencrypted << k", "v"},
	{"limit-colon-in-key", "db user", "!no '"},
	{"limit-wrapped-in-list", "db user", "!is no value"},
	{"ok-ini", "server password", "p"},
	{"ok-env", "USER", "alice"},
	{"ok-multidoc", "b", "!no 'b'"},
};

START_TEST(values_are_found_by_their_keys_step_by_step)
{
	const struct find_row *row = &find_rows[_i];
	_cleanup_pool_ struct pool *pool = pool_new();
	struct vector vector = vectors_named(pool, row->vector);
	char *text = pool_text(pool, row->keys), *key;
	const char *keys[8];
	size_t n = 0;
	struct sops_file *file;
	const struct sops_leaf *leaf = NULL;
	struct fault fault;

	while ((key = strsep(&text, " ")) && *key)
		keys[n++] = key;
	ck_assert_int_eq(vectors_open(pool, &vector, vector.text, &file, &fault), 0);
	if (*row->found != '!') {
		ck_assert_msg(sops_find(file, keys, n, &leaf, &fault) == 0, "%s %s: %s", row->vector, row->keys, fault.text);
		ck_assert_str_eq((const char *)leaf->value.data, row->found);
		return;
	}
	ck_assert_int_eq(sops_find(file, keys, n, &leaf, &fault), -EBADMSG);
	ck_assert_int_eq(fault.kind, FAULT_MISSING);
	ck_assert_msg(strstr(fault.text, row->found + 1) != NULL, "%s %s: %s", row->vector, row->keys, fault.text);
}
END_TEST

/* What neither AAD nor MAC sees must not choose a value. */
START_TEST(a_place_in_a_list_is_no_other_by_what_is_empty)
{
	static const char list[] = "tokens:\n    - ";
	static const char *const before[] = {"\"\"\n    - ", "null\n    - ", "- ", "x: \"\"\n    - "};
	static const char *const places[] = {"1", "2"};
	_cleanup_pool_ struct pool *pool = pool_new();
	struct vector vector = vectors_named(pool, "ok-base");
	const char *text = (const char *)vector.text.data, *at = strstr(text, list);

	ck_assert_ptr_nonnull(at);
	at += strlen(list);
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		char *changed = pool_printf(pool, "%.*s%s%s", (int)(at - text), text, before[i], at);
		struct bytes bytes = {(const uint8_t *)changed, strlen(changed)};
		struct sops_file *file;
		struct fault fault = {0};

		ck_assert_msg(vectors_open(pool, &vector, bytes, &file, &fault) == 0, "row %zu: %s", i, fault.text);
		for (size_t p = 0; p < 2; p++) {
			const char *const keys[] = {"tokens", places[p]};
			const struct sops_leaf *leaf;

			fault = (struct fault){0};
			ck_assert_int_eq(sops_find(file, keys, 2, &leaf, &fault), -EBADMSG);
			ck_assert_msg(strstr(fault.text, "not sure which value") != NULL, "row %zu: %s", i, fault.text);
		}
	}
}
END_TEST

START_TEST(who_can_open_a_file_is_told_by_its_recipients)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct vector vector = vectors_named(pool, "key-ssh-native-comment");
	struct sops_file *file;
	struct fault fault = {0};
	char bare[200];

	ck_assert_int_eq(sops_read(pool, vector.format, vector.text, &file, &fault), 0);
	ck_assert_uint_eq(file->n_keys, 1);
	ck_assert(sops_is_for(file, file->keys[0].recipient));
	snprintf(bare, sizeof bare, "%s", file->keys[0].recipient);
	strchr(strchr(bare, ' ') + 1, ' ')[0] = '\0';
	ck_assert(sops_is_for(file, bare));
	ck_assert(!sops_is_for(file, "age1hj6tkg5zx4h8mmkur66mvgv30ne8nw35msus9kfcekchwgspkqws2973tx"));
	ck_assert(!sops_is_for(file, "nonsense"));
}
END_TEST

/* An expression as Go has it, a key, and whether it matches; "!": it is refused. */
static const struct rule_row {
	const char *regex, *key;
	char matches;
} rule_rows[] = {
	{"^(data|stringData)$", "data", 'y'}, {"^(data|stringData)$", "metadata", 'n'},
	{"password", "my_passwords", 'y'}, {"(?i)^Pass", "PASSWORD", 'y'}, {"(?i)^[a-c]$", "B", 'y'},
	{"^key\\d+$", "key12", 'y'}, {"^key\\d+$", "keyd", 'n'}, {"^\\w\\s\\w$", "a b", 'y'}, {"^\\D$", "7", 'n'},
	{"^\\W$", "-", 'y'}, {"^(?:a|b){2}$", "ab", 'y'}, {"^(?:a|b){2}$", "a", 'n'}, {"a.c", "a\nc", 'n'},
	{"(?s)a.c", "a\nc", 'y'}, {"^a+?$", "aa", 'y'}, {"^[\\w.-]+$", "a-b.c", 'y'}, {"^[]a]$", "]", 'y'},
	{"^[^]a]$", "]", 'n'}, {"^[\\]\\-\\\\]$", "\\", 'y'}, {"^[\\]\\-]$", "-", 'y'}, {"^[a-z\\d]+$", "a1", 'y'},
	{"^[[:upper:]]$", "A", 'y'}, {"^[\\^]$", "^", 'y'}, {"^[-^]$", "^", 'y'}, {"^[-^]$", "a", 'n'},
	{"^\\.env$", "xenv", 'n'}, {"\\Aa\\z", "a", 'y'}, {"\\Aa\\z", "ba", 'n'}, {"^a{,2}$", "a{,2}", 'y'},
	{"^a{$", "a{", 'y'}, {"^a{2,}$", "aaa", 'y'}, {"\\/etc", "/etc", 'y'}, {"^größe$", "größe", 'y'},
	{"a|", "b", 'y'}, {"\\t", "\t", 'y'}, {"^[^\\d]$", "1", 'n'}, {"*a", "", '!'}, {"a**", "", '!'},
	{"(a", "", '!'}, {"a)", "", '!'}, {"[a", "", '!'}, {"\\b", "", '!'}, {"\\1", "", '!'}, {"(?=a)", "", '!'},
	{"(?P<n>a)", "", '!'}, {"\\pL", "", '!'}, {"a{2000}", "", '!'}, {"((a{100}){100}){100}", "", '!'},
	{"[[.a.]]", "", '!'}, {"[z-a]", "", '!'}, {"\\", "", '!'}, {"ö+", "", '!'}, {"[ö]", "", '!'}, {"^*", "", '!'},
	{"(?m)^a", "", '!'},
};

START_TEST(regular_expressions_match_as_those_of_go_or_are_refused)
{
	const struct rule_row *row = &rule_rows[_i];
	_cleanup_pool_ struct pool *pool = pool_new();
	struct sops_rule rule = {.regex = row->regex};
	struct fault fault = {0};
	int r = sops_rule_compile(pool, &rule, &fault);

	ck_assert_msg((r < 0) == (row->matches == '!'), "%s: %s", row->regex, fault.text);
	if (r == 0)
		ck_assert_msg(sops_rule_matches(&rule, row->key) == (row->matches == 'y'), "%s on %s", row->regex, row->key);
	else
		ck_assert_int_eq(fault.kind, FAULT_UNSUPPORTED);
	sops_rule_free(&rule);
}
END_TEST

/* A scalar of YAML (a tag before it, or quotes around it), its type, and what the MAC takes. */
static const struct scalar_row {
	const char *text;
	char type;                   /* of sops_type_name(); '!': it is refused */
	const char *value;
} scalar_rows[] = {
	{"0", 'i', "0"}, {"-0", 'i', "0"}, {"+12", 'i', "12"}, {"0x1F", 'i', "31"}, {"-0x1f", 'i', "-31"},
	{"0X1f", 'i', "31"}, {"010", 'i', "8"}, {"0o17", 'i', "15"}, {"-0o17", 'i', "-15"}, {"0b101", 'i', "5"},
	{"0b", 's', "0b"}, {"0b-101", 'i', "-5"}, {"1_000", 'i', "1000"}, {"1__0", 'i', "10"}, {"09", 'f', "9"},
	{"0_9", 'f', "9"}, {"9223372036854775807", 'i', "9223372036854775807"},
	{"-9223372036854775808", 'i', "-9223372036854775808"}, {"-9223372036854775809", 'f', "-9223372036854776000"},
	{"9223372036854775808", '!', ""}, {"18446744073709551615", '!', ""},
	{"18446744073709551616", 'f', "18446744073709552000"}, {"0xffffffffffffffff", '!', ""},
	{"0x1ffffffffffffffff", 's', "0x1ffffffffffffffff"}, {"+9223372036854775808", 'f', "9223372036854776000"},
	{"1.0", 'f', "1"}, {"1.", 'f', "1"}, {".5", 'f', "0.5"}, {"-.5", 'f', "-0.5"}, {"+.5", 'f', "0.5"},
	{".", 's', "."}, {"..", 's', ".."}, {"1e3", 'f', "1000"}, {"1E-3", 'f', "0.001"}, {"1e400", 's', "1e400"},
	{"1e-400", 'f', "0"}, {"-0.0", 'f', "-0"}, {"0.1", 'f', "0.1"}, {"1e21", 'f', "1000000000000000000000"},
	{"5e-324", 'f', NULL}, {"1e", 's', "1e"}, {"1.2.3", 's', "1.2.3"}, {"1_0.5", 'f', "10.5"},
	{"9007199254740993.0", 'f', "9007199254740992"}, {"123456.789e-3", 'f', "123.456789"}, {"0x1p4", 's', "0x1p4"},
	{".5_0", 'f', "0.5"}, {".inf", 'f', "+Inf"}, {"-.INF", 'f', "-Inf"}, {"+.Inf", 'f', "+Inf"},
	{".NaN", 'f', "NaN"}, {"inf", 's', "inf"}, {"nan", 's', "nan"}, {"true", 'b', "True"}, {"FALSE", 'b', "False"},
	{"tRUE", 's', "tRUE"}, {"yes", 's', "yes"}, {"on", 's', "on"}, {"y", 's', "y"}, {"~", 'n', ""},
	{"null", 'n', ""}, {"NULL", 'n', ""}, {"nULL", 's', "nULL"}, {"", 'n', ""}, {"-", 's', "-"}, {"+", 's', "+"},
	{"12:30:45", 's', "12:30:45"}, {"12:30", 's', "12:30"}, {"1 2", 's', "1 2"}, {"1a", 's', "1a"},
	{"2026-08-26", 't', "2026-08-26T00:00:00Z"}, {"2026-8-6", 't', "2026-08-06T00:00:00Z"},
	{"2026-13-01", 's', "2026-13-01"}, {"2026-02-29", 's', "2026-02-29"},
	{"2024-02-29", 't', "2024-02-29T00:00:00Z"}, {"1900-02-29", 's', "1900-02-29"},
	{"2026-08-26T10:11:12Z", 't', "2026-08-26T10:11:12Z"}, {"2026-08-26t1:2:3.500Z", 't', "2026-08-26T01:02:03.5Z"},
	{"2026-08-26T10:11:12+00:00", 't', "2026-08-26T10:11:12Z"},
	{"2026-08-26T10:11:12.50+02:00", 't', "2026-08-26T10:11:12.5+02:00"},
	{"2026-08-26T10:11:12-03:30", 't', "2026-08-26T10:11:12-03:30"},
	{"2026-08-26  10:11:12.000", 't', "2026-08-26T10:11:12Z"},
	{"2026-08-26 10:11:12.1234567891", 't', "2026-08-26T10:11:12.123456789Z"},
	{"2026-08-26 10:11:12Z", 's', "2026-08-26 10:11:12Z"}, {"2026-08-26T10:11:12", 's', "2026-08-26T10:11:12"},
	{"2026-08-26T24:00:00Z", 's', "2026-08-26T24:00:00Z"}, {"26-08-26", 's', "26-08-26"}, {"'12'", 's', "12"},
	{"''", 's', ""}, {"'~'", 's', "~"}, {"!!str 12", 's', "12"}, {"!!str ~", 's', "~"}, {"!!int '12'", 'i', "12"},
	{"!!int x", '!', ""}, {"!!float 3", 'f', "3"}, {"!!float 9007199254740993", 'f', "9007199254740992"},
	{"!!bool yes", '!', ""}, {"!!bool true", 'b', "True"}, {"!!null ''", 'n', ""}, {"!!null x", '!', ""},
	{"!!binary aGVsbG8=", 's', "hello"}, {"!!binary 'aGVs bG8='", '!', ""},
	{"!!timestamp 2026-01-01", 't', "2026-01-01T00:00:00Z"}, {"!!timestamp 'x'", '!', ""},
	{"!!int 2026-01-01", '!', ""}, {"!own 12", 's', "12"}, {"!!seq 12", 's', "12"},
};

START_TEST(scalars_of_yaml_are_what_go_makes_of_them)
{
	static const char types[] = "sif?btnc";
	const struct scalar_row *row = &scalar_rows[_i];
	_cleanup_pool_ struct pool *pool = pool_new();
	const char *tag = NULL, *text = row->text, *problem;
	bool quoted;
	enum sops_type type;
	struct bytes value;

	if (*text == '!') {
		tag = memcpy(pool_alloc(pool, strcspn(text, " ")), text, strcspn(text, " "));
		text += strcspn(text, " ") + 1;
	}
	quoted = *text == '\'';
	text = quoted ? memcpy(pool_alloc(pool, strlen(text) - 2), text + 1, strlen(text) - 2) : text;
	value = (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
	problem = sops_scalar_yaml(pool, tag, quoted, value, &type, &value);
	ck_assert_msg((problem != NULL) == (row->type == '!'), "%s: %s", row->text, problem ? problem : "is taken");
	if (problem)
		return;
	ck_assert_msg(types[type] == row->type, "%s: is of type %s", row->text, sops_type_name(type));
	if (row->value)
		ck_assert_str_eq((const char *)value.data, row->value);
}
END_TEST

/* Numbers where the nearest of so many digits is not the shortest that reads as the same, and others at the edge. */
START_TEST(numbers_are_written_with_the_fewest_digits)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{0.1 + 0.2, "0.30000000000000004"}, {1e23, "100000000000000000000000"}, {0x1p-44,
		"0.00000000000005684341886080802"}, {0x1p89, "618970019642690200000000000"}, {123456789,
		"123456789"}, {1.5, "1.5"}, {100, "100"}, {0.000001, "0.000001"}, {-2.5e-7, "-0.00000025"},
		{99999999999999990., "99999999999999980"}, {0x1p63, "9223372036854776000"}, {1 / 3.,
		"0.3333333333333333"}, {2 / 3., "0.6666666666666666"}, {9007199254740993., "9007199254740992"},
		{9.5367431640625e-07, "0.00000095367431640625"}, {0x1p-24, "0.00000005960464477539063"}, {0x1p100,
		"1267650600228229400000000000000"}, {4.35, "4.35"}, {8.41e21, "8410000000000000000000"},
		{2.0919495182368195e19, "20919495182368195000"},
	};
	_cleanup_pool_ struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *text = sops_float_text(pool, rows[i].number);
		double again;

		ck_assert(sops_float_read(text, &again) && again == rows[i].number);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

SUITE(sops, each_vector_gets_its_verdict_and_its_values, a_file_that_fails_its_mac_hands_out_no_value,
      a_place_in_a_list_is_no_other_by_what_is_empty, who_can_open_a_file_is_told_by_its_recipients,
      numbers_are_written_with_the_fewest_digits)
LOOP_SUITE(sops_find, values_are_found_by_their_keys_step_by_step, sizeof find_rows / sizeof *find_rows)
LOOP_SUITE(sops_rules, regular_expressions_match_as_those_of_go_or_are_refused, sizeof rule_rows / sizeof *rule_rows)
LOOP_SUITE(sops_scalars, scalars_of_yaml_are_what_go_makes_of_them, sizeof scalar_rows / sizeof *scalar_rows)
